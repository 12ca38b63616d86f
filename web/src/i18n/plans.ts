import { both } from '../lib/words'

export const words = both({
  zh: {
    title: '个人方案', list: '名单', areas: '各地', person: '化名', area: '地区', place: '今日处所', roles: '身份', next: '下一项', ends: '期满', late: '逾期（小时）', missedTests: '漏检', unseenDays: '无人上门天数', versions: '依据', since: '自',
    all: '方案执行中', test_today: '今日应采样', test_missed: '有漏检', unseen: '有未上门日', release_today: '今日期满', release_late: '逾期未解除', outdated: '规则已变待修订', count: '人', every: '全部身份', everywhere: '全部处所', show: '筛选',
    test: '采样', release: '解除', result: '等结果', none: '名单为空。', tests: '采样', missing: '漏检',
    close_contact: '密切接触者', contact_of_contact: '密接的密接', inbound_traveller: '入境人员', left_high_zone: '高风险区外溢', left_medium_zone: '中风险区外溢', from_low_zone: '低风险区来人', closed_loop_worker_leaving: '闭环离岗', mild_case_at_home: '居家轻症', discharged_case: '出院病例', contact: '接触者',
    central_isolation: '集中隔离', home_isolation: '居家隔离', home_health_monitoring: '居家健康监测', health_monitoring: '健康监测', self_monitoring: '自我监测', central_or_home_isolation: '集中或居家隔离', phone_follow_up: '电话随访', nothing: '不作要求',
    sheet: '个人方案', calendar: '逐日安排', today: '今日', done: '已采样', planned: '应采样', missed: '漏检', legend: '图例', seen: '有人上门', notSeen: '无人上门', sources: '依据与来源', assumed: '地区约定', order: '令', revisions: '历次方案', revision: '第', why: '缘由', changed: '改动日期', known: '何时得知', act: '动作',
    pending: '按现行规则应改为（尚未下令，不生效）', before: '原', after: '新', state: '状态', running: '执行中', awaits_result: '等待结果', release_due: '应解除', late_state: '逾期未解除', released: '已解除', until: '至', byResult: '以结果为准',
    letGo: '登记解除', letGoHelp: '方案已期满。登记此人已被解除，待办随之结束。', sampledToday: '登记今日采样', seenToday: '登记今日上门', name: '查看姓名', nameHelp: '姓名在保险库中。请写明用途；查看会被记录。', purpose: '用途', noName: '库中没有此人。', identity: '身份', phone: '电话', address: '住址',
    empty: '此处无人在方案中。', emptyHow: '身份由流调确认的接触者、名单文件（yipan plans record）或接口而来；每轮据此提出方案，下令后才约束人。', waiting: '待决定的方案建议：', hours: '小时', shown: '见下方名单', inbox: '去待办', foreign: '方案按化名列示，只对本地区指挥者可见。', noTests: '无', day: '日期', dueToday: '今日', stopped: '无', letters: '字母',
    c: '集', h: '居', m: '监', o: '他',
  },
  en: {
    title: 'Plans of people', list: 'People', areas: 'By area', person: 'Pseudonym', area: 'Area', place: 'Place today', roles: 'As', next: 'Next', ends: 'Ends', late: 'Late (h)', missedTests: 'Tests missed', unseenDays: 'Days not visited', versions: 'Under', since: 'Since',
    all: 'Under a plan', test_today: 'To be tested today', test_missed: 'With a test missed', unseen: 'With a day not visited', release_today: 'Ends today', release_late: 'Late to be let go', outdated: 'Rule changed, to be revised', count: 'people', every: 'Every role', everywhere: 'Every place', show: 'Filter',
    test: 'test', release: 'let go', result: 'awaits the result', none: 'Nobody is on this list.', tests: 'Tests', missing: 'missed',
    close_contact: 'close contact', contact_of_contact: 'contact of a contact', inbound_traveller: 'inbound traveller', left_high_zone: 'left a high-risk zone', left_medium_zone: 'left a medium-risk zone', from_low_zone: 'from a low-risk area', closed_loop_worker_leaving: 'left a closed loop', mild_case_at_home: 'mild case at home', discharged_case: 'discharged case', contact: 'contact',
    central_isolation: 'central isolation', home_isolation: 'home isolation', home_health_monitoring: 'home health monitoring', health_monitoring: 'health monitoring', self_monitoring: 'self-monitoring', central_or_home_isolation: 'central or home isolation', phone_follow_up: 'follow-up by phone', nothing: 'nothing',
    sheet: 'Plan', calendar: 'Day by day', today: 'today', done: 'sampled', planned: 'test', missed: 'missed', legend: 'Legend', seen: 'visited', notSeen: 'not visited', sources: 'What it rests on', assumed: 'Decided by the jurisdiction', order: 'Order', revisions: 'Revisions', revision: 'No.', why: 'Why', changed: 'Dates changed', known: 'Known from', act: 'Act',
    pending: 'What the rule asks now (not ordered, so not in force)', before: 'before', after: 'after', state: 'State', running: 'running', awaits_result: 'awaits a result', release_due: 'to be let go', late_state: 'late to be let go', released: 'let go', until: 'until', byResult: 'with the result',
    letGo: 'Record the release', letGoHelp: 'The plan is over. Say that this person was let go; the task ends with it.', sampledToday: 'Sampled today', seenToday: 'Visited today', name: 'Read the name', nameHelp: 'The name is in the vault. Say what it is needed for; the reading is written down.', purpose: 'Purpose', noName: 'Nobody by this pseudonym is in the vault.', identity: 'Identity', phone: 'Phone', address: 'Address',
    empty: 'Nobody is under a plan here.', emptyHow: 'Roles come from contacts that tracers confirmed, from a table (yipan plans record) or the API; each round proposes plans, and nobody is restricted before one is ordered.', waiting: 'Proposals of plans to be decided:', hours: 'h', shown: 'listed below', inbox: 'To the inbox', foreign: 'Plans are listed by pseudonym, for those who command the area only.', noTests: 'none', day: 'Day', dueToday: 'today', stopped: 'nothing', letters: 'letters',
    c: 'C', h: 'H', m: 'M', o: 'O',
  },
})
