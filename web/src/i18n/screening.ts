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
    share: '占应检', hours: '小时',
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
    share: 'of those due', hours: 'hours',
  },
})
