/** Rounds of screening: who was reached, who is held, whether the laboratories can be trusted. */
import { ask, sendFile } from '../lib/ask'

export type Round = { id: string; area: string; disease: string; opened: string; closes: string; closed: string | null; rule: string }
export type Covered = {
  area: string; name_zh: string; name_en: string; due: number; exempt: number; sampled: number; with_result: number
  pending: number; held: number; to_swab_again: number; single_negative: number; single_positive: number; visitors: number
}
export type Coverage = { round: Round; total: Covered; streets: Covered[] }
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
export type WaitingPerson = { person: number; area: string; need: string; why: string; hours: number | null }
export type KeyCount = { name: string; people: number; done: number; due: number; missed: number; not_asked: number }
export type KeyPicture = { day: string; total: KeyCount; groups: KeyCount[]; sectors: KeyCount[]; duty_holders: KeyCount[] }
export type KeyRow = {
  person: string; site: string; area: string; sector: string; duty_holder: string; every_days: number | null; single: boolean
  last: string | null; next_due: string | null; state: string; overdue_days: number
}
export type Needs = { area: string; name_zh: string; name_en: string; people: number; sites_least: number; sites_most: number; samplers: number; tubes: number }
export type RoundPlan = { total: Needs; streets: Needs[]; lacking_samplers: number | null; lacking_tubes: number | null; reasons: { zh: string; en: string; source: string[] }[] }
export type ModeAdvice = { mode: string; people: number; tubes: number; held: number; missed: number; cost: number; limits: string[] }
export type Advice = { modes: ModeAdvice[]; escape: [number, number, number][] }
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
  programme: (area: string, known_at: string) => ask<Programme[]>('screening/programme', { area, known_at, at: known_at }),
  holds: (round: string, known_at: string) => ask<Hold[]>('screening/holds', { round, known_at }),
  care: (round: string, known_at: string) => ask<WaitingPerson[]>('screening/care', { round, known_at }),
  key: (known_at: string) => ask<KeyPicture>('screening/key', { known_at }),
  keyPeople: (state: string, known_at: string) => ask<KeyRow[]>('screening/key/people', { state, known_at }),
  plan: (round: string, tube_size: number, samplers: number | null) => ask<RoundPlan>('screening/plan', { round, tube_size, samplers }),
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
