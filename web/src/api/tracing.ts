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
export type Chains = {
  cases: number; linked: number; chains: Chain[]; single_cases: number; links: Link[]; introductions: Estimate; reproduction: Estimate | null
  dispersion: Estimate | null; spreaders: Spreader[]; serial_mean_days: number; serial_sd_days: number; serial_from: string; recorded_components: number[]
}
export type Contact = {
  person: string; area: string; role: string; exposures: string[]; of_cases: string[]; last_contact: string | null; until: string | null
  last_seen: string | null; proposed: boolean; due: string
}
export type Clock = { stage: string; due: string | null; reached: string | null; late_hours: number; missing: string[] }
export type Investigation = { id: string; area: string; case: string; disease: string; reported: string; stage: string; rule: string; clocks: Clock[]; charges: { area: string; since: string; why: string }[] }
export type Question = { key: string; stage: string; kind: string; said: Sentence; values: string[] }
export type Letter = { id: string; area: string; to: string; people: string[]; asked: string; sent: string; due: string; case: string | null; late_hours: number; reply: { outcome: string; answer: string; at: string } | null }
export type Case = { id: string; person: string; area: string; disease: string; classification: string; onset: string | null; reported: string | null }
export type Exposure = { id: string; source: string; target: string; state: string; setting: string; first_contact: string | null; last_contact: string | null }
export type CaseView = {
  case: Case; history: { noun: Case; known_from: string; act: number }[]; spans: { name: string; since: string; until: string | null }[]
  chronology: { at: string; kind: string; about: string }[]; exposed_by: Exposure[]; exposed: Exposure[]; investigation: Investigation | null; sources: Candidate[]
}
export type Asked = { doubt?: string; ask?: string; zh: string; en: string; bits?: number }
export type Indicator = { name: string; said: Sentence; cases: string[]; of: string[]; share: number | null; median_hours: number | null }

const at = (area: string, known: string) => ({ area, known_at: known })
export const tracing = {
  chains: (area: string, known: string) => ask<Chains>('tracing/chains', at(area, known)),
  sources: (area: string, id: string, known: string) => ask<SourceAnswer[]>('tracing/sources', { ...at(area, known), case: id }),
  questions: (area: string, known: string) => ask<Asked[]>('tracing/inconsistencies', at(area, known)),
  inquiries: (area: string, known: string) => ask<Asked[]>('tracing/inquiries', { ...at(area, known), most: '12' }),
  indicators: (area: string, known: string) => ask<Indicator[]>('tracing/indicators', at(area, known)),
  contacts: (area: string, known: string) => ask<Contact[]>('tracing/contacts', at(area, known)),
  investigations: (area: string, known: string) => ask<Investigation[]>('tracing/investigations', at(area, known)),
  letters: (area: string, known: string) => ask<Letter[]>('tracing/letters', at(area, known)),
  form: (disease: string) => ask<Question[]>('tracing/form', { disease }),
  case: (id: string, known: string) => ask<CaseView>('tracing/case', { case: id, known_at: known }),
  open: (id: string) => ask<Investigation>('tracing/investigations', {}, { case: id }),
  reach: (id: string, stage: string) => ask<Investigation>(`tracing/investigations/${id}/stages`, {}, { stage }),
  answer: (id: string, answers: Record<string, string>) => ask<Investigation>(`tracing/investigations/${id}/answers`, {}, { answers }),
  propose: (id: string) => ask<Exposure[]>('tracing/contacts/proposals', {}, { case: id }),
  judge: (exposures: string[], state: string) => ask<Exposure[]>('tracing/exposures/judgement', {}, { exposures, state }),
}
