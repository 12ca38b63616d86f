/** The exercise whose record this is: its truth, for the trainer. */
import { address, ask } from '../lib/ask'

export type TrueDay = {
  day: string; new: number; found: number; unseen: number; in_flight: number; reported: number
  counties: Record<string, number>; reported_in: Record<string, number>
}
export type TrueArea = { area: string; infections: number; found: number; unseen: number; in_flight: number; on_record: number }
export type TrueChain = {
  area: string; began: string; newest: string; infections: number; generations: number; found: number; in_flight: number; counties: number; seen: boolean
}
export type Score = {
  mode: string | null; days: number; infections: number; reported: number; days_to_detection: number | null; found_before_spread: number; peak_daily: number
  spilled_cities: number; days_to_zero: number | null; averted: number; restricted_days: number; restricted_per_averted: number | null; excess_days: number; quarantine_days: number
  people_sampled: number; feeds_written: number
}
export type TrainersView = {
  name: string; pathogen: string; reproduction_number: number; began: [string, number, number][]; first_day: string; days_planned: number; days_done: number
  mode: string | null; flight_days: number; days: TrueDay[]; areas: TrueArea[]; streets: TrueArea[]; chains: TrueChain[]
  seen: { cases: number; zones_in_force: number; screening_rounds: number; proposals_open: number }; score: Score | null
}

export const exercise = {
  truth: () => ask<TrainersView>('exercise/truth'),
  report: (lang: string, format: 'html' | 'markdown') => address('exercise/report', { lang, format }),
}
