import { both } from '../lib/words'

/** The words of the frame and of the shared components. */
export const words = both({
  zh: {
    title: '一盘', subtitle: '全省疫情指挥一张图', user: '用户名', password: '密码', login: '登录', logout: '退出',
    wrong: '用户名或密码不对', demoHint: '演示用户：province、guangzhou、haizhu；密码 yipan-demo-2022', other: 'English', byProvider: '用本单位账号登录',
    restsOn: '依据', onRecord: '记录中的事实', sureness: '可信程度：', sure_high: '高', sure_medium: '中', sure_low: '低', sure_judgement: '人的判断', sure_replayed: '由记录重算',
    demonstration: '演示', demonstrationNow: '演示或演习记录：时钟从最后一轮之后走起，打开时走，关闭时停',
    loading: '正在读取…', unreachable: '无法连接服务器', again: '重试', noPage: '没有这个页面', toFirst: '回到首页',
    notAllowed: '您的岗位不能查看此页', pages: '页面', more: '更多', keys: '快捷键', close: '关闭', skip: '跳到正文',
    asKnown: '截至此刻所知', now: '现在', backToNow: '回到现在', past: '历史时刻', day: '日期', play: '播放', pause: '停止',
    earlier: '前一轮', later: '后一轮', area: '地区', find: '查找地区', foreign: '非本辖区：仅显示已公布数字',
    keyPage: '打开页面', keyLetter: '按字母打开页面', keyTime: '前一轮、后一轮', keyNow: '回到现在', keyFind: '查找地区', keyLang: '切换语言',
    keyHelp: '显示本表', keyEscape: '关闭窗口', rows: '行', row: '行', of: '共', page: '第', next: '下一页', before: '上一页', sortBy: '排序',
    nothing: '没有内容', why: '理由', whyNeeded: '请写明理由', confirm: '确认', cancel: '取消', explain: '说明',
    duty: '岗位', overdue: '已逾期', lateSince: '逾期自', dueOn: '期限', due: '限时', dueIn: '剩余', done: '已完成', days: '天', hours: '小时', minutes: '分钟',
    commander: '指挥长', epidemiologist: '流调', tracer: '追踪', laboratory: '检验', community: '社区', inspector: '督查', analyst: '分析',
    registrar: '登记', administrator: '管理员', trainer: '导调', sentinel: '哨点',
  },
  en: {
    title: 'Yipan', subtitle: 'One board for the whole province', user: 'User', password: 'Password', login: 'Log in', logout: 'Log out',
    wrong: 'No such user, or not this password', demoHint: 'Demonstration users: province, guangzhou, haizhu; password yipan-demo-2022', other: '中文', byProvider: 'Log in with your organisation’s account',
    restsOn: 'Rests on', onRecord: 'a fact on record', sureness: 'Confidence: ', sure_high: 'high', sure_medium: 'medium', sure_low: 'low', sure_judgement: 'somebody’s judgement', sure_replayed: 'worked out again from the record',
    demonstration: 'Demonstration', demonstrationNow: 'A demonstration or an exercise: its clock goes on from the last round while it is open',
    loading: 'Reading…', unreachable: 'The server cannot be reached', again: 'Try again', noPage: 'There is no such page', toFirst: 'To the first page',
    notAllowed: 'Your duty does not include this page', pages: 'Pages', more: 'More', keys: 'Keys', close: 'Close', skip: 'Skip to the content',
    asKnown: 'as known at', now: 'now', backToNow: 'Back to now', past: 'Past moment', day: 'Day', play: 'Play', pause: 'Stop',
    earlier: 'Round before', later: 'Round after', area: 'Area', find: 'Find an area', foreign: 'Not your area: published figures only',
    keyPage: 'open a page', keyLetter: 'open a page by its letter', keyTime: 'round before, round after', keyNow: 'back to now', keyFind: 'find an area', keyLang: 'change the language',
    keyHelp: 'show these keys', keyEscape: 'close what is open', rows: 'rows', row: 'row', of: 'of', page: 'Page', next: 'Next', before: 'Back', sortBy: 'Sort by',
    nothing: 'Nothing here', why: 'Reason', whyNeeded: 'Please say why', confirm: 'Confirm', cancel: 'Cancel', explain: 'What is this?',
    duty: 'Duty', overdue: 'late by', lateSince: 'late since', dueOn: 'due on', due: 'due', dueIn: 'due in', done: 'done', days: 'd', hours: 'h', minutes: 'min',
    commander: 'commander', epidemiologist: 'epidemiologist', tracer: 'tracer', laboratory: 'laboratory', community: 'community', inspector: 'inspector', analyst: 'analyst',
    registrar: 'registrar', administrator: 'administrator', trainer: 'trainer', sentinel: 'sentinel',
  },
})
