import { both } from '../lib/words'

/** Desks and what they do, as acts name them; a test asks for every desk and verb the operations write. */
export const words = both({
  zh: {
    areas: '地区', ingest: '入库', watch: '监测', outlook: '研判', zoning: '划区', commanding: '指挥', users: '用户', day: '轮次', reports: '报告', tracing: '流调', screening: '筛查',
    isolation: '隔离', borders: '口岸', services: '保障', readiness: '准备', supervision: '督查', exercise: '演练', prohibitions: '九不准', simulate: '推演', add_user: '新增用户',
    assign: '派发任务', close_round: '完成一轮', commit_file: '文件入库', undo_file: '撤回文件', estimate_reproduction: '估计再生数', order: '下达命令', propose: '提出建议', publish: '公布',
    put_bulletins: '通报入库', put_pack: '载入地区', import_boundaries: '导入边界', review_signals: '审视信号', review_zones: '审视风险区', review_measures: '审视管控措施',
    record_measures: '登记管控措施', record_register: '登记场所', record_case_places: '登记病例活动地点', record_round: '登记检测轮次', record_roster: '登记应检名单', adopt: '采用方案版本', attach: '附上证据',
    recheck: '复查', open_round: '开启筛查轮次', take_in_roster: '应检名单入库', take_in_samples: '样本入库', take_in_results: '结果入库', put_trips: '人员流动入库', look_ahead: '向前预测',
    draw_line: '划定底线', register_sentinels: '登记哨点', snooze: '暂缓提醒', triage_noise: '判为噪声', triage_data_fault: '判为数据问题', triage_watch: '判为继续观察', triage_verify: '转为核实',
    triage_event: '判为事件', triage_no_event: '判为非事件', open_investigation: '启动流调', propose_contacts: '提出密接名单', proposed_contacts: '密接待确认', confirmed_contacts: '确认密接',
    rejected_contacts: '排除密接', send_letter: '发协查函', reply_letter: '回复协查函', extend_chains: '续接传播链', hand_over: '移交', answer: '答复', import_files: '导入文件', accept: '采纳建议',
    suggest_same: '查找重复人员', decide_same: '判为同一人', decide_different: '判为不同人', decide_later: '暂缓判定', decide_undone: '撤回判定', note_action: '登记早期行动', import_genomes: '基因组差异入库',
    follow_contacts: '更新密接随访', reach_on_site: '到达现场', reach_core: '查清核心信息', reach_zones: '划定风险区', reach_full: '完成流调', reach_closed: '结束流调',
    change: '调整建议', refuse: '不采纳建议', task_open: '任务退回', task_acknowledged: '签收任务', task_done: '任务已办', task_verified: '任务已核验', task_cancelled: '任务取消',
  },
  en: {
    areas: 'areas', ingest: 'ingest', watch: 'watch', outlook: 'outlook', zoning: 'zoning', commanding: 'command', users: 'users', day: 'round', reports: 'reports',
    tracing: 'tracing', screening: 'screening', isolation: 'isolation', borders: 'borders', services: 'services', readiness: 'readiness', supervision: 'supervision',
    exercise: 'exercise', prohibitions: 'nine prohibitions', simulate: 'simulation', add_user: 'user added', assign: 'task given', close_round: 'round closed',
    commit_file: 'file read in', undo_file: 'file taken back', estimate_reproduction: 'R estimated', order: 'ordered', propose: 'proposed', publish: 'published',
    put_bulletins: 'bulletins read in', put_pack: 'areas read in', import_boundaries: 'boundaries read in', review_signals: 'signals reviewed',
    review_zones: 'zones reviewed', review_measures: 'measures reviewed', record_measures: 'measures recorded', record_register: 'places recorded',
    record_case_places: 'places of cases recorded', record_round: 'testing round recorded', record_roster: 'roster recorded', adopt: 'version adopted',
    attach: 'evidence attached', recheck: 'checked again', open_round: 'screening round opened', take_in_roster: 'roster taken in', take_in_samples: 'samples taken in',
    take_in_results: 'results taken in', put_trips: 'trips read in', look_ahead: 'looked ahead', draw_line: 'bottom line drawn',
    register_sentinels: 'sentinels registered', snooze: 'alert put off', triage_noise: 'held to be noise', triage_data_fault: 'held to be a fault of data',
    triage_watch: 'held to be watched', triage_verify: 'sent to be verified', triage_event: 'held to be an event', triage_no_event: 'held to be no event',
    open_investigation: 'investigation opened', propose_contacts: 'contacts proposed', proposed_contacts: 'contacts proposed', confirmed_contacts: 'contacts confirmed',
    rejected_contacts: 'contacts rejected', send_letter: 'letter sent', reply_letter: 'letter answered', extend_chains: 'chains extended', hand_over: 'handed over',
    suggest_same: 'doubles searched', decide_same: 'held to be one person', decide_different: 'held to be two people', decide_later: 'decision put off', decide_undone: 'decision taken back',
    note_action: 'early action noted', import_genomes: 'genome distances read in', follow_contacts: 'contacts brought up to date', reach_on_site: 'on site', reach_core: 'core known',
    reach_zones: 'zones drawn', reach_full: 'investigation full', reach_closed: 'investigation closed',
    answer: 'answered', import_files: 'files read in', accept: 'proposal accepted', change: 'proposal changed', refuse: 'proposal refused', task_open: 'task sent back',
    task_acknowledged: 'task acknowledged', task_done: 'task done', task_verified: 'task verified', task_cancelled: 'task cancelled',
  },
})
