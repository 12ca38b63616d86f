import { both } from '../lib/words'

export const words = both({
  zh: {
    title: '方案文本', inForce: '此地现行文本', none: '上级与本级指挥部都未采用任何文本；没有现行文本，就没有应做之事，也没有到期。', noneHow: '由有权者采用：yipan zones adopt cn-covid-20m --area …', adopted: '何时由谁采用', command: '指挥部', since: '自', until: '至', policy: '运行中的计时', only_shorter: '只可缩短', as_started: '按原文本', act: '动作', by: '采用人', holds: '现行',
    byDate: '按文本自身日期生效的是', sameByDate: '与按日期生效的文本一致。', notAdopted: '按日期已有更新的文本生效，此地尚未采用。', moment: '看另一时刻', asNow: '回到此刻', disease: '疾病',
    numbers: '现行数字', topic: '主题', says: '规定', source: '来源', confidence: '把握', differ: '下级可否不同', version: '出自', key: '参数', effective: '生效', find: '查找', count: '条',
    never: '不可', stricter: '只可更严', looser: '只可更宽', both: '可', high: '高', medium: '中', low: '低', memory: '凭记忆', conflict: '来源冲突',
    zone: '风险区', person: '人员', window: '追溯', case: '病例', screening: '筛查', limit: '时限', authority: '由谁决定', movement: '流动', travel: '旅行', check: '查验', capacity: '能力', outbreak: '疫情结束', trigger: '启动条件', care: '就医', other: '其他', follow_up: '随访', infectious: '传染期', exposure: '暴露', exclusion: '排除', core: '核心', search: '搜索', survey: '调查', index: '指数',
    layers: '层级', nation: '国家', province: '省', city: '市', county: '县', layersHelp: '国家定上下限；下级只在国家允许处不同。没有写明的，一律不可不同。', mayDiffer: '可不同的参数', noDiffer: '现行文本没有允许下级不同的参数。', ownTexts: '此地自己的文本', noOwn: '没有省、市、县自己的文本；现行的就是国家文本。',
    compare: '两个文本的差别', from: '由', to: '改为', noChange: '两个文本没有差别。', changes: '处变化', choices: '文本未写明、由本地约定的', choice: '问题', value: '约定', because: '理由', profile: '约定编号',
    timeline: '公布、生效与采用', published: '公布', effect: '生效', adoption: '此地采用', text: '文本', notYet: '未采用', unknown: '未知', manual: '规则判例见手册 docs/reference/rule-cases.md，每例随测试核对。', foreign: '只列本地区。', sources: '来源全文', all: '全部', nothing: '没有符合的条目。', shown: '此刻', legend: '图例',
  },
  en: {
    title: 'Protocol', inForce: 'The text in force here', none: 'Neither this command nor one above it has adopted a text: nothing is asked and nothing falls due.', noneHow: 'Whoever decides adopts one: yipan zones adopt cn-covid-20m --area …', adopted: 'Adopted by whom and when', command: 'Command', since: 'From', until: 'Until', policy: 'Running clocks', only_shorter: 'may only get shorter', as_started: 'as they started', act: 'Act', by: 'By', holds: 'in force',
    byDate: 'In effect by its own date:', sameByDate: 'It is the one in effect by its own date, too.', notAdopted: 'By its date a newer text is in effect; it has not been adopted here.', moment: 'Look at another moment', asNow: 'Back to the moment shown', disease: 'Disease',
    numbers: 'Its numbers', topic: 'Topic', says: 'What it asks', source: 'Source', confidence: 'Confidence', differ: 'Lower layers', version: 'Set by', key: 'Parameter', effective: 'Effective', find: 'Find', count: 'entries',
    never: 'may not differ', stricter: 'may be stricter', looser: 'may be looser', both: 'may differ', high: 'high', medium: 'medium', low: 'low', memory: 'from memory', conflict: 'sources conflict',
    zone: 'Zones', person: 'People', window: 'Windows', case: 'Cases', screening: 'Screening', limit: 'Time limits', authority: 'Who decides', movement: 'Movement', travel: 'Travel', check: 'Checks', capacity: 'Capacity', outbreak: 'End of outbreak', trigger: 'Triggers', care: 'Care', other: 'Other', follow_up: 'Follow-up', infectious: 'Infectious period', exposure: 'Exposure', exclusion: 'Exclusion', core: 'Core', search: 'Search', survey: 'Survey', index: 'Index',
    layers: 'Layers', nation: 'Nation', province: 'Province', city: 'City', county: 'County', layersHelp: 'The nation sets floors and ceilings; a lower layer differs only where the nation says so. What says nothing may not differ.', mayDiffer: 'Parameters that may differ', noDiffer: 'The text in force lets no lower layer differ.', ownTexts: 'Texts of this place', noOwn: 'No province, city or county has a text of its own here; the national one holds as it stands.',
    compare: 'What two texts change', from: 'From', to: 'To', noChange: 'The two texts ask the same.', changes: 'changes', choices: 'Left open by the text, settled here', choice: 'Question', value: 'Settled as', because: 'Because', profile: 'Profile',
    timeline: 'Publication, effect, adoption', published: 'Published', effect: 'In effect', adoption: 'Adopted here', text: 'Text', notYet: 'not adopted', unknown: 'not known', manual: 'Worked rule cases are pages of the manual, docs/reference/rule-cases.md; every one is checked by the tests.', foreign: 'Only for areas one commands.', sources: 'Sources in full', all: 'All', nothing: 'No entry fits.', shown: 'the moment shown', legend: 'Legend',
  },
})
