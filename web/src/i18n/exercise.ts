import { both } from '../lib/words'

export const words = both({
  zh: {
    title: '演习真值', secret: '仅限导调：以下内容演习人员不可见', none: '当前记录不属于任何演习。', working: '正在由封存的真值与在案命令计算；当日结果会保留，首次使用需编译模型，约需一分钟。', played: '已进行', of: '/', daysWord: '天', began: '起点', ago: '天前', cases: '例', r: '无措施再生数',
    infections: '实际感染者', found: '已发现', unseen: '尚未发现', flight: '传播中（未发现、未隔离）', onRecord: '记录中的病例', chains: '传播链', goingOn: '仍在传播', unknownChains: '条从未有人被发现',
    share: '已在记录', zones: '生效风险区', rounds: '筛查轮次', proposals: '待决建议', sees: '演习人员所见',
    map: '真值与所知', mapTruth: '真值：累计感染者', mapKnown: '所知：记录中的累计病例', upTo: '截至', curve: '逐日', newDaily: '新增感染', foundDaily: '当日发现', reportedDaily: '记录中的报告', counties: '各县区', county: '县区', streets: '各街镇', street: '街镇', gap: '记录占真值',
    chain: '起于', started: '始于', newest: '最近一例', generations: '代数', reach: '波及县区', seen: '已见', yes: '是', no: '否', score: '至今得分', report: '演习报告', asPage: '网页', asText: '文本',
    flightNote: '感染后{n}天内、未被发现且未被隔离者计为传播中', unplayed: '演习尚未开始', none_: '尚未',
    auto: '按系统建议', 'auto-smaller': '按系统建议的较小方案', 'by-hand': '按纸面方案', nobody: '无人处置', mode: '方式', days_to_detection: '发现所用天数', found_before_spread: '传播前发现的比例', peak_daily: '单日感染峰值', spilled_cities: '外溢地市数', days_to_zero: '清零所需天数', averted: '较无人处置减少的感染者',
    restricted_days: '管控人日', restricted_per_averted: '每减少一例感染的管控人日', excess_days: '一周内无感染者的小区的管控人日', quarantine_days: '隔离人日', people_sampled: '核酸采样人次', feeds_written: '报送文件数',
  },
  en: {
    title: 'Truth of the exercise', secret: 'For the trainer only: players see none of this', none: 'This record belongs to no exercise.', working: 'Being worked out from the sealed truth and the orders on record, once for a day played; the model is compiled on its first use, about a minute.', played: 'Played', of: 'of', daysWord: 'days', began: 'Began', ago: 'days before', cases: 'infections', r: 'R without measures',
    infections: 'Infections', found: 'found', unseen: 'not yet found', flight: 'In flight (unseen, not kept apart)', onRecord: 'Cases on record', chains: 'Chains', goingOn: 'still spreading', unknownChains: 'of them wholly unseen',
    share: 'on record', zones: 'Zones in force', rounds: 'Screening rounds', proposals: 'Open proposals', sees: 'What the player sees',
    map: 'Truth and what is known', mapTruth: 'Truth: infections so far', mapKnown: 'Known: cases on record so far', upTo: 'up to', curve: 'Day by day', newDaily: 'new infections', foundDaily: 'found that day', reportedDaily: 'reported on record', counties: 'Counties', county: 'County', streets: 'Streets', street: 'Street', gap: 'on record, of truth',
    chain: 'From', started: 'Began', newest: 'Newest', generations: 'Generations', reach: 'Counties', seen: 'Seen', yes: 'yes', no: 'no', score: 'Score so far', report: 'After-action report', asPage: 'page', asText: 'text',
    flightNote: 'In flight: infected within {n} days, not found and not kept apart', unplayed: 'The exercise has not begun', none_: 'not yet',
    auto: 'by the board’s proposals', 'auto-smaller': 'by the board’s smaller proposals', 'by-hand': 'by hand', nobody: 'nobody', mode: 'Played', days_to_detection: 'Days to detection', found_before_spread: 'Share found before infecting anybody', peak_daily: 'Most infections in a day', spilled_cities: 'Other cities reached', days_to_zero: 'Days until community zero', averted: 'Infections averted against nobody playing',
    restricted_days: 'Person-days in ordered zones', restricted_per_averted: 'Person-days restricted per infection averted', excess_days: 'Of them in compounds without an infection within a week', quarantine_days: 'Person-days in quarantine', people_sampled: 'People sampled, each round counted', feeds_written: 'Files sent',
  },
})
