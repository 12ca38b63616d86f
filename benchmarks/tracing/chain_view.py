"""The chain view in a browser with 2,000 and 10,000 cases: the first drawing, and frames while it scrolls, zooms and is pointed at."""

import importlib.util
import json
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from yipan.operations import demo
from yipan.packs import read_pack
from yipan.settings import Settings
from yipan.store import Store

ROOT = Path(__file__).parents[2]
SIZES = (2_000, 10_000)
MOVES = 60
FRAMES = """async (moves) => {
  const box = document.querySelector('[role=application]'), canvas = box.querySelector('canvas'), rect = canvas.getBoundingClientRect()
  const frame = () => new Promise((done) => requestAnimationFrame(done))
  const took = {}
  for (const [name, act] of [
    ['scroll', (i) => box.dispatchEvent(new WheelEvent('wheel', { deltaY: i < moves / 2 ? 90 : -90, bubbles: true, cancelable: true }))],
    ['zoom', (i) => box.dispatchEvent(new WheelEvent('wheel', { deltaY: i < moves / 2 ? -90 : 90, ctrlKey: true, bubbles: true, cancelable: true }))],
    ['point', (i) => box.dispatchEvent(new MouseEvent('mousemove', { clientX: rect.left + 20 + i * 9, clientY: rect.top + 40 + i * 5, bubbles: true }))],
  ]) {
    const gaps = []
    let before = await frame()
    for (let i = 0; i < moves; i++) {
      act(i)
      const now = await frame()
      gaps.push(now - before)
      before = now
    }
    took[name] = gaps
  }
  return took
}"""


def answer(many: int, rng: np.random.Generator) -> dict[str, Any]:
    """An answer of `tracing/chains` with so many made-up cases in chains of every size, and gatherings between them."""
    first = date(2022, 10, 1)
    links: list[dict[str, Any]] = []
    day, generation, chain = [], [], []
    for i in range(many):
        source = int(rng.integers(max(0, i - 400), i)) if i and rng.random() < 0.9 else None
        day.append(
            int(rng.integers(0, 5)) if source is None else day[source] + int(rng.integers(1, 7))
        )
        generation.append(0 if source is None else generation[source] + 1)
        chain.append(i if source is None else chain[source])
        links.append({
            "case": f"c-{i}", "source": None if source is None else f"c-{source}", "probability": float(rng.random()),
            "generation": generation[i], "day": str(first + timedelta(days=day[i])), "chain": f"c-{chain[i]}",
        })  # fmt: skip
    roots, sizes = np.unique(chain, return_counts=True)
    chains = [
        {"root": f"c-{r}", "cases": [], "size": int(s), "generations": 1, "first_day": None, "last_day": None, "active": True, "curve": [1, 2, 3], "areas": []}
        for r, s in zip(roots, sizes, strict=True)
    ]  # fmt: skip
    estimate = {"value": 1.0, "low": 0.5, "high": 2.0, "level": 0.95}
    events = [
        {"id": f"g-{i}", "what": "gathering", "title": f"dinner {i}", "setting": "restaurant", "day": None, "brought_by": [f"c-{int(rng.integers(0, many))}"],
         "reached": [f"c-{int(j)}" for j in rng.integers(0, many, 5)]}
        for i in range(many // 100)
    ]  # fmt: skip
    return {
        "cases": many, "linked": many - len(roots), "chains": chains, "single_cases": 0, "links": links, "introductions": estimate,
        "reproduction": estimate, "dispersion": estimate, "spreaders": [], "serial_mean_days": 3.0, "serial_sd_days": 1.8,
        "serial_from": "published", "recorded_components": [], "events": events,
    }  # fmt: skip


def measured(page: Page, address: str, many: int) -> None:
    body = json.dumps(answer(many, np.random.default_rng(1)))
    page.unroute_all()
    page.route("**/api/v1/tracing/chains*", lambda route: route.fulfill(status=200, content_type="application/json", body=body))  # fmt: skip
    page.route("**/api/v1/tracing/sources*", lambda route: route.fulfill(status=200, content_type="application/json", body="[]"))  # fmt: skip
    page.goto(f"{address}/#/watch?lang=en")
    page.wait_for_timeout(1500)
    page.evaluate("() => { window.begun = performance.now(); location.hash = '#/tracing?lang=en' }")
    page.wait_for_selector("[role=application] canvas")
    drawn = page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - window.begun))))")  # fmt: skip
    took = page.evaluate(FRAMES, MOVES)
    told = "; ".join(
        f"{name} p50 {np.median(gaps):.0f} ms, p95 {np.quantile(gaps, 0.95):.0f} ms a frame"
        for name, gaps in took.items()
    )
    print(f"{many:,} cases: asked and drawn in {drawn:.0f} ms; {told}")


def main() -> None:
    """Serve a small record, answer the question of chains with made-up ones, and time the frames."""
    spec = importlib.util.spec_from_file_location("house", ROOT / "tests/browser/conftest.py")
    assert spec is not None
    assert spec.loader is not None
    import sys

    sys.path.insert(0, str(ROOT / "tests"))
    house = importlib.util.module_from_spec(spec)
    sys.modules["house"] = house
    spec.loader.exec_module(house)
    with (
        tempfile.TemporaryDirectory(prefix="yipan-frames-") as folder,
        sync_playwright() as playwright,
    ):
        settings = Settings(home=Path(folder) / "home", port=house.free_port())
        store = Store.open(settings.home, clock=lambda: datetime.now(UTC))
        board = house.House(settings=settings, store=store)
        try:
            at = datetime.now(UTC)
            demo.found(store, read_pack("guangdong"), at=at)
            demo.add_users(store, at=at)
            board.up()
            browser = house.launch(playwright)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.request.post(
                f"{board.address}/api/v1/login",
                data={"user": "haizhu", "password": demo.DEMO_PASSWORD},
            )
            page.goto(f"{board.address}/#/tracing?lang=en")
            page.wait_for_timeout(15_000)
            for many in SIZES:
                measured(page, board.address, many)
            browser.close()
        finally:
            board.down()
            store.close()
            if store.server is not None:
                store.server.stop()


if __name__ == "__main__":
    main()
