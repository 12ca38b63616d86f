/** Rounds of screening: who was reached, who is held, whether the laboratories can be trusted. */
import { ask } from '../lib/ask'

export type Round = { id: string; area: string; disease: string; opened: string; closes: string; closed: string | null; rule: string }
export type Covered = {
  area: string; name_zh: string; name_en: string; due: number; exempt: number; sampled: number; with_result: number
  pending: number; held: number; to_swab_again: number; visitors: number
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

export const screening = {
  rounds: (known_at: string) => ask<Round[]>('screening/rounds', { known_at }),
  coverage: (round: string, known_at: string) => ask<Coverage>('screening/coverage', { round, known_at }),
  gaps: (round: string, area: string, known_at: string) => ask<Gap[]>('screening/gaps', { round, area, known_at }),
  held: (round: string, known_at: string) => ask<HeldTube[]>('screening/held', { round, known_at }),
  laboratories: (round: string, known_at: string) => ask<Laboratories>('screening/laboratories', { round, known_at }),
  designs: (prevalence: number, sensitivity: number, specificity: number) =>
    ask<DesignCost[]>('screening/designs', { prevalence: String(prevalence), sensitivity: String(sensitivity), specificity: String(specificity) }),
}
