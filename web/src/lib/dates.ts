/** Days and moments as the province reads them; the record's time zone is the province's own. */
import type { Lang } from './words'

const ZONE = 'Asia/Shanghai'
const HOURS_EAST = 8

export function shift(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86400000).toISOString().slice(0, 10)
}
export function dayOf(instant: string): string {
  return new Date(Date.parse(instant) + HOURS_EAST * 3600000).toISOString().slice(0, 10)
}
export function moment(instant: string, lang: Lang): string {
  return new Date(instant).toLocaleString(lang === 'zh' ? 'zh-CN' : 'en-GB', { timeZone: ZONE, dateStyle: 'medium', timeStyle: 'short' })
}
export function dayTold(day: string, lang: Lang): string {
  return new Date(`${day}T00:00:00Z`).toLocaleDateString(lang === 'zh' ? 'zh-CN' : 'en-GB', {
    timeZone: 'UTC', year: 'numeric', month: lang === 'zh' ? 'long' : 'short', day: 'numeric', weekday: 'short',
  })
}
