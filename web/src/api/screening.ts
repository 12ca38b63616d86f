/** Rounds of screening: who was reached, who is held, whether the laboratories can be trusted. */
import { address, ask, sendFile } from '../lib/ask'

export type Round = { id: string; area: string; disease: string; opened: string; closes: string; closed: string | null; rule: string }
export type Covered = {
  area: string; name_zh: string; name_en: string; due: number; exempt: number; sampled: number; with_result: number
  pending: number; held: number; to_swab_again: number; single_negative: number; single_positive: number; visitors: number
}
export type Coverage = { round: Round; total: Covered; streets: Covered[]; people_estimate: number | null; people_error: number | null }
export type Gap = { person: number; why: string; sampled_at: string | null }
export type HeldTube = {
  tube: number; area: string; laboratory: string; result: string; ct_orf: number | null; ct_n: number | null; known: string; people: number[]
}
export type Work = {
  laboratory: string; tubes: number; positive: number; without_plate: number
  p50_hours: number | null; p90_hours: number | null; p99_hours: number | null; late: number
}
export type Finding = { laboratory: string; kind: string; plate: string; zh: string; en: string; p_value: number | null }
export type Laboratories = { work: Work[]; findings: Finding[] }
export type DesignCost = {
  design: string; sizes: string; tests_per_person: number; sensitivity: number; specificity: number
  positive_predictive_value: number | null; negative_predictive_value: number | null
}

export type HeldNow = {
  person: number; risk: number; state: string; reached: string | null; swabbed: string | null; result: string | null; released: string | null
}
export type Hold = {
  id: string; area: string; tube: number; result: string; known: string; people_now: HeldNow[]; to_reach: number; to_swab: number
  to_release: number; reach_due: string | null; reach_late_hours: number; release_late_hours: number
}
export type WaitingPerson = { person: number; area: string; need: string; why: string; hours: number | null; came_for: string; came: string | null }
export type Meeting = { person: number; found: number; area: string; place: number; since: string; until: string }
export type Meetings = { meetings: Meeting[]; visits: number; without_end: number }
export type KeyCount = { name: string; people: number; done: number; due: number; missed: number; not_asked: number }
export type KeyPicture = { day: string; total: KeyCount; groups: KeyCount[]; sectors: KeyCount[]; duty_holders: KeyCount[]; reasons: Reason[] }
export type KeyRow = {
  person: string; site: string; area: string; group: string; sector: string; duty_holder: string; every_days: number | null; tests: number; single: boolean
  last: string | null; next_due: string | null; state: string; overdue_days: number
}
export type Assumed = { name: string; value: number; low: number | null; high: number | null; source: string; assumption: boolean; note: string }
export type GroupNeed = { group: string; people: number; mode: string; single_only: boolean; tubes: number; held: number; held_cost: number; missed: number }
export type StreetNeed = {
  area: string; name_zh: string; name_en: string; people: number; sites: number; sites_most: number; samplers: number; couriers: number
  tubes: number; held: number; prevalence: number | null; measured: boolean; groups: GroupNeed[]; laboratory: string
}
export type RoundNeeds = {
  rulebook: string; adopted: boolean
  total: StreetNeed; streets: StreetNeed[]; laboratories: { laboratory: string; name: string; reserve: boolean; tubes: number; tubes_per_day: number }[]
  lacking_samplers: number | null; lacking_sites: number | null; lacking_couriers: number | null; lacking_tubes: number | null
  prevalence_from: string; reasons: Reason[]; given: Assumed[]
}
export type Transit = {
  consignment: string; laboratory: string; courier: string; picked: string; tubes: number; received: number; refused: number; streets: number
  hours: number | null; late: boolean; temperature_c: number | null
}
export type Leg = {
  laboratory: string; leg: string; finished: number; p50_hours: number | null; p90_hours: number | null; p99_hours: number | null
  open: number; open_oldest_hours: number | null; over_6: number; over_12: number; over_24: number
}
export type Balance = {
  laboratory: string; sent: number; received: number; refused: number; sample_wells: number; controls: number; plates: number; results: number
  idle: number | null; unexplained: number | null
}
export type ControlRun = { plate: string; at: string; ct: number; standing_sd: number | null; rules: string[] }
export type ControlChart = {
  laboratory: string; instrument: string; kit: string; control: string; target: string; mean: number | null; sd: number | null; runs: ControlRun[]
}
export type Blind = {
  laboratory: string; other: string; compared: number; agree: number; share: number | null; low: number | null; high: number | null; kappa: number | null
  ct_pairs: number; shift: number | null; disagreeing: number[]
}
export type Positivity = { laboratory: string; tubes: number; positive: number; expected: number; tail: string; p_value: number; unusual: boolean; can_be_low: boolean }
export type Forecast = {
  laboratory: string; waiting: number; on_the_way: number; per_hour: number; measured: boolean; hours: number[]; wait_hours: number[]; clear_hours: number | null
}
export type Quality = {
  round: string; at: string; work: Work[]; legs: Leg[]; balances: Balance[]; plates_run: number; plates: unknown[]; charts: ControlChart[]
  pairs_planted: number; pairs_compared: number; blind: Blind[]; positivity: Positivity[]; forecasts: Forecast[]; findings: Finding[]
}
export type Zero = {
  area: string; residents: number | null; days: { day: string; found_in: Record<string, number>; unplaced: number | null }[]
  as_of: string | null; answers: { definition: string; chosen: boolean; answer: string; reasons: Reason[] }[]; silent: { zh: string; en: string } | null
}
export type Sure = {
  area: string; round: string | null; hidden: number; never: number | null; never_people: number | null; attendance: number | null; sensitivity: number
  clear_rounds: number; unresolved: number; probability: number | null; ceiling: number | null; target: number
  levers: { name: string; after: number; gain: number; what: { zh: string; en: string } }[]; given: Assumed[]; silent: { zh: string; en: string } | null
}
export type Swab = { round: string; sample: number; tube: number; area: string; mode: number; sampled_at: string; result: string | null; laboratory: string | null; published_at: string | null }
export type Visit = { id: string; by: string; at: string; points: { what: string; rectified: string | null }[]; rectify_due: string | null }
export type InspectionRow = {
  site: string; name: string; area: string; group: string; sector: string; duty_holder: string; every_days: number | null; said_by: string
  last: string | null; next_due: string | null; state: string; overdue_days: number; open_points: string[]; rectify_due: string | null
  late_hours: number; visits: Visit[]
}
export type ModeAdvice = { mode: string; people: number; tubes: number; held: number; missed: number; cost: number; limits: string[] }
export type Advice = { modes: ModeAdvice[]; escape: [number, number, number][]; given: Assumed[] }
export type Outcome = {
  round: string; day: string; ended: boolean; found_in: Record<string, number>; community: number; controlled: number
  pending: number; held: number; not_seen: number; clear: boolean | null
}
export type Reason = { zh: string; en: string; source: string[]; confidence: string }
export type Programme = {
  area: string; disease: string; place: string; state: string; zero_rounds: number; zero_rounds_needed: number | null
  next_round: string | null; confirming: boolean; stopped_on: string | null; rounds: Outcome[]; rulebook: string; reasons: Reason[]; assumed: string[]
}
export type Batch = { file: string; read: number; accepted: number; quarantined: number; reasons: Record<string, number> }

export const screening = {
  programme: (area: string, known_at: string) => ask<Programme[]>('screening/programme', { area, known_at }),
  holds: (round: string, known_at: string) => ask<Hold[]>('screening/holds', { round, known_at }),
  care: (round: string, known_at: string) => ask<WaitingPerson[]>('screening/care', { round, known_at }),
  met: (round: string, known_at: string) => ask<Meetings>('screening/met', { round, known_at }),
  key: (area: string, known_at: string) => ask<KeyPicture>('screening/key', { area, known_at }),
  keyPeople: (area: string, state: string, known_at: string) => ask<KeyRow[]>('screening/key/people', { area, state, known_at }),
  plan: (round: string, have: { samplers: number | null; sites: number | null; couriers: number | null; prevalence: number | null }) =>
    ask<RoundNeeds>('screening/plan', { round, ...have }),
  quality: (round: string, known_at: string) => ask<Quality>('laboratories/quality', { round, known_at }),
  transit: (round: string, known_at: string) => ask<Transit[]>('laboratories/transit', { round, known_at }),
  zero: (area: string, known_at: string) => ask<Zero>('screening/zero', { area, known_at }),
  sure: (asked: { area?: string; zone?: string; hidden?: number | null; known_at: string }) => ask<Sure>('screening/confidence', asked),
  standing: (round: string, person: number) => ask<{ person: number; state: string; hold: string | null }>('screening/standing', { round, person }),
  person: (person: number) => ask<Swab[]>('screening/person', { person }),
  specimens: (round: string) => address('screening/specimens', { round }),
  inspections: (area: string, known_at: string) => ask<InspectionRow[]>('screening/key/inspections', { area, known_at }),
  inspect: (site: string, by: string, points: string[]) => ask<Visit>(`screening/key/${encodeURIComponent(site)}/inspections`, {}, { by, points }),
  rectified: (visit: string, what: string) => ask<Visit>(`screening/key/inspections/${encodeURIComponent(visit)}/rectified`, {}, { what }),
  advice: (people: number, prevalence: number) => ask<Advice>('screening/advice', { people, prevalence }),
  reached: (hold: string) => ask<unknown>(`screening/holds/${encodeURIComponent(hold)}/reached`, {}, {}),
  open: (given: { id: string; area: string; opened: string; closes: string; why: string }) => ask<Round>('screening/rounds', {}, given),
  send: (round: string, kind: string, file: File) => sendFile<Batch>(`screening/rounds/${encodeURIComponent(round)}/files`, { kind, file: file.name }, file),
  rounds: (known_at: string) => ask<Round[]>('screening/rounds', { known_at }),
  coverage: (round: string, known_at: string) => ask<Coverage>('screening/coverage', { round, known_at }),
  gaps: (round: string, area: string, known_at: string) => ask<Gap[]>('screening/gaps', { round, area, known_at }),
  held: (round: string, known_at: string) => ask<HeldTube[]>('screening/held', { round, known_at }),
  laboratories: (round: string, known_at: string) => ask<Laboratories>('screening/laboratories', { round, known_at }),
  designs: (prevalence: number, sensitivity: number, specificity: number) =>
    ask<DesignCost[]>('screening/designs', { prevalence: String(prevalence), sensitivity: String(sensitivity), specificity: String(specificity) }),
}
