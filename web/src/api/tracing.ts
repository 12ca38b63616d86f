/** Cases, contacts, investigations and letters; who infected whom, how many chains, what changed. */
import { ask } from '../lib/ask'
import type { Estimate } from './situation'

export type Sentence = { zh: string; en: string }
export type Candidate = { source: string | null; probability: number; because: string[] }
export type SourceAnswer = { case: string; day: string | null; candidates: Candidate[]; open_bits: number }
export type Link = { case: string; source: string | null; probability: number; generation: number; day: string | null; chain: string }
export type Chain = {
  root: string; cases: string[]; size: number; generations: number; first_day: string | null; last_day: string | null; active: boolean; curve: number[]
}
export type Spreader = { id: string; what: string; expected: number; probability: number }
export type EventNode = { id: string; what: string; title: string; setting: string; day: string | null; brought_by: string[]; reached: string[] }
export type Chains = {
  cases: number; linked: number; chains: Chain[]; single_cases: number; links: Link[]; introductions: Estimate; reproduction: Estimate | null
  dispersion: Estimate | null; spreaders: Spreader[]; serial_mean_days: number; serial_sd_days: number; serial_from: string; recorded_components: number[]; events: EventNode[]
}
export type Contact = {
  person: string; area: string; role: string; exposures: string[]; of_cases: string[]; last_contact: string | null; until: string | null
  last_seen: string | null; proposed: boolean; due: string; due_on: string | null
}
export type Clock = { stage: string; due: string | null; reached: string | null; late_hours: number; missing: string[] }
export type Investigation = { id: string; area: string; case: string; disease: string; reported: string; stage: string; rule: string; clocks: Clock[]; charges: { area: string; since: string; why: string }[] }
export type Question = { key: string; stage: string; kind: string; said: Sentence; values: string[] }
export type Letter = { id: string; area: string; to: string; people: string[]; asked: string; sent: string; due: string; case: string | null; late_hours: number; reply: { outcome: string; answer: string; at: string } | null }
export type Case = { id: string; person: string; area: string; disease: string; classification: string; onset: string | null; reported: string | null }
export type Exposure = { id: string; source: string; target: string; state: string; setting: string; first_contact: string | null; last_contact: string | null }
export type PlaceSeen = {
  id: string; name_zh: string; name_en: string; setting: string; area: string; longitude: number | null; latitude: number | null; visits: number; hours: number
  while_infectious: boolean
}
export type CaseView = {
  case: Case; history: { noun: Case; known_from: string; act: number }[]; spans: { name: string; since: string; until: string | null }[]
  chronology: { at: string; kind: string; about: string }[]; exposed_by: Exposure[]; exposed: Exposure[]; investigation: Investigation | null; sources: Candidate[]
  told_as: string[]; same_as: string[]; places: PlaceSeen[]
}
export type Venue = { id: string; area: string; name_zh: string; name_en: string; setting: string }
export type Asked = { doubt?: string; ask?: string; zh: string; en: string; bits?: number }
export type Indicator = { name: string; said: Sentence; cases: string[]; of: string[]; share: number | null; median_hours: number | null }

export type ChainChange = { change: string; now: string | null; before: string[]; cases: number; cases_before: number; new_cases: string[] }
export type Changed = {
  since: string; at: string; new_cases: string[]; new_areas: string[]; new_sources: string[]; chains: ChainChange[]; indicators: Indicator[]
}
export type SamePair = { id: string; area: string; kept: string; other: string; state: string; why: string; bits: number | null; cases_kept: string[]; cases_other: string[] }
export type Who = { person: string; name: string; phone: string; address: string }
export type Disease = { disease: string; cases: number; serial_mean_days: number | null; serial_sd_days: number | null; questions: number }
export type Incident = { id: string; area: string; disease: string; title_zh: string; title_en: string; state: string; opened: string; closed: string | null }
export type Milestone = { name: string; at: string | null; noted: boolean; not_applicable: string }
export type Seven = {
  incident: string | null; disease: string; area: string; milestones: Milestone[]; actions: Milestone[]
  detect_days: number | null; notify_days: number | null; respond_days: number | null
}
export type LetterGiven = { to: string; people: string[]; asked: string; due: string; case: string | null; area: string }

const at = (area: string, known: string) => ({ area, known_at: known })
export const tracing = {
  chains: (area: string, known: string, disease = '') => ask<Chains>('tracing/chains', { ...at(area, known), disease }),
  sources: (area: string, id: string, known: string, disease = '') => ask<SourceAnswer[]>('tracing/sources', { ...at(area, known), case: id, disease }),
  diseases: (area: string, known: string) => ask<Disease[]>('tracing/diseases', at(area, known)),
  questions: (area: string, known: string, disease = '') => ask<Asked[]>('tracing/inconsistencies', { ...at(area, known), disease }),
  inquiries: (area: string, known: string, disease = '') => ask<Asked[]>('tracing/inquiries', { ...at(area, known), most: '12', disease }),
  indicators: (area: string, known: string) => ask<Indicator[]>('tracing/indicators', at(area, known)),
  contacts: (area: string, known: string, due: string, after?: Contact) =>
    ask<Contact[]>('tracing/contacts', { ...at(area, known), due, after: after?.person, after_day: due === 'later' ? after?.due_on : after?.until }),
  contactCounts: (area: string, known: string) => ask<Record<string, number>>('tracing/contacts/counts', at(area, known)),
  investigations: (area: string, known: string) => ask<Investigation[]>('tracing/investigations', at(area, known)),
  letters: (area: string, known: string) => ask<Letter[]>('tracing/letters', at(area, known)),
  form: (disease: string) => ask<Question[]>('tracing/form', { disease }),
  case: (id: string, known: string) => ask<CaseView>('tracing/case', { case: id, known_at: known }),
  open: (id: string) => ask<Investigation>('tracing/investigations', {}, { case: id }),
  reach: (id: string, stage: string) => ask<Investigation>(`tracing/investigations/${id}/stages`, {}, { stage }),
  answer: (id: string, answers: Record<string, string>) => ask<Investigation>(`tracing/investigations/${id}/answers`, {}, { answers }),
  propose: (id: string) => ask<Exposure[]>('tracing/contacts/proposals', {}, { case: id }),
  judge: (exposures: string[], state: string) => ask<Exposure[]>('tracing/exposures/judgement', {}, { exposures, state }),
  changes: (area: string, known: string, since: string) => ask<Changed>('tracing/changes', { ...at(area, known), since }),
  same: (area: string, known: string, decided: boolean) => ask<SamePair[]>('tracing/same', { ...at(area, known), decided: decided || '' }),
  search: (area: string, purpose: string) => ask<SamePair[]>('tracing/same/searches', {}, { area, purpose }),
  decide: (one: string, other: string, state: string, why: string) => ask<SamePair>('tracing/same/decisions', {}, { one, other, state, why }),
  identity: (person: string, purpose: string) => ask<Who>('tracing/identity', {}, { person, purpose }),
  send: (letter: LetterGiven) => ask<Letter>('tracing/letters', {}, letter),
  reply: (letter: string, outcome: string, answer: string) => ask<Letter>(`tracing/letters/${letter}/reply`, {}, { outcome, answer }),
  incidents: (area: string, known: string) => ask<Incident[]>('tracing/incidents', at(area, known)),
  seven: (area: string, known: string, disease: string, incident: string) => ask<Seven>('tracing/7-1-7', { ...at(area, known), disease, incident }),
  note: (incident: string, given: { action: string; started?: string; not_applicable?: string; why?: string }) => ask<Seven>(`tracing/incidents/${incident}/actions`, {}, given),
  reports: (area: string, known: string) => ask<Case[]>('tracing/reports', at(area, known)),
  venues: (area: string, known: string) => ask<Venue[]>('tracing/venues', at(area, known)),
  visit: (given: { case: string; place: string; since: string; until: string; setting: string; role: string; mask: boolean | null; indoors: boolean | null }) =>
    ask<{ id: string }>('tracing/visits', {}, given),
}
