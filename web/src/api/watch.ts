/** What stands out, what is silent, and how good the watch is. */
import { ask } from '../lib/ask'
import type { Proposal, Said } from './commanding'

export type Stream = { disease: string; counted: string; mode: string; interval: string; site: string }
export type Contribution = {
  area: string; stream: Stream; name: Said; observed: number | null; expected: number | null; threshold: number | null; p_value: number | null
  week_observed: number | null; week_expected: number | null; week_length: number | null; since: string | null; judgement: string; baseline: number; baseline_missing: number
  carrier: 'day' | 'sum' | 'memory'; memory_days: number | null; memory_above: number | null; memory_observed: number | null; memory_expected: number | null
}
export type Finding = {
  area: string; disease: string; day: string; since: string; p_value: number; q_value: number; method: string; lead: Contribution; contributions: Contribution[]
  against: number; missing: Stream[]; together: number | null; festival: boolean; explanation: Said; curve: { first_day: string; counts: (number | null)[] }
}
export type Picture = {
  day: string; method: string; streams: number; family: number; alpha: number; false_share: number; alarms: number; findings: Finding[]
  unjudged: { area: string; stream: Stream; name: Said; judgement: string }[]; faults: { area: string; stream: Stream; name: Said; kind: string; day: string | null }[]
}
export type Alert = {
  id: string; area: string; disease: string; first_day: string; last_day: string; opened: string; streams: string[]; p_value: number; q_value: number
  explanation: Said; method: string; seen: number; state: string; steps: { held: string; at: string; by: string; reason: string }[]
  snoozed_until: string | null; task: string; incident: string
}
export type Sheet = {
  sentinel: { id: string; area: string; kind: string; name: Said; streams: Stream[]; office: string; call: string; due_hour: number }
  owed: number; sent: number; zero_reports: number; completeness: number | null; late_share: number | null; median_delay_hours: number | null
  last_report: string | null; silent_days: number; silence_p: number | null; state: string; explanation: Said
}
export type Reported = { sentinel: string; day: string; values: [string, number][]; new: number; corrected: number; late: boolean }
export type OwnDay = { interval: string; day: string; due: string; state: string; values: [string, number][]; first_sent: string | null; corrections: number }
export type OwnReports = { sheet: Sheet; days: OwnDay[] }
export type Silent = { area: string; sentinels: number; silent: number; completeness: number | null }
export type Verdicts = {
  method: string; alerts: number; open: number; events: number; no_events: number; data_faults: number; predictive_value: number | null; median_hours_to_triage: number | null
}
export type Seven = { incident: string; emerged: string | null; detected: string | null; days: number | null; in_time: boolean | null }
type Estimate = { value: number; low: number; high: number }
export type SchoolBreak = { id: string; area: string; since: string; until: string; name: string; source: string; counted: string[] }
export type KindMethod = { counted: string; interval: string; method: string }
export type Rule = { rule: { area: string; method: string; alpha: number; false_share: number; proposal: string; kinds: KindMethod[] }; methods: string[] }
export type RuleAsked = { area: string; method: string; alpha: number; false_share: number; kinds: string[] }
export type Burden = { kinds: string[]; method: string; alpha: number; false_share: number; days: number; streams: number; signals_per_week: number; per_area_week: number; predictive_value: Estimate | null; assumed_per_stream_year: number }
export type Workload = { in_force: Burden | null; wanted: Burden | null }
export type Rehearsal = {
  streams: number; judged_days: number; quiet_rate: number
  workload: { method: string; judged_share: number; per_stream_week: number; signals_per_week: number; at_equal_rate: number }[]
  performance: { method: string; level: string; shape: string; size_sd: number; outbreaks: number; found: Estimate; days: Estimate }[]
  recommended: { level: string; method: string; found: number; days: number; default_found: number; default_days: number }[]
}

export const watch = {
  picture: (area: string, known_at: string) => ask<Picture>('watch/picture', { area, known_at }),
  alerts: (area: string, known_at: string) => ask<Alert[]>('alerts', { area, known_at }),
  sentinels: (area: string, known_at: string) => ask<{ sheets: Sheet[]; areas: Silent[] }>('sentinels', { area, known_at }),
  verdicts: (area: string, known_at: string) => ask<{ verdicts: Verdicts[]; seven: Seven[] }>('watch/verdicts', { area, known_at }),
  rehearsal: (area: string, known_at: string) => ask<{ rehearsal: Rehearsal | null; why: string }>('watch/rehearsal', { area, known_at }),
  terms: (area: string, known_at: string) => ask<SchoolBreak[]>('watch/terms', { area, known_at }),
  days: (sentinel: string) => ask<OwnReports>(`sentinels/${encodeURIComponent(sentinel)}/days`),
  rule: (area: string, known_at: string) => ask<Rule>('watch/rule', { area, known_at }),
  workload: ({ kinds, ...rule }: RuleAsked) => ask<Workload>('watch/workload', { ...rule, kind: kinds }),
  report: (sentinel: string, day: string, values: Record<string, number>) => ask<Reported>(`sentinels/${encodeURIComponent(sentinel)}/reports`, {}, { day, values }),
  triage: (alert: string, judgement: { held: string; reason: string }) => ask<Alert>(`alerts/${alert}/triage`, {}, judgement),
  snooze: (alert: string, until: string, reason: string) => ask<Alert>(`alerts/${alert}/snooze`, {}, { until, reason }),
  propose: (rule: RuleAsked) => ask<Proposal>('watch/rules', {}, rule),
}
