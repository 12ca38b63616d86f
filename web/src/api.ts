/** The board's only way to the house: typed questions to /api/v1, one error shape back. */

export type Estimate = { value: number; low: number; high: number; level: number }
export type Reproduction = {
  area: string; since: string; until: string; state: string; estimate: Estimate | null; cases: number; missing_days: number
}
export type Area = { path: string; level: string; name_zh: string; name_en: string; population: number | null }
export type Figures = {
  area: string; name_zh: string; name_en: string; infections: number | null; confirmed: number | null
  asymptomatic: number | null; before: number | null; week: number | null; week_missing: number
  rt: Reproduction | null; signals: number; places: number | null; places_reporting: number | null
}
export type Signal = {
  signal: { area: string; day: string; observed: number; expected: number; threshold: number; score: number; method: string }
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
export type Span = { since: string | null; until: string | null; newest: string | null; rounds: string[] }
export type Row = { area: string; stream: string; day: string; value: number; act: number; known_from: string; source: string }
export type Act = { number: number; desk: string; verb: string; area: string; at: string; subject: string; user: string }
export type Round = { at: string; desks: { desk: string; ok: boolean; message: string; made: number }[] }
export type Me = { user: string; shown_as: string; viewer: { user: string; duty: string; area: string } }
export type Shapes = { type: 'FeatureCollection'; features: any[] }

export class Refused extends Error {
  constructor(public status: number, message: string) {
    super(message)
  }
}

async function ask<T>(path: string, query: Record<string, string | null | undefined> = {}, body?: unknown): Promise<T> {
  const asked = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]))
  const url = `./api/v1/${path}${asked.length ? '?' + new URLSearchParams(asked) : ''}`
  const answer = await fetch(url, body === undefined ? {} : {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  })
  if (!answer.ok) {
    const told = await answer.json().catch(() => null)
    throw new Refused(answer.status, told?.error?.message ?? answer.statusText)
  }
  return answer.json()
}

export const api = {
  me: () => ask<Me>('me'),
  login: (user: string, password: string) => ask<Me>('login', {}, { user, password }),
  logout: () => ask<unknown>('logout', {}, {}),
  span: () => ask<Span>('span'),
  picture: (area: string, day: string, known_at: string) => ask<Picture>('picture', { area, day, known_at }),
  curve: (area: string, since: string, until: string, known_at: string) => ask<Curve>('curve', { area, since, until, known_at }),
  reproduction: (area: string, since: string, until: string, known_at: string) =>
    ask<Reproduction[]>('reproduction', { area, since, until, known_at }),
  list: (area: string, day: string, figure: string, known_at: string) => ask<Row[]>('list', { area, day, figure, known_at }),
  map: (level: string) => ask<Shapes>('map', { level }),
  acts: (after: number) => ask<Act[]>('acts', { after: String(after), limit: '8' }),
  rounds: (since: string, until: string) => ask<Round[]>('rounds', { since, until }),
}
