/** What asks more of people than the protocol allows, how it is put right, and the excess of a day. */
import { ask } from '../lib/ask'
import type { Reason } from './commanding'

export type Finding = {
  id: string; area: string; subject: string; item: number; verdict: 'review' | 'violation'; found: string; reasons: Reason[]; arithmetic: string; owner: string
  due: string | null; task: string; people: number | null; excess_since: string | null; excess_until: string | null
  evidence: { at: string; by: string; what: string }[]; closed: string | null; rule: string; state: string; late_hours: number
}
export type Excess = { area: string; since: string; until: string; people: number; person_hours: number; people_unknown: number; findings: Finding[] }

export const prohibitions = {
  findings: (area: string, known_at: string, every = false) => ask<Finding[]>('findings', { area, known_at, every: every || undefined }),
  excess: (area: string, known_at: string, day: string) => ask<Excess>('findings/excess', { area, known_at, day }),
  recheck: (finding: string, note: string) => ask<Finding>(`findings/${finding}/recheck`, {}, { note }),
  attach: (finding: string, what: string) => ask<Finding>(`findings/${finding}/evidence`, {}, { by: 'board', what }),
}
