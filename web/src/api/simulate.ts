/** What would happen: strategies run forward from what is known. */
import { ask } from '../lib/ask'

export type Range = { mean: number; low: number; middle: number; high: number }
export type Result = {
  name: string; name_zh: string; replicates: number; measured: Record<string, Range>
  fans: Record<'new' | 'found' | 'beds_held' | 'beds_wanting' | 'quarantined_central' | 'quarantined_home', number[][]>; film: number[][]; by_replicate: Record<string, number[]>
}
export type Difference = { measure: string; first: string; second: string; mean: number; low: number; high: number; less: number; equal: number }
export type FrontPoint = {
  strategy: string; mean: Record<string, number>; cautious: Record<string, number>; on_front: boolean; on_cautious_front: boolean
  dominated_by: string[]; chance: number
}
export type Comparison = {
  days: number; replicates: number; seed: number; axes: Record<string, string>; counties: string[]; results: Result[]
  differences: Difference[]; front: FrontPoint[]
}
export type WhatIf = {
  area: string; at: string; first_day: string; known_cases: number; lead_days: number; reproduction_number: number; growth_per_day: number
  asked_replicates: number; ended_early: number; comparison: Comparison
}
export type Job = { id: string; area: string; state: 'running' | 'done' | 'failed'; done: number; total: number; message: string; result: WhatIf | null }

export const simulate = {
  ask: (known_at: string, question: { area: string; days: number; replicates: number; reproduction_number?: number }) =>
    ask<Job>('simulate/what-if', { known_at }, question),
  look: (id: string) => ask<Job>(`simulate/what-if/${id}`),
}
