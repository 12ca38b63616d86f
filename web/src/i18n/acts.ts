import { both } from '../lib/words'

/** Desks and what they do, as acts name them. */
export const words = both({
  zh: {
    areas: '地区', ingest: '入库', watch: '监测', outlook: '研判', zoning: '划区', commanding: '指挥', users: '用户', day: '轮次', reports: '报告', tracing: '流调', screening: '筛查',
    isolation: '隔离', borders: '口岸', services: '保障', readiness: '准备', supervision: '督查', exercise: '演练',
    add_user: '新增用户', assign: '派发任务', close_round: '完成一轮', commit_file: '文件入库', undo_file: '撤回文件', estimate_reproduction: '估计再生数', order: '下达命令',
    propose: '提出建议', publish: '公布', put_bulletins: '通报入库', put_pack: '载入地区', review_signals: '审视信号', decide: '作出决定', step: '推进任务',
  },
  en: {
    areas: 'areas', ingest: 'ingest', watch: 'watch', outlook: 'outlook', zoning: 'zoning', commanding: 'command', users: 'users', day: 'round', reports: 'reports', tracing: 'tracing', screening: 'screening',
    isolation: 'isolation', borders: 'borders', services: 'services', readiness: 'readiness', supervision: 'supervision', exercise: 'exercise',
    add_user: 'user added', assign: 'task given', close_round: 'round closed', commit_file: 'file read in', undo_file: 'file taken back', estimate_reproduction: 'R estimated', order: 'ordered',
    propose: 'proposed', publish: 'published', put_bulletins: 'bulletins read in', put_pack: 'areas read in', review_signals: 'signals reviewed', decide: 'decided', step: 'task taken a step',
  },
})
