/** Addresses within the board: `#/zones?area=44.4401.&at=2022-11-10T02:30:00Z&lang=zh&...` */
export type Place = { page: string; query: Record<string, string> }

export function read(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?')
  return { page: path.replace(/\/.*/, ''), query: Object.fromEntries(new URLSearchParams(query)) }
}

export function write({ page, query }: Place): string {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ''))
  return `#/${page}${asked.size ? `?${asked}` : ''}`
}
