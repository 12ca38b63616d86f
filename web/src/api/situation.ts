/** The picture of an area, the series under its curves and the rows behind its figures. */
import { ask } from '../lib/ask'
import type { Area } from './access'

export type Estimate = { value: number; low: number; high: number; level: number }
export type Reproduction = {
  area: string; since: string; until: string; state: string; estimate: Estimate | null; cases: number; missing_days: number
}
export type Figures = {
  area: string; name_zh: string; name_en: string; infections: number | null; confirmed: number | null
  asymptomatic: number | null; before: number | null; week: number | null; week_missing: number
  rt: Reproduction | null; signals: number; places: number | null; places_reporting: number | null
}
export type Signal = {
  area: string; day: string; observed: number; expected: number; threshold: number; score: number; method: string
  explanation: { zh: string; en: string }
  series: { first_day: string; counts: (number | null)[] }
}
export type Silence = { area: string; name_zh: string; name_en: string; since: string; days: number }
export type Picture = {
  area: Area; day: string; known_at: string | null; total: Figures; children: Figures[]; signals: Signal[]; missing: Silence[]; newest_act: number
}
export type Curve = {
  days: string[]; infections: (number | null)[]; confirmed: (number | null)[]; asymptomatic: (number | null)[]
  places: number | null; places_reporting: number[] | null
}
export type Row = { area: string; stream: string; day: string; value: number; act: number; known_from: string; source: string }
export type Shapes = { type: 'FeatureCollection'; features: any[] }

export const situation = {
  picture: (area: string, day: string, known_at: string) => ask<Picture>('picture', { area, day, known_at }),
  curve: (area: string, since: string, until: string, known_at: string) => ask<Curve>('curve', { area, since, until, known_at }),
  reproduction: (area: string, since: string, until: string, known_at: string) =>
    ask<Reproduction[]>('reproduction', { area, since, until, known_at }),
  list: (area: string, day: string, figure: string, known_at: string) => ask<Row[]>('list', { area, day, figure, known_at }),
  map: (level: string) => ask<Shapes>('map', { level }),
}
