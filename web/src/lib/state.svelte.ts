/**
 * What every page shares: who looks, in which language, at which area, as known when.
 *
 * Area, moment and language live in the address, so a link shows its reader the same thing. `known` is '' while the
 * board looks at the present; a page passes it on as `known_at`, and an empty one is left out of the question.
 */
import { access, type Area, type Me, type Span } from '../api/access'
import { actAs, Refused } from './ask'
import { dayOf, shift } from './dates'
import { forgetDrafts } from './draft.svelte'
import { read, write, type Place } from './route'
import type { Lang } from './words'

const LANG = 'yipan-lang'

class Board {
  lang = $state<Lang>('zh')
  me = $state<Me | null>(null)
  /** Whether it is known who looks. */
  asked = $state(false)
  span = $state<Span | null>(null)
  /** Index into the moments of the slider; the last one is the present. */
  position = $state(0)
  area = $state('')
  page = $state('')
  /** What else stands in the address: a page's own choices. */
  query = $state<Record<string, string>>({})
  areas = $state.raw<Map<string, Area>>(new Map())
  /** Grows with every act that happens while the board looks at the present: what reads it asks again. */
  beat = $state(0)

  readonly stops = $derived((this.span?.rounds.length ?? 0) + 1)
  readonly live = $derived(this.position >= this.stops - 1)
  readonly known = $derived(this.live ? '' : (this.span?.rounds[this.position] ?? ''))
  /** The day the figures speak of: the one before a morning's round, the record's last day at present. */
  readonly day = $derived(this.known ? shift(dayOf(this.known), -1) : this.span?.until ? shift(this.span.until, -1) : '')
  /** The one sentinel this log-in is for, '' where it is for an area. */
  readonly sentinel = $derived(this.me?.viewer.duty === 'sentinel' ? (this.me.viewer.area.match(/--([0-9a-z-]+)\.$/)?.[1] ?? '') : '')
  readonly here = $derived(this.areas.get(this.area) ?? null)
  /** The level of the places right below, or of the area itself where there are none; '' until the areas are known. */
  readonly levelBelow = $derived.by(() => {
    const depth = this.area.split('.').length + 1
    for (const area of this.areas.values()) if (area.path.startsWith(this.area) && area.path.split('.').length === depth) return area.level
    return this.here?.level ?? ''
  })

  constructor() {
    const place = read(location.hash)
    const kept = place.query.lang ?? localStorage.getItem(LANG) ?? (navigator.language.startsWith('zh') ? 'zh' : 'en')
    this.lang = kept === 'en' ? 'en' : 'zh'
    this.page = place.page
    this.query = own(place.query)
    this.area = place.query.area ?? ''
    addEventListener('hashchange', () => this.follow(read(location.hash)))
  }

  /** How far the record's present lies from this machine's, in milliseconds: a demonstration goes on from its last day. */
  private behind = 0
  now(): number {
    return Date.now() - this.behind
  }

  async enter(me: Me): Promise<void> {
    this.behind = Date.now() - Date.parse(me.now)
    if (me.viewer.duty === 'sentinel') {
      this.area = me.viewer.area
      this.me = me
      this.asked = true
      return
    }
    this.span = await access.span()
    const { query } = read(location.hash)
    this.position = this.positionOf(query.at)
    if (!this.area) this.area = me.viewer.area
    this.me = me
    this.asked = true
    this.areas = new Map((await access.areas()).map((area) => [area.path, area]))
  }

  /** See who is logged in, if anybody. */
  async begin(): Promise<void> {
    try {
      await this.enter(await access.me())
    } catch (failure) {
      if (!(failure instanceof Refused)) throw failure
    } finally {
      this.asked = true
    }
  }

  async leave(): Promise<void> {
    await access.logout()
    forgetDrafts()
    this.forget()
  }

  /** Act under another of the duties held, given as `duty:area`. */
  async serve(held: string): Promise<void> {
    actAs(held)
    this.me = await access.me()
    this.area = this.me.viewer.area
  }

  /** The log-in has ended. */
  forget(): void {
    actAs('')
    this.me = null
    this.area = ''
  }

  /** Ask anew which rounds there are; whoever looked at the present goes on doing so. */
  async renew(): Promise<void> {
    const wasLive = this.live
    this.span = await access.span()
    if (wasLive) this.position = this.stops - 1
    this.beat += 1
  }

  may(power: string): boolean {
    return this.me?.powers.includes(power) ?? false
  }

  name(path: string): string {
    const found = this.areas.get(path)
    return found ? this.say(found) : path
  }
  say(thing: { name_zh: string; name_en: string }): string {
    return this.lang === 'zh' ? thing.name_zh : thing.name_en
  }

  step(by: number): void {
    this.position = Math.min(Math.max(0, this.position + by), this.stops - 1)
  }

  /** A link to a page with the area, moment and language of now. */
  link(page: string, more: Record<string, string> = {}): string {
    return write({ page, query: { area: this.area, at: this.known, lang: this.lang, ...more } })
  }
  goto(page: string, more: Record<string, string> = {}): void {
    location.hash = this.link(page, more)
  }
  /** Keep a page's choice in the address; '' takes it out. */
  choose(name: string, value: string): void {
    this.query = own({ ...this.query, [name]: value })
  }

  private positionOf(at: string | undefined): number {
    const newest = this.stops - 1
    if (!at) return newest
    const found = (this.span?.rounds ?? []).findLastIndex((round) => Date.parse(round) <= Date.parse(at))
    return found < 0 ? newest : found
  }
  private follow(place: Place): void {
    this.page = place.page
    this.query = own(place.query)
    if (place.query.area) this.area = place.query.area
    else if (this.me) this.area = this.me.viewer.area
    if (place.query.lang === 'zh' || place.query.lang === 'en') this.lang = place.query.lang
    if (this.span) this.position = this.positionOf(place.query.at)
  }
}

function own(query: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(query).filter(([name, value]) => !['area', 'at', 'lang'].includes(name) && value !== ''))
}

export const board = new Board()
