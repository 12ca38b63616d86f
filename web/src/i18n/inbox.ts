import { both } from '../lib/words'

export const words = both({
  zh: {
    title: '待办', proposals: '待决定的建议', tasks: '进行中的任务', orders: '命令', noProposals: '没有待决定的建议。', noTasks: '没有进行中的任务。', noOrders: '没有命令。',
    what: '内容', area: '地区', due: '期限', state: '状态', duty: '岗位', desk: '来自', late: '逾期', mine: '仅我的岗位', all: '全部', who: '谁', reasons: '理由', source: '依据', cost: '对群众的影响',
    residents: '涉及居民', personDays: '人日', alternatives: '其他做法', riskOutside: '区外剩余风险', accept: '采纳', refuse: '不采纳', takeAlternative: '改用此做法', rule: '规则', proposedBy: '提出', system: '系统',
    mayNot: '此项由另一级指挥部决定。', pastNote: '正在查看历史时刻；回到现在才能办理。', acknowledge: '签收', done: '已办', verify: '核验', cancel: '取消', sendBack: '退回', note: '说明', measured: '以此时刻为准',
    open: '待办', acknowledged: '已签收', verified: '已核验', cancelled: '已取消', accepted: '已采纳', changed: '已调整', refused: '不采纳', lapsed: '已失效',
    effective: '生效', decided: '决定', decider: '决定人', number: '文号', published: '公布', notPublished: '未公布', publish: '公布', publishHelp: '记录已向社会公布；文号可留空。', unlimited: '无期限', unknown: '未知', none: '无',
    'outlook.tighten': '收紧控制', 'zone.set': '划定风险区', 'zone.hold_back': '暂缓部分', 'zone.merge': '合并', 'zone.reset': '重新计时', 'zone.raise': '升级', 'zone.end': '解除风险区', 'plan.set': '个人方案', 'plan.revise': '修订个人方案', notPublic: '涉个人，不公布', forWhom: '涉及人员（化名）', byKey: '选中后按 a 采纳，r 不采纳，c 采用备选', 'zone.lower': '降低等级', 'zone.lift': '解除', 'zone.split': '拆分', 'zone.extend': '扩大', 'hold.set': '管控混管人员', 'hold.release': '解除管控', 'screening.open_round': '开展区域核酸筛查', orderLines: '命令内容', count: '件', noEffect: '此建议不下达命令，只请判断。', signer: '签发',
  },
  en: {
    title: 'Inbox', proposals: 'Proposals to decide', tasks: 'Running tasks', orders: 'Orders', noProposals: 'Nothing waits to be decided.', noTasks: 'No task is running.', noOrders: 'No orders.',
    what: 'What', area: 'Area', due: 'Due', state: 'State', duty: 'Duty', desk: 'From', late: 'Late', mine: 'My duty only', all: 'All', who: 'Who', reasons: 'Reasons', source: 'Source', cost: 'What it asks of people',
    residents: 'residents', personDays: 'person-days', alternatives: 'Other ways', riskOutside: 'risk left outside', accept: 'Accept', refuse: 'Refuse', takeAlternative: 'Do this instead', rule: 'Rule', proposedBy: 'Proposed by', system: 'the system',
    mayNot: 'Another command decides this.', pastNote: 'You are looking at a past moment; go back to now to act.', acknowledge: 'Acknowledge', done: 'Done', verify: 'Verify', cancel: 'Cancel', sendBack: 'Send back', note: 'Note', measured: 'measured to',
    open: 'open', acknowledged: 'acknowledged', verified: 'verified', cancelled: 'cancelled', accepted: 'accepted', changed: 'changed', refused: 'refused', lapsed: 'lapsed',
    effective: 'In force', decided: 'Decided', decider: 'By', number: 'Number', published: 'Published', notPublished: 'not published', publish: 'Publish', publishHelp: 'Put on record that the public was told; the number may be left empty.', unlimited: 'no limit', unknown: 'not known', none: 'none',
    'outlook.tighten': 'control tightened', 'zone.set': 'zone set', 'zone.hold_back': 'part held back', 'zone.merge': 'zones merged', 'zone.reset': 'clock started again', 'zone.raise': 'level raised', 'zone.end': 'zone ended', 'plan.set': 'plans of people', 'plan.revise': 'plans revised', notPublic: 'about people: not published', forWhom: 'For whom (pseudonyms)', byKey: 'with the focus here: a accept, r refuse, c another way', 'zone.lower': 'level lowered', 'zone.lift': 'lifted', 'zone.split': 'zone split', 'zone.extend': 'zone extended', 'hold.set': 'people of a tube held', 'hold.release': 'people released', 'screening.open_round': 'round of area screening', orderLines: 'What is ordered', count: 'items', noEffect: 'This orders nothing and asks for a judgement only.', signer: 'Signed by',
  },
})
