import { both } from '../lib/words'

export const words = both({
  zh: {
    title: '推演', ask: '开始推演', days: '向前天数', replicates: '重复次数', r: '无措施再生数', running: '正在推演', compiling: '首次使用需为本机编译模型，约需半分钟', done: '已完成', failed: '推演未能完成',
    from: '自', known: '近两周已知感染者', growth: '日增长率', strategies: '各策略并列', front: '权衡前沿', fan: '每日新增感染（中位数与50%、90%区间）', film: '推演地图', beds: '床位与隔离逐日', bedsNote: '中位数；各策略同一刻度', beds_held: '占用床位', beds_wanting: '床位缺口', quarantined_central: '集中隔离', quarantined_home: '居家隔离', day: '第几天', strategy: '策略',
    onFront: '在前沿上', beaten: '被其优于', nobody: '无', mean: '均值', range: '90%区间', unit: '模拟结果，不是预报；未被发现的感染按发现率假定抽取，每次重复各不相同。',
    x: '居家封控人日', y: '感染者', chance: '不被优于的概率', start: '选择地区与天数后开始推演。需要该地区近两周有已知感染者。', past: '左侧阴影为已过去的日子', endedEarly: '次因感染过多提前结束', play: '播放', stop: '停止', cases: '人',
    infections: '感染者', found: '发现的感染者', days_to_zero: '社面清零天数', peak_daily: '单日峰值', cities_reached: '波及地市', exported: '跨市传播', severe: '重症', deaths: '死亡', lost_workdays: '损失工作日',
    output_days_lost: '损失人日产出', tubes: '检测管数', staff_days: '采样流调人日', stay_home_days: '居家封控人日', stay_in_zone_days: '区域管控人日', quarantine_days: '隔离人日', longest_restriction: '最长连续管控（天）',
    unmet_bed_days: '床位缺口人日', delayed_care: '延误就医事件', restricted_per_infection: '每例管控人日', tubes_per_found: '每例检测管数', control: '控制', economy: '经济', needs: '民生', proportionality: '适度', measure: '指标',
  },
  en: {
    title: 'What if', ask: 'Run forward', days: 'Days ahead', replicates: 'Replicates', r: 'R without measures', running: 'Running', compiling: 'compiling the model for this machine, once: about half a minute', done: 'done', failed: 'The run could not be done',
    from: 'From', known: 'infections known in the last two weeks', growth: 'growth a day', strategies: 'Strategies side by side', front: 'The front', fan: 'New infections a day (median, 50 % and 90 % range)', film: 'Map through time', beds: 'Beds and quarantine day by day', bedsNote: 'median; one scale for all strategies', beds_held: 'beds in use', beds_wanting: 'beds wanting', quarantined_central: 'contacts in rooms', quarantined_home: 'contacts kept at home', day: 'Day', strategy: 'Strategy',
    onFront: 'On the front', beaten: 'Beaten by', nobody: 'none', mean: 'mean', range: '90 % range', unit: 'Simulated, no forecast; infections nobody has seen are drawn from an assumed share found, anew in every replicate.',
    x: 'Person-days confined to home', y: 'Infections', chance: 'chance of not being beaten', start: 'Choose an area and the days, then run. The area needs known infections in the last two weeks.', past: 'The shaded days are past', endedEarly: 'runs ended early, too many infected', play: 'Play', stop: 'Stop', cases: 'people',
    infections: 'infections', found: 'infections found', days_to_zero: 'days until community zero', peak_daily: 'most in a day', cities_reached: 'cities reached', exported: 'passed between cities', severe: 'severe illness', deaths: 'deaths', lost_workdays: 'working days lost',
    output_days_lost: 'person-days of output lost', tubes: 'tubes', staff_days: 'staff-days', stay_home_days: 'person-days confined to home', stay_in_zone_days: 'person-days kept in a zone', quarantine_days: 'person-days in quarantine', longest_restriction: 'longest restriction, days',
    unmet_bed_days: 'bed-days wanting', delayed_care: 'care delayed, events', restricted_per_infection: 'person-days restricted per infection', tubes_per_found: 'tubes per infection', control: 'control', economy: 'economy', needs: 'needs', proportionality: 'proportionality', measure: 'Measure',
  },
})
