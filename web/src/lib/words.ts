/** Words of a page in both languages: a key that stands in one and not in the other does not compile. */
export type Lang = 'zh' | 'en'

export function both<K extends string>(words: { zh: Record<K, string>; en: Record<NoInfer<K>, string> }): Record<Lang, Record<K, string>> {
  return words
}

/** What a code of the record is called: `told(w, 'too_few_cases')`; a code nobody named is shown as plain words. */
export function told(words: Record<string, string>, code: string): string {
  return words[code] ?? code.replaceAll('_', ' ')
}
