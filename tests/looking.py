"""How a test looks at the board: settled pages, words that were not translated, basics of access for everybody."""

import re
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page

SETTLED = "() => document.querySelector('#app')?.children.length && !document.documentElement.hasAttribute('data-asking')"

SHOWN_WORDS = """() => {
  const found = []
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const parent = node.parentElement
    if (!node.data.trim() || parent.closest('[translate=no], script, style, datalist')) continue
    if (!(parent instanceof SVGElement) && !parent.checkVisibility()) continue
    found.push(node.data.trim())
  }
  for (const name of ['aria-label', 'title', 'placeholder', 'alt'])
    for (const element of document.querySelectorAll(`[${name}]`))
      if (!element.closest('[translate=no]') && element.getAttribute(name).trim()) found.push(element.getAttribute(name).trim())
  return found
}"""

UNFIT = """() => {
  const wrong = []
  const tell = (what, element) => wrong.push(`${what}: ${element.outerHTML.slice(0, 160)}`)
  const seen = (element) => element.checkVisibility() && element.getClientRects().length
  const named = (element) => (element.getAttribute('aria-label') || element.innerText || element.title
    || [...element.querySelectorAll('img')].map((image) => image.alt).join('')
    || (element.getAttribute('aria-labelledby') || '').split(' ').map((id) => document.getElementById(id)?.innerText || '').join('')).trim()
  if (!document.documentElement.lang) wrong.push('the page names no language')
  if (document.querySelectorAll('h1').length !== 1) wrong.push(`${document.querySelectorAll('h1').length} first headings`)
  for (const id of [...document.querySelectorAll('[id]')].map((e) => e.id))
    if (document.querySelectorAll(`[id="${CSS.escape(id)}"]`).length > 1) wrong.push(`id twice: ${id}`)
  document.querySelectorAll('img:not([alt])').forEach((e) => tell('image without words', e))
  document.querySelectorAll('button, a[href], [role=button], [role=region], dialog[open]').forEach((e) => { if (seen(e) && !named(e)) tell('no name', e) })
  document.querySelectorAll('input:not([type=hidden]), select, textarea').forEach((e) => {
    if (seen(e) && !(e.labels?.length || e.getAttribute('aria-label') || e.getAttribute('aria-labelledby'))) tell('no label', e)
  })
  document.querySelectorAll('th').forEach((e) => { if (seen(e) && !e.innerText.trim()) tell('empty table head', e) })

  const parse = (colour) => { const c = colour.match(/[\\d.]+/g)?.map(Number) ?? [0, 0, 0, 0]; return c.length === 3 ? [...c, 1] : c }
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]))
  const light = (rgb) => { const [r, g, b] = rgb.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 }); return 0.2126 * r + 0.7152 * g + 0.0722 * b }
  const ground = (element) => {
    const layers = []
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at)
      if (style.backgroundImage !== 'none') return null
      layers.push(parse(style.backgroundColor))
      if (layers.at(-1)[3] === 1) break
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255])
  }
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const element = node.parentElement
    if (!node.data.trim() || element instanceof SVGElement || !seen(element) || element.closest(':disabled, script, style, .unseen, .maplibregl-map')) continue
    const style = getComputedStyle(element), below = ground(element)
    if (!below) continue
    const [a, b] = [light(over(parse(style.color), below)), light(below)]
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.6 && style.fontWeight >= 700)
    if (ratio < (large ? 3 : 4.5)) tell(`contrast ${ratio.toFixed(2)} of “${node.data.trim().slice(0, 30)}”`, element)
  }
  return [...new Set(wrong)]
}"""

CHINESE = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]")
TWO_LATIN_WORDS = re.compile(r"[A-Za-z]{3,}[ _][A-Za-z]{3,}")
COMMAND = re.compile(r"\byipan( [a-z-]+)+")
"""A command to be typed reads the same in every language."""
NOT_WORDS = re.compile(r"\bundefined\b|\bNaN\b|\[object|\bnull\b|[a-z]+_[a-z]+")


def untranslated(page: Page) -> list[str]:
    """Return what the page shows that no one should read: keys, codes, and words of the other language."""
    chinese = page.evaluate("document.documentElement.lang").startswith("zh")

    def other(words: str) -> bool:
        if chinese:
            return TWO_LATIN_WORDS.search(words) is not None
        return len(CHINESE.findall(words)) > len(LATIN.findall(words))  # a name may stay Chinese

    return [
        words
        for words in (COMMAND.sub("", shown) for shown in page.evaluate(SHOWN_WORDS))
        if NOT_WORDS.search(words) or other(words)
    ]


def unfit(page: Page) -> list[str]:
    """Return what shuts somebody out: unnamed controls, missing labels, faint words, headings out of order."""
    return list(page.evaluate(UNFIT))


def settle(page: Page) -> None:
    """Wait until every question the page asked has been answered and drawn."""
    for _ in range(2):
        page.wait_for_function(SETTLED, timeout=60_000)
        page.wait_for_timeout(60)


@dataclass
class Seat:
    """Somebody before a screen: a page of their own, and what its console complained of."""

    browser: Browser
    address: str
    password: str
    width: int = 1440
    height: int = 900
    complaints: list[str] = field(default_factory=list)
    page: Page = None  # type: ignore[assignment]  # opened at once, below

    def __post_init__(self) -> None:
        context = self.browser.new_context(
            viewport={"width": self.width, "height": self.height}, locale="en-GB"
        )
        self.page = context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._asked)

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.complaints.append(f"asked another host: {request.url}")

    def enter(self, user: str) -> None:
        """Log in without the form."""
        done = self.page.request.post(
            f"{self.address}/api/v1/login", data={"user": user, "password": self.password}
        )
        assert done.ok, done.text()

    def open(self, place: str) -> Page:
        """Open a place within the board and wait until it stands still."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}/{place}")
        settle(self.page)
        return self.page

    def leave(self) -> None:
        self.page.context.close()
