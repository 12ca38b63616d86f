/** One scale for the map, its legend and the table: six steps a colour-blind eye tells apart, and a hatch for silence. */

export const COLOURS = ['#f3ecd8', '#f0d49a', '#e6a75c', '#d06f45', '#9f3a44', '#5b2149']
const COUNT_STEPS = [0, 1, 10, 50, 250, 1000]
const RT_STEPS = [0, 0.7, 0.9, 1.1, 1.4, 2]

export type Shown = 'infections' | 'week' | 'rt'

export const steps = (shown: Shown) => (shown === 'rt' ? RT_STEPS : COUNT_STEPS)

export function colour(value: number, shown: Shown): string {
  let chosen = COLOURS[0]!
  steps(shown).forEach((step, i) => {
    if (value >= step) chosen = COLOURS[i]!
  })
  return chosen
}

export function label(i: number, shown: Shown): string {
  const all = steps(shown)
  const from = all[i]!, to = all[i + 1]
  if (to === undefined) return `≥ ${from}`
  if (shown === 'rt') return `${from}–${to}`
  return to - from === 1 ? `${from}` : `${from}–${to - 1}`
}

export const legend = (shown: Shown) => COLOURS.map((swatch, i) => ({ colour: swatch, told: label(i, shown) }))
