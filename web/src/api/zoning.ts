/** Zones and their clocks, where risk lies, and what applies to one address. */
import { ask } from '../lib/ask'
import type { Proposal, Reason, Said } from './commanding'

export type Span = { level: string; since: string; clock_start: string; order: string; line: number; change: string; after_high: boolean; outside: boolean; reason: string }
export type Zone = {
  id: string; area: string; place: { expression: string }; disease: string; name_zh: string; name_en: string; spans: Span[]; part: 'core' | 'ring'
  ring_of: string | null; came_from: string[]; residents: number | null
}
export type Sheet = {
  zone: Zone; at: string; level: string; since: string; clock_start: string; period_ends: string | null; eligible_at: string | null; to: string | null
  missing: string[]; missing_people: string[]; infections: number; ordered_until: string | null; due: string | null; late_hours: number; decided_in: string
  rulebook: string; outside: boolean; reasons: Reason[]; trace: { what: string; at: string | null; detail: string }[]; assumed: string[]
}
export type County = { area: string; status: string; since: string | null; zones: number; residents: number | null; normal_from: string | null }
export type Version = { noun: Zone; known_from: string; known_until: string | null; act: number }
export type Drawn = { what: Said; place: { expression: string } | null; units: number; residents: number; share: number; low: number; high: number; least: number }
export type Delineation = {
  nothing?: string; wanted: number; expected_infections: number; chosen: Drawn; ring: Drawn; ways: Drawn[]; baseline: Drawn
  curve: { residents: number; outside: number; low: number; high: number }[]; stays: number; assumed_air: number; unplaced: number; method: Said
}
export type PublicZone = {
  name: Said; level: string; level_name: Said; since: string; notice: string; published: string | null; earliest_end: string | null; waits_for: Said[]; part: string
}
export type Applies = { area: string; place: string; at: string; level: string; level_name: Said; says: Reason[]; zones: PublicZone[]; perhaps: PublicZone[]; until: string | null }
export type District = { area: string; name_zh: string; name_en: string }

export type Shape = {
  zone: string; area: string; name_zh: string; name_en: string; level: string; part: 'core' | 'ring'; outside: boolean; residents: number | null
  exact: 'outline' | 'within' | 'point' | 'area'; rings: [number, number][][]; point: [number, number] | null
}

export type Late = {
  id: string; area: string; zone: string; level: string; eligible: string; due: string; alarmed: string; name_zh: string; name_en: string
  residents: number | null; ended: string | null; change: string | null; late_hours: number
}

export const zoning = {
  late: (area: string, known_at: string) => ask<Late[]>('zones/late', { area, known_at }),
  shapes: (area: string, known_at: string) => ask<Shape[]>('zones/shapes', { area, known_at }),
  zones: (area: string, known_at: string, every = false) => ask<Sheet[]>('zones', { area, known_at, every: every || undefined }),
  counties: (area: string, known_at: string) => ask<County[]>('zones/counties', { area, known_at }),
  history: (zone: string, known_at: string) => ask<Version[]>('zones/history', { zone, known_at }),
  draw: (area: string, known_at: string, share: number) => ask<Delineation>('zones/delineation', { area, known_at, share }),
  propose: (area: string, share: number) => ask<Proposal>('zones/delineation', {}, { area, share }),
  districts: () => ask<District[]>('public/districts'),
  applies: (where: { area: string; compound?: string; building?: string; unit?: string; at?: string }) => ask<Applies>('public/address', where),
}
