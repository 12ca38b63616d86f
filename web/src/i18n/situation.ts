import { both } from '../lib/words'

export const words = both({
  zh: {
    infections: '新增本土感染者', confirmed: '确诊', asymptomatic: '无症状', undivided: '未分类', change: '较前一日', week: '近七日', signals: '预警信号', silent: '未报告地区',
    places: '下辖地区', place: '地区', today: '当日', rt: '有效再生数', too_few_cases: '病例太少', not_reported: '无报告', too_early: '时间太短',
    nobody: '当日无人报告', days: '天', since: '自', ofPlaces: '个地区，共', map: '地图', curve: '每日新增', interval: '95% 区间', noSignals: '近两周没有异常。',
    missing: '缺报与沉默', noMissing: '各地均已报告。', acts: '最新动作', report: '疫情报告', behind: '数字背后的记录', sum: '合计', source: '来源', act: '动作',
    value: '数值', stream: '指标', day: '日期', failed: '未完成的岗位', reporting: '已报告', onlySum: '合计仅含已报告地区', missingDay: '当日无报告',
    assumed: '代际间隔均值 2.7 天（标准差 1.8 天为假设）', showMap: '按此着色',
    local_confirmed: '本土确诊', local_asymptomatic: '本土无症状', local_infections: '本土感染者',
  },
  en: {
    infections: 'New local infections', confirmed: 'confirmed', asymptomatic: 'asymptomatic', undivided: 'not told apart', change: 'since the day before', week: 'Last 7 days', signals: 'Signals', silent: 'Places silent',
    places: 'Places', place: 'Place', today: 'Day', rt: 'Reproduction number', too_few_cases: 'too few cases', not_reported: 'not reported', too_early: 'too early',
    nobody: 'nobody reported this day', days: 'days', since: 'since', ofPlaces: 'of', map: 'Map', curve: 'New infections per day', interval: '95 % interval', noSignals: 'Nothing stood out in the last two weeks.',
    missing: 'Missing and silent', noMissing: 'Every place has reported.', acts: 'Latest acts', report: 'Situation report', behind: 'The rows behind the figure', sum: 'Sum', source: 'Source', act: 'Act',
    value: 'Value', stream: 'Stream', day: 'Day', failed: 'Desks that failed', reporting: 'reporting', onlySum: 'sum of the places that reported', missingDay: 'not reported',
    assumed: 'serial interval mean 2.7 days (sd 1.8 days assumed)', showMap: 'Colour the map by',
    local_confirmed: 'local confirmed', local_asymptomatic: 'local asymptomatic', local_infections: 'local infections',
  },
})
