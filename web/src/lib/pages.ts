/** Every file in pages/ that says what it is: there is no other list. */
import type { Component } from 'svelte'

export type Page = {
  id: string
  /** Where it stands in the row of pages; the work flows from small to large. */
  order: number
  zh: string
  en: string
  /** A power (decide, ingest, ...) without which the page is not offered. */
  needs?: string
  /** Shown without log-in, too. */
  public?: boolean
}
export type Found = Page & { shown: Component; letter: string }

const files = import.meta.glob<{ default: Component; page: Page }>('../pages/*.svelte', { eager: true })

function found(): Found[] {
  const all = Object.values(files).map((file) => ({ ...file.page, shown: file.default, letter: '' }))
  all.sort((a, b) => a.order - b.order || a.id.localeCompare(b.id))
  const taken = new Set<string>()
  for (const page of all) {
    page.letter = [...page.id].find((letter) => /[a-z]/.test(letter) && !taken.has(letter)) ?? ''
    taken.add(page.letter)
  }
  return all
}
export const pages = found()
