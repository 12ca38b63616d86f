/**
 * An answer that follows what its question reads: area, moment, a page's own choices, and, at present, each new act.
 *
 *     const zones = asked(() => zoning.list(board.area, board.known))
 *     {#if zones.value} ... {:else if zones.failure} <ErrorNote failure={zones.failure} /> {/if}
 *
 * The last answer stays while the next one is on its way, so nothing flickers, and while the line is down; answers that come
 * too late are dropped.
 * Return null from the question to ask nothing.
 */
import { Refused, Unreachable } from './ask'
import { board } from './state.svelte'

export function asked<T>(question: () => Promise<T> | null): {
  readonly value: T | null; readonly failure: Error | null; readonly busy: boolean; again: () => void
} {
  let value = $state.raw<T | null>(null)
  let failure = $state.raw<Error | null>(null)
  let busy = $state(false)
  let turn = $state(0)
  let newest = 0
  $effect(() => {
    void turn
    if (board.live) void board.beat
    const mine = ++newest
    const answer = question()
    if (answer === null) {
      value = null
      failure = null
      busy = false
      return
    }
    busy = true
    answer.then(
      (found) => {
        if (mine !== newest) return
        value = found
        failure = null
        busy = false
      },
      (wrong: Error) => {
        if (mine !== newest) return
        busy = false
        if (wrong instanceof Refused && wrong.status === 401) board.forget()
        failure = wrong
        if (!(wrong instanceof Unreachable)) value = null
      },
    )
  })
  return {
    get value() { return value },
    get failure() { return failure },
    get busy() { return busy },
    again: () => { turn += 1 },
  }
}
