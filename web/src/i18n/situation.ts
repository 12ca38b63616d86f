import { both } from '../lib/words'

export const words = both({
  zh: {
    infections: '新增本土感染者', confirmed: '确诊', asymptomatic: '无症状', undivided: '未分类', before: '较前一日', bothDays: '个地区两日均报', fell: '下降最多', waiting: '待办', nothingWaits: '没有待办。', others: '其余', week: '近七日', signals: '预警信号', silent: '未报告地区',
    late: '逾期', dueSoon: '24 小时内到期', decisions: '项待决定', tasks: '项任务', places: '下辖地区', place: '地区', today: '当日', weekShort: '七日', rt: '有效再生数 R', rtByPlace: '各地有效再生数 R',
    too_few_cases: '病例太少', not_reported: '无报告', too_early: '时间太短', nobody: '当日无人报告', days: '天', since: '自', ofPlaces: '下辖', placesWord: '个地区',
    map: '地图', curve: '每日新增', interval: '95% 区间', noSignals: '近 14 天没有异常。', inDays: '近 14 天', changed: '今日变化', rose: '上升最多', newSignals: '新预警', newSilent: '新近沉默',
    nothingChanged: '与前一日相比没有变化。', missing: '缺报与沉默', noMissing: '各地均已报告。', acts: '最新动作', report: '疫情报告', behind: '数字背后的记录', sum: '合计', source: '来源', act: '动作',
    value: '数值', stream: '指标', day: '日期', failed: '未完成的岗位', reporting: '个地区已报告', lacking: '近七日有地区最多缺报', lackingOwn: '近七日缺报',
    assumed: '代际间隔均值 2.7 天；标准差 1.8 天为本项目假设', showMap: '按此着色', whatR: 'R 大于 1 表示疫情在扩大。按七日窗口用 Cori 方法估计，线为中位数，带为 95% 区间。病例太少或无人报告的日子不作估计。',
    whatSignal: '当日数明显高于此前几天的预期（EARS C2：七天基线、两天间隔）。无人报告的日子既不判断也不计入基线。', whatMissing: '斜线表示当日无人报告，不等于零。',
    toInbox: '打开待办', levelPublished: '公布数字',
    local_confirmed: '本土确诊', local_asymptomatic: '本土无症状', local_infections: '本土感染者',
  },
  en: {
    infections: 'New local infections', confirmed: 'confirmed', asymptomatic: 'asymptomatic', undivided: 'not told apart', before: 'on the day before', bothDays: 'reported both days', fell: 'fell most', waiting: 'Waiting', nothingWaits: 'Nothing waits.', others: 'Others:', week: 'Last 7 days', signals: 'Signals', silent: 'Places silent',
    late: 'Late', dueSoon: 'Due within 24 h', decisions: 'to decide', tasks: 'tasks', places: 'Places', place: 'Place', today: 'Day', weekShort: '7 days', rt: 'Reproduction number R', rtByPlace: 'Reproduction number R by place',
    too_few_cases: 'too few cases', not_reported: 'not reported', too_early: 'too early', nobody: 'nobody reported this day', days: 'days', since: 'since', ofPlaces: 'of', placesWord: 'places',
    map: 'Map', curve: 'New infections per day', interval: '95 % interval', noSignals: 'Nothing stood out in the last 14 days.', inDays: 'last 14 days', changed: 'What changed', rose: 'rose most', newSignals: 'new signals', newSilent: 'newly silent',
    nothingChanged: 'Nothing changed since the day before.', missing: 'Missing and silent', noMissing: 'Every place has reported.', acts: 'Latest acts', report: 'Situation report', behind: 'The rows behind the figure', sum: 'Sum', source: 'Source', act: 'Act',
    value: 'Value', stream: 'Stream', day: 'Day', failed: 'Desks that failed', reporting: 'places reporting', lacking: 'a place lacks up to', lackingOwn: 'lacking',
    assumed: 'serial interval mean 2.7 days; its sd of 1.8 days is an assumption of this project', showMap: 'Colour the map by', whatR: 'Above 1 the outbreak grows. Cori’s method over windows of seven days: the line is the median, the band the 95 % interval. No estimate where there were too few cases or nobody reported.',
    whatSignal: 'A day whose count stands far above what the days shortly before lead one to expect (EARS C2: seven days of baseline, a gap of two). Days nobody reported are neither judged nor part of a baseline.', whatMissing: 'Hatched: nobody reported that day, which is not zero.',
    toInbox: 'Open the inbox', levelPublished: 'published figures',
    local_confirmed: 'local confirmed', local_asymptomatic: 'local asymptomatic', local_infections: 'local infections',
  },
})
