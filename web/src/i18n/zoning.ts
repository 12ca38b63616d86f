import { both } from '../lib/words'

export const words = both({
  zh: {
    title: '风险区', map: '各地最高风险等级', zones: '风险区与计时', none: '没有正在管控的风险区。', counties: '县区状态', inForce: '正在管控', past: '含已结束', show: '显示',
    everybodyFound: '是否捞干（只作参考，不作规定）', name: '地点', level: '等级', part: '类别', core: '核心区', ring: '外围', since: '自', residents: '居民', ends: '期满', due: '应解除', missing: '尚缺', decides: '由谁决定', late: '逾期（小时）',
    high: '高风险', medium: '中风险', low: '低风险', normal: '常态化', sealed: '封控', controlled: '管控', precaution: '防范', ended: '已解除', split: '已拆分', merged: '已合并', temporary_control: '临时管控',
    closing_round: '末轮全员检测', contacts_clear: '密接期满', people: '人未采样', nothing: '无', sheet: '计时单', clock: '计时起点', eligible: '条件满足', to: '降为', under: '依据版本', noBook: '尚未采用任何版本，不计时',
    outside: '方案之外的类别', infections: '区内新增', trace: '计时过程', assumed: '地区约定', reasons: '理由', history: '历次所知', knownFrom: '何时得知', act: '动作', levels: '等级变化', place: '范围', order: '通告',
    zonesCount: '风险区', inside: '区内居民', lateCount: '逾期未解除', lateList: '逾期解除清单', lateEnded: '何时结束', lateHours: '逾期小时', stillKept: '仍未解除', countiesLow: '低风险县区', status: '状态', normalFrom: '最早恢复常态化', draw: '按风险划定', share: '区内应覆盖的风险', way: '划法', units: '单元',
    riskInside: '区内风险', interval: '90%区间', least: '可证下限', curve: '区外剩余风险与区内居民', outsideRisk: '区外剩余风险', propose: '提出建议', proposeHelp: '将所划范围作为建议提交，其他划法列为备选。', proposed: '已提出，见待办。',
    stays: '停留记录', air: '通风未知', unplaced: '不在台账', expected: '预期续发', set: '划定', raise: '升级', lower: '降级', end: '解除', reset: '重新计时', merge: '合并', hold_back: '暂缓', unknown: '未知',
    street: '看', whole: '整个地区', outline: '按台账轮廓', within: '所在楼栋或小区的轮廓', point: '台账坐标', placed: '位置未知：标在所属地区中心', coreKey: '核心区（实线）', ringKey: '外围（虚线）', sized: '圆点大小为居民数', exactly: '位置',
    'clock started': '开始计时', 'clock reset': '重新计时', 'infection does not reset': '新增不影响计时', 'quiet period ends': '期满', 'guard missing': '尚缺条件', eligibleStep: '条件满足', rest: '无风险区',
  },
  en: {
    title: 'Zones', map: 'Strictest level in each place', zones: 'Zones and their clocks', none: 'No zone is in force.', counties: 'Counties', inForce: 'In force', past: 'Past ones as well', show: 'Show',
    everybodyFound: 'Is everybody found? (evidence, not a rule)', name: 'Place', level: 'Level', part: 'Part', core: 'core', ring: 'ring', since: 'Since', residents: 'Residents', ends: 'Period ends', due: 'Lifting due', missing: 'Missing', decides: 'Decided by', late: 'Late (h)',
    high: 'high risk', medium: 'medium risk', low: 'low risk', normal: 'normal', sealed: 'sealed', controlled: 'controlled', precaution: 'precaution', ended: 'lifted', split: 'split', merged: 'merged', temporary_control: 'temporary control',
    closing_round: 'closing round', contacts_clear: 'contacts through', people: 'people not sampled', nothing: 'nothing', sheet: 'Clock sheet', clock: 'Clock from', eligible: 'Conditions met', to: 'goes to', under: 'Under', noBook: 'no version is adopted, so no clock runs',
    outside: 'class outside the protocol', infections: 'New infections', trace: 'How the clock ran', assumed: 'Decided by the jurisdiction', reasons: 'Reasons', history: 'As known at each step', knownFrom: 'Known from', act: 'Act', levels: 'Levels', place: 'Drawn as', order: 'Order',
    zonesCount: 'Zones', inside: 'Residents inside', lateCount: 'Liftings late', lateList: 'Liftings that became late', lateEnded: 'Ended', lateHours: 'Hours late', stillKept: 'still kept', countiesLow: 'Counties at low', status: 'Status', normalFrom: 'Normal from, at the earliest', draw: 'Draw by risk', share: 'Share of risk to hold inside', way: 'Way', units: 'Units',
    riskInside: 'Risk inside', interval: '90 % interval', least: 'proven least', curve: 'Risk left outside by residents inside', outsideRisk: 'risk left outside', propose: 'Propose it', proposeHelp: 'Puts the zone drawn into the inbox as a proposal, the other ways as its alternatives.', proposed: 'Proposed; see the inbox.',
    stays: 'stays', air: 'with air not known', unplaced: 'at no registered unit', expected: 'expected onward infections', set: 'set', raise: 'raised', lower: 'lowered', end: 'ended', reset: 'clock reset', merge: 'merged', hold_back: 'held back', unknown: 'not known',
    street: 'Look at', whole: 'the whole area', outline: 'outline of the place register', within: 'outline of the building or compound it lies in', point: 'spot of the place register', placed: 'place not known: marked at the centre of its area', coreKey: 'core (solid line)', ringKey: 'ring (dashed line)', sized: 'size of a mark: residents', exactly: 'Drawn by',
    'clock started': 'clock started', 'clock reset': 'clock reset', 'infection does not reset': 'infection does not reset it', 'quiet period ends': 'quiet period ends', 'guard missing': 'still missing', eligibleStep: 'conditions met', rest: 'no zone',
  },
})
