import { both } from '../lib/words'

export const words = both({
  zh: {
    title: '九不准', findings: '问题与整改', none: '没有发现超出规定的措施。', item: '条', verdict: '结论', violation: '违反', review: '待核', what: '问题', sums: '计算', people: '涉及人数', owner: '督办', state: '整改', due: '整改期限', found: '发现',
    every: '含已办结', openOnly: '未办结', show: '显示', open: '待整改', acknowledged: '已签收', done: '已报整改', verified: '已核验', cancelled: '已取消', closed: '办结', recheck: '复核', recheckHelp: '按此刻的记录再核一遍：已改则办结，未改则退回。',
    excess: '当日超限管控', excessHelp: '超出规定被管控的人数与人时；点开即见构成它的案件。', personHours: '人时', unknownPeople: '件人数未知', violations: '违反', reviews: '待核', overdue: '整改逾期', subject: '对象', evidence: '证据材料', attach: '附上材料',
    evidenceHelp: '材料附在案件旁，不改变结论。请勿写入个人信息。', unknown: '未知', reasons: '理由', list: '构成案件',
  },
  en: {
    title: 'Nine prohibitions', findings: 'Findings and their being put right', none: 'Nothing in force asks more than the protocol allows.', item: 'Item', verdict: 'Verdict', violation: 'violation', review: 'review', what: 'Finding', sums: 'Sums', people: 'People', owner: 'Seen to by', state: 'State', due: 'To be put right', found: 'Found',
    every: 'Closed ones as well', openOnly: 'Open', show: 'Show', open: 'to be put right', acknowledged: 'acknowledged', done: 'reported put right', verified: 'verified', cancelled: 'cancelled', closed: 'Closed', recheck: 'Re-check', recheckHelp: 'Checks against the record as it is now: closed where it is well, sent back where it is not.',
    excess: 'Held beyond the protocol', excessHelp: 'People and person-hours held beyond what is allowed; opens the findings it is made of.', personHours: 'person-hours', unknownPeople: 'with people not known', violations: 'Violations', reviews: 'For review', overdue: 'Late', subject: 'Subject', evidence: 'Evidence', attach: 'Attach evidence',
    evidenceHelp: 'Evidence stands beside the finding and never changes its verdict. Write nothing personal.', unknown: 'not known', reasons: 'Reasons', list: 'Findings behind the figure',
  },
})
