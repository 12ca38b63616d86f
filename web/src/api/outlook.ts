/** What is happening, what comes next, whether it stays below the line, whether it gets out. */
import { ask } from '../lib/ask'

export type Series = { areas: string[]; first_day: string; interval: 'day' | 'week'; counts: (number | null)[][] }
export type Shown = {
  assuming: string; area: string; resting_on: string; since: string; until: string; state: string; cases: number; missing_days: number
  estimate: { value: number; low: number; high: number; level: number } | null
}
export type Forecast = {
  area: string; stream: string; made: string; first_day: string; levels: number[]; quantiles: number[][]; baseline: number[][]
  members: string[]; weights: number[][]; control: string; state: string; failed: boolean; assuming: string
}
export type Nowcast = {
  area: string; first_day: string; levels: number[]; known: (number | null)[]; seen: number[]; quantiles: (number[] | null)[]; states: string[]
}
export type Lever = { name: string; probability: number; lowered_by: number }
export type Bottom = {
  id: string; area: string; chain: string; day: string; resting_on: string; drawn_by: string; assuming: string
  line: { limit: number; probability: number; within_days: [number, number][]; dies_out: number; state: string; levers: Lever[]; reasons: string[]; seen: number; active: number; reproduction: number | null }
}
export type Line = { id: string; area: string; limit: number; alarm_at: number; drawn_by: string; why: string }
export type Destination = {
  destination: string; expected: number; expected_low: number; expected_high: number; introduced: number; lasting: number
  half_arrived_day: number | null; look_first: number; arrived_by: number[]
}
export type Spill = {
  area: string; day: string; days: number; basis: string; destinations: Destination[]
  paths: { destination: string; effective_distance: number | null; random_walk_distance: number | null; likely_origins: [string, number][]; ends_there: number | null }[]
  delays: { cut_share: number; days: number | null; introduced_anyway: number }[]
  growth_per_day: number | null; expected: number; low: number; high: number; left_out: string[]; names: [string, string, string][]
}
export type Score = {
  id: string; area: string; stream: string; horizon: number | null; until: string
  card: {
    tasks: number; wis: number; log_wis: number; relative_wis: number | null; relative_log_wis: number | null
    coverage_50: number; coverage_90: number; coverage_95: number; bias: number; pit: number[]; failed: boolean
  }
}

export type Window = {
  area: string; since: string; until: string; state: string; cases: number; estimate: { value: number; low: number; high: number } | null
}

export const outlook = {
  series: (area: string, day: string, stream: string, known_at: string) => ask<Series[]>('outlook/series', { area, day, stream, known_at }),
  reproduction: (area: string, day: string, stream: string, known_at: string) => ask<Shown[]>('outlook/reproduction', { area, day, stream, known_at }),
  windows: (area: string, since: string, until: string, known_at: string) => ask<Window[]>('reproduction', { area, since, until, known_at }),
  forecasts: (area: string, stream: string, known_at: string) => ask<Forecast[]>('outlook/forecasts', { area, stream, own: true, known_at }),
  nowcasts: (area: string, known_at: string) => ask<Nowcast[]>('outlook/nowcasts', { area, known_at }),
  bottom: (area: string, day: string, known_at: string, limit: number | null, alarm_at: number) =>
    ask<Bottom[]>('outlook/bottom-lines', { area, day, known_at, limit, alarm_at }),
  lines: (area: string, known_at: string) => ask<Line[]>('outlook/lines', { area, known_at }),
  draw: (line: { area: string; limit: number; alarm_at: number; why: string }) => ask<Line>('outlook/lines', {}, line),
  spillover: (area: string, known_at: string) => ask<Spill[]>('outlook/spillover', { area, known_at }),
  scores: (area: string, known_at: string) => ask<Score[]>('outlook/scores', { area, known_at }),
}
