/** What is being typed outlives a reload. Kept in this browser until it is sent or its user logs out; never personal data. */
const MARK = 'yipan-draft:'

export function draft<T>(key: string, empty: T): { value: T; clear: () => void } {
  const place = MARK + key
  const fresh = () => structuredClone(empty)
  let kept = fresh()
  try {
    const found = localStorage.getItem(place)
    if (found !== null) kept = JSON.parse(found) as T
  } catch { localStorage.removeItem(place) }
  let value = $state(kept)
  $effect(() => {
    const now = JSON.stringify(value)
    if (now === JSON.stringify(empty)) localStorage.removeItem(place)
    else localStorage.setItem(place, now)
  })
  return {
    get value() { return value },
    set value(next: T) { value = next },
    clear() {
      localStorage.removeItem(place)
      value = fresh()
    },
  }
}

export function forgetDrafts(): void {
  Object.keys(localStorage).filter((key) => key.startsWith(MARK)).forEach((key) => localStorage.removeItem(key))
}
