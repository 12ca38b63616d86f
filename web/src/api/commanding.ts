/** What waits to be decided, what was ordered, what is due and what is late. */
import { ask } from '../lib/ask'

export type Said = { zh: string; en: string }
export type Line = { kind: string; subject: string; area: string; effective: string; terms: Record<string, unknown> }
export type Cost = { residents: number | null; person_days: number | null }
export type Reason = Said & { source: string[]; confidence: string }
export type Proposal = {
  id: string; area: string; desk: string; kind: string; subject: string; what: Said; reasons: Reason[]; by: string; made: string; decided_in: string
  lines: Line[]; alternatives: { what: Said; lines: Line[]; cost: Cost; risk_outside: number | null }[]; cost: Cost; rule: string; power: string
  due: string | null; state: string; decision: { verdict: string; by: string; at: string; reason: string } | null; lapsed: string
  may_decide: boolean; late_hours: number
}
export type Task = {
  id: string; area: string; duty: string; desk: string; kind: string; subject: string; what: Said; starts: string; due: string | null
  measured_to: string; cause: string; rule: string; state: string; finished: string | null; steps: { to: string; at: string; by: string; note: string }[]
  overdue: boolean; late_hours: number
}
export type Order = {
  id: string; area: string; lines: Line[]; effective: string; decided: string; decider: string; signer: string; signed: string | null
  published: string | null; number: string; legal_basis: string[]; rule: string; proposal: string | null; reason: string
}
export type Inbox = { at: string; proposals: Proposal[]; tasks: Task[] }

export const commanding = {
  inbox: (area: string, known_at: string) => ask<Inbox>('inbox', { area, known_at }),
  proposals: (area: string, known_at: string, more: { state?: string; subject?: string } = {}) => ask<Proposal[]>('proposals', { area, known_at, ...more }),
  tasks: (area: string, known_at: string, more: { running?: boolean; subject?: string; cause?: string } = {}) => ask<Task[]>('tasks', { area, known_at, ...more }),
  orders: (area: string, known_at: string) => ask<Order[]>('orders', { area, known_at }),
  decide: (proposal: string, decision: { verdict: string; reason?: string; alternative?: number | null }) =>
    ask<{ proposal: Proposal; order: Order | null; tasks: Task[] }>(`proposals/${proposal}/decision`, {}, decision),
  publish: (order: string, publication: { number?: string; signer?: string }) => ask<Order>(`orders/${order}/publication`, {}, publication),
  step: (task: string, step: { to: string; note?: string }) => ask<Task>(`tasks/${task}/steps`, {}, step),
}
