/** Names of the texts of rules and of what they rest on, asked for once when the first of them is shown. */
import { ask } from './ask'
import type { Lang } from './words'

type Text = { id: string; name_zh: string; name_en: string }

class Texts {
  private named = $state.raw<Map<string, Text>>(new Map())
  private sources = $state.raw<Map<string, Record<string, string>>>(new Map())
  private asked = new Set<string>()

  /** The name of a text; its id until the name is known, and for ids that are no text. */
  name(id: string, lang: Lang): string {
    if (!this.asked.has('')) {
      this.asked.add('')
      ask<Text[]>('protocols').then((found) => (this.named = new Map(found.map((text) => [text.id, text])))).catch(() => this.asked.delete(''))
    }
    const found = this.named.get(id)
    return found ? (lang === 'zh' ? found.name_zh : found.name_en) : id
  }
  /** What a source of a text is called; null where it is not one of the text's, or not known yet. */
  source(text: string, key: string): string | null {
    if (text && /^[a-z0-9-]+$/.test(text) && !this.asked.has(text)) {
      this.asked.add(text)
      ask<{ sources: Record<string, string> }>(`protocols/${text}`).then((found) => (this.sources = new Map(this.sources).set(text, found.sources))).catch(() => {})
    }
    return this.sources.get(text)?.[key] ?? null
  }
}

export const texts = new Texts()
