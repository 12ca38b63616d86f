/** What all charts share: quiet axes, the colours of streams, and silence drawn as silence. */

export const COLOUR = {
  confirmed: '#9f3a44', asymptomatic: '#e6a75c', undivided: '#8a97a0', estimate: '#1f5f6b', alarm: '#a8301c', silent: '#c9cdc8', expected: '#5b6f9a',
} as const

const label = { color: '#52626a', fontSize: 11 }
export const dayAxis = (days: readonly string[]) => ({
  type: 'category', data: days.map((day) => day.slice(5)), axisLine: { lineStyle: { color: '#b9c2c2' } }, axisTick: { show: false },
  axisLabel: { ...label, hideOverlap: true },
})
export const valueAxis = (more: object = {}) => ({
  type: 'value', axisLabel: label, splitNumber: 4, splitLine: { lineStyle: { color: '#e6e8e3' } }, ...more,
})
export const frame = { animation: false, grid: { left: 46, right: 10, top: 28, bottom: 22 }, textStyle: { fontFamily: 'inherit' } }
export const legend = (names: readonly string[]) => ({ top: 0, right: 0, itemWidth: 12, itemHeight: 8, itemGap: 12, textStyle: { fontSize: 11, color: '#52626a' }, data: [...names] })

/** Days without a report as hatched columns over the whole height; needs the second axes of `dayAxes` and `axes`. */
export const silence = (name: string, missing: readonly boolean[]) => ({
  name, type: 'bar', xAxisIndex: 1, yAxisIndex: 1, barCategoryGap: 0, silent: true, z: 0, tooltip: { show: false },
  itemStyle: { color: '#ebece7', decal: { symbol: 'rect', dashArrayX: [1, 0], dashArrayY: [1, 4], rotation: -Math.PI / 4, color: '#b7bbb5' } },
  data: missing.map((is) => (is ? 1 : null)),
})
export const dayAxes = (days: readonly string[]) => [dayAxis(days), { ...dayAxis(days), show: false, axisPointer: { show: false } }]
export const axes = (first: object) => [first, { type: 'value', min: 0, max: 1, show: false }]
