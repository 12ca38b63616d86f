/** Who looks, where they may look, and what the time slider moves over. */
import { ask } from '../lib/ask'

export type Area = {
  path: string; level: string; name_zh: string; name_en: string; code: string | null; population: number | null; functional: boolean
}
export type Span = { since: string | null; until: string | null; newest: string | null; rounds: string[] }
export type Grant = { user: string; duty: string; area: string; since: string; until: string | null }
export type Me = { user: string; shown_as: string; grants: Grant[]; viewer: { user: string; duty: string; area: string }; powers: string[]; now: string; demonstration: boolean }
/** What the door says of itself to anybody; `provider` is where a log-in through one's own organisation begins. */
export type Health = { version: string; demonstration: boolean; provider: string | null }
export type Act = { number: number; desk: string; verb: string; area: string; at: string; subject: string; user: string }
export type Round = { at: string; desks: { desk: string; ok: boolean; message: string; made: number }[] }

export const access = {
  health: () => ask<Health>('health'),
  me: () => ask<Me>('me'),
  login: (user: string, password: string) => ask<Me>('login', {}, { user, password }),
  logout: () => ask<unknown>('logout', {}, {}),
  span: () => ask<Span>('span'),
  areas: () => ask<Area[]>('areas'),
  acts: (after: number, limit: number) => ask<Act[]>('acts', { after, limit }),
  rounds: (since: string, until: string) => ask<Round[]>('rounds', { since, until }),
}
