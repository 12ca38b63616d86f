/** The words of the screening page. */
import { both } from '../lib/words'

export const words = both({
  zh: {
    round: '轮次', noRounds: '尚无筛查轮次。', howTo: '用 yipan screening round 开一轮，用 yipan screening ingest 读入名册、样本和结果。',
    due: '应检', sampled: '已采样', withResult: '已出结果', pending: '待出结果', held: '混管阳性待复采', again: '须重采', notSeen: '未到', covered: '覆盖率',
    visitors: '名册外', exempt: '豁免', street: '街道', streets: '各街道', gapList: '未覆盖名单', person: '人员编号', why: '原因', swabbed: '采样时间',
    not_seen: '未到', invalid: '无效', cancelled: '作废', positives: '阳性与弱阳性管', tube: '试管', laboratory: '实验室', result: '结果', people: '人数', known: '得知时间',
    positive: '阳性', weak: '弱阳性', negative: '阴性', noPositives: '没有阳性或弱阳性管。', laboratories: '实验室', tubes: '管数', positiveTubes: '阳性管',
    withoutPlate: '无板号', p50: '中位时长(时)', p90: 'P90(时)', p99: 'P99(时)', late: '超24小时', findings: '质量问题', noFindings: '未见异常。',
    pools: '混采计算', prevalence: '感染率', sensitivity: '灵敏度', specificity: '特异度', design: '方案', sizes: '每管人数', perPerson: '每人检测数',
    ppv: '阳性预测值', npv: '阴性预测值', single: '单采', 'two stages': '两阶段', 'three stages': '三阶段', 'square array': '方阵', ended: '已结束', running: '进行中',
    share: '占应检', hours: '小时', holds: '已管控的混管', toReach: '待联系', toSwab: '待单采', toRelease: '待解除', reachBy: '联系时限', lateHours: '超时(时)', reachedAll: '登记已联系', risk: '风险',
    state: '状态', single_negative: '单采阴性', single_positive: '单采阳性', confirmed: '已确诊', noHolds: '没有管控中的混管。', care: '等待就医而无结果的人', noCare: '没有登记就医而无结果的人。', careFirst: '缺结果不得延误就医。',
    need: '需求', dialysis: '透析', chemotherapy: '化疗', pregnant: '孕产妇', bedridden: '失能卧床', chronic: '慢性病', appointment: '预约就诊', key: '重点人员', done: '已检', dueToday: '今日应检', missed: '漏检', notAsked: '未规定', noKey: '尚未登记重点人员。',
    dutyHolder: '责任单位', site: '单位', last: '上次', next: '下次', daysLate: '超期(天)', plan: '一轮所需', sites: '采样点', samplers: '采样人员', haveSamplers: '现有采样人员', lacking: '缺', tubeSize: '每管人数', advice: '混采方式与间隔', mode: '方式', misses: '漏检感染者', cost: '代价', every: '每', days: '天', results: '结果', escape: '隔离前已发生的传播份额', estimate: '估计，不是规定。',
    openRound: '开启轮次', open: '开启', id: '编号', area: '地区', opens: '开始', closes: '结束', because: '理由', sendFile: '读入文件', send: '读入', kind: '类别', roster: '应检名单', samples: '样本', reswabs: '复采样本', needs: '就医需求', rowsRead: '行', accepted: '接受', aside: '退回', all: '合计',
    high_risk_post: '高风险岗位', key_venue: '重点场所', crowded_institution: '人员密集单位',
  },
  en: {
    round: 'Round', noRounds: 'There is no round of screening yet.', howTo: 'Open one with yipan screening round; read roster, samples and results with yipan screening ingest.',
    due: 'Due', sampled: 'Sampled', withResult: 'With a result', pending: 'Pending', held: 'Held: tube positive', again: 'To swab again', notSeen: 'Not seen', covered: 'Covered',
    visitors: 'Not on the roster', exempt: 'Exempt', street: 'Street', streets: 'By street', gapList: 'Who is missing', person: 'Person number', why: 'Why', swabbed: 'Swabbed',
    not_seen: 'not seen', invalid: 'invalid', cancelled: 'cancelled', positives: 'Positive and weak tubes', tube: 'Tube', laboratory: 'Laboratory', result: 'Result', people: 'People', known: 'Known',
    positive: 'positive', weak: 'weak', negative: 'negative', noPositives: 'No tube is positive or weak.', laboratories: 'Laboratories', tubes: 'Tubes', positiveTubes: 'Positive',
    withoutPlate: 'No plate named', p50: 'Median h', p90: 'P90 h', p99: 'P99 h', late: 'Over 24 h', findings: 'What does not look right', noFindings: 'Nothing stands out.',
    pools: 'Pool calculator', prevalence: 'Prevalence', sensitivity: 'Sensitivity', specificity: 'Specificity', design: 'Design', sizes: 'People a pool', perPerson: 'Tests per person',
    ppv: 'PPV', npv: 'NPV', single: 'single', 'two stages': 'two stages', 'three stages': 'three stages', 'square array': 'square array', ended: 'ended', running: 'running',
    share: 'of those due', hours: 'hours', holds: 'Tubes held', toReach: 'To reach', toSwab: 'To swab', toRelease: 'To release', reachBy: 'Reach by', lateHours: 'Hours late', reachedAll: 'Reached', risk: 'Risk',
    state: 'State', single_negative: 'single negative', single_positive: 'single positive', confirmed: 'confirmed', noHolds: 'No tube is held.', care: 'Waiting for care without a result', noCare: 'Nobody registered for care lacks a result.', careFirst: 'A missing result never blocks care.',
    need: 'Need', dialysis: 'dialysis', chemotherapy: 'chemotherapy', pregnant: 'pregnant', bedridden: 'bedridden', chronic: 'chronic illness', appointment: 'appointment', key: 'Key people', done: 'Done', dueToday: 'Due today', missed: 'Missed', notAsked: 'Not asked', noKey: 'No key people are on the register yet.',
    dutyHolder: 'Duty-holder', site: 'Site', last: 'Last', next: 'Next', daysLate: 'Days late', plan: 'What the round needs', sites: 'Sites', samplers: 'Samplers', haveSamplers: 'Samplers there are', lacking: 'Lacking', tubeSize: 'People in a tube', advice: 'Tubes and intervals', mode: 'Way', misses: 'Infections missed', cost: 'Cost', every: 'every', days: 'days', results: 'Results', escape: 'Share of transmission before isolation', estimate: 'An estimate, never a rule.',
    openRound: 'Open a round', open: 'Open', id: 'Id', area: 'Area', opens: 'Opens', closes: 'Closes', because: 'Why', sendFile: 'Read in a file', send: 'Read in', kind: 'Kind', roster: 'Roster', samples: 'Swabs', reswabs: 'Single swabs', needs: 'Needs of care', rowsRead: 'rows', accepted: 'accepted', aside: 'put aside', all: 'All',
    high_risk_post: 'Posts at risk', key_venue: 'Key venues', crowded_institution: 'Crowded institutions',
  },
})
