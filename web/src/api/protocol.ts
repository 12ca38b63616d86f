/** The text in force here, its numbers with their sources, what changes between two texts. */
import { ask } from '../lib/ask'

export type Text = {
  id: string; name_zh: string; name_en: string; disease: string; layer: string; area: string | null; amends: string | null; published: string
  effective: string | null; confidence: string; note: string
}
export type Parameter = {
  key: string; says_zh: string; says_en: string; value: unknown; unit: string; effective: string | null; published: string; source: string[]
  confidence: string; version: string; where: string; may_differ: string; note: string
}
export type Book = { id: string; name_zh: string; name_en: string; lineage: string[]; parameters: Parameter[]; sources: Record<string, string> }
export type Change = { key: string; says_zh: string; says_en: string; source: string[] }
export type Adopted = {
  id: string; version: string; name_zh: string; name_en: string; area: string; at: string; until: string | null; policy: string; profile: string
  known_from: string; act: number; by: string; holds: boolean
}
export type Choice = { name: string; name_zh: string; name_en: string; value_zh: string; value_en: string; because_zh: string; because_en: string }
export type Here = {
  area: string; at: string; disease: string; adopted: Adopted[]; text: Book | null; in_effect: string | null; texts: Text[]; profile: string | null; choices: Choice[]
}

export const protocol = {
  here: (area: string, known_at: string, at: string, disease: string) => ask<Here>('protocols/here', { area, known_at, at, disease }),
  texts: () => ask<Text[]>('protocols'),
  text: (id: string) => ask<Book>(`protocols/${id}`),
  changes: (from: string, to: string) => ask<Change[]>(`protocols/${from}/changes-to/${to}`),
}
