/** Plans of people, by pseudonym: what is due, what was missed, every revision. */
import { ask } from '../lib/ask'
import type { Reason, Said } from './commanding'

export const LISTS = ['all', 'test_today', 'test_missed', 'unseen', 'release_today', 'release_late', 'outdated'] as const
export type List = (typeof LISTS)[number]
export type Row = {
  person: string; area: string; state: string; place: string | null; roles: string[]; ends: string | null; next_kind: string | null; next_day: string | null
  test_today: boolean; missed_tests: number; unseen_days: number; late_hours: number; revision: number; outdated: boolean; versions: string[]
}
export type Counts = {
  area: string; under_plan: number; test_today: number; test_missed: number; unseen: number; release_today: number; release_late: number; outdated: number
}
export type Picture = { at: string; total: Counts; areas: Counts[]; roles: Record<string, number>; places: Record<string, number> }
export type Day = { day: string; place: string; roles: string[]; test: boolean }
export type Changed = { day: string; before: Day | null; after: Day | null }
export type Revision = {
  revision: number; known_from: string; act: number; order: string; why: Said; versions: string[]; ends: string | null; released: string | null; changes: Changed[]
}
export type Sheet = Row & {
  plan: {
    id: string; area: string; order: string; line: number; ruled: string; revision: number; released: string | null
    terms: { roles: { role: string; day_one: string; found: string | null; because: string[] }[]; ends: string | null; awaits_result: boolean; versions: string[]; profile: string; why: Said; reasons: Reason[]; assumed: string[] }
  }
  days: Day[]; tests: string[]; seen: string[]; missed: string[]; unseen: string[]; pending: Changed[]; revisions: Revision[]
}
export type Identity = { person: string; name: string; phone: string; address: string }

export const plans = {
  picture: (area: string, known_at: string) => ask<Picture>('plans/picture', { area, known_at }),
  people: (area: string, known_at: string, which: string, role: string, place: string) => ask<Row[]>('plans/people', { area, known_at, which, role, place }),
  sheet: (person: string, known_at: string) => ask<Sheet>(`plans/people/${person}`, { known_at }),
  done: (person: string, day: string, visit: string | null, sampled: boolean) => ask<Row>(`plans/people/${person}/done`, {}, { day, visit, sampled }),
  release: (person: string) => ask<Row>(`plans/people/${person}/release`, {}, {}),
  identity: (person: string, purpose: string) => ask<Identity>('tracing/identity', {}, { person, purpose }),
}
