/** The board's only way to the house: questions to /api/v1, one error shape back. */

export class Refused extends Error {
  constructor(public status: number, public code: string, message: string, public where = '') {
    super(message)
  }
}
/** Nothing answered: the server is down or the line is. */
export class Unreachable extends Error {}

export type Query = Record<string, string | number | boolean | string[] | null | undefined>

let duty = ''
/** Act under another of the duties held, as `duty:area`; '' is the one the log-in was for. */
export function actAs(held: string): void {
  duty = held
}

export function address(path: string, query: Query = {}): string {
  const asked = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) for (const one of value) asked.append(name, one)
    else if (value !== null && value !== undefined && value !== '') asked.set(name, String(value))
  }
  if (duty) asked.set('as', duty)
  return `./api/v1/${path}${asked.size ? `?${asked}` : ''}`
}

/** How many questions are on their way; while there are any the page says so (a thin line, and only after a moment). */
let open = 0
function waiting(by: number): void {
  open += by
  document.documentElement.toggleAttribute('data-asking', open > 0)
}

/** Ask with GET; with a body, POST it. Answers what the house said, or throws Refused or Unreachable. */
export async function ask<T>(path: string, query: Query = {}, body?: unknown): Promise<T> {
  waiting(+1)
  try {
    return await answered<T>(path, query, body)
  } finally {
    waiting(-1)
  }
}

/** Send a file as it is (the body of the POST). */
export async function sendFile<T>(path: string, query: Query, file: File): Promise<T> {
  return ask<T>(path, query, file)
}

async function answered<T>(path: string, query: Query, body: unknown): Promise<T> {
  let answer: Response
  try {
    const file = body instanceof File
    answer = await fetch(address(path, query), body === undefined ? {} : {
      method: 'POST', headers: { 'content-type': file ? 'application/octet-stream' : 'application/json' },
      body: file ? body : JSON.stringify(body),
    })
  } catch {
    throw new Unreachable(path)
  }
  if (!answer.ok) {
    const said = await answer.json().catch(() => null)
    throw new Refused(answer.status, said?.error?.code ?? '', said?.error?.message ?? answer.statusText, said?.error?.where ?? '')
  }
  return answer.json()
}
