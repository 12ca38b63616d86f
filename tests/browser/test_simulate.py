"""The what-if page: strategies run forward, side by side, the front, the fans and the map through time."""

import re

import pytest

from looking import settle
from yipan.operations.compiled import compile_model


@pytest.fixture(scope="module")
def compiled() -> None:
    """The model compiled and kept where the server finds it: how long that takes says nothing about the page."""
    compile_model(print)


@pytest.mark.timeout(540)
@pytest.mark.usefixtures("compiled")
class TestWhatIf:
    def test_runs_strategies_forward_and_shows_the_map_day_by_day(self, sit, browser):
        seat = sit("province", browser=browser, width=1440, height=900)
        page = seat.open("#/simulate?area=44.4403.&lang=en")
        settle(page)
        hint = page.get_by_text("Choose an area and the days, then run.")

        assert hint.count() == 1

        run = page.get_by_role("button", name="Run forward")
        play = page.locator(".film button")
        page.get_by_label("Days ahead").fill("7")
        page.get_by_label("Replicates").fill("2")
        run.click()
        play.wait_for(timeout=240_000)
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 6})
        run.click()  # compiled by now; drawn slowly, a card is there before it has a size
        play.wait_for(state="detached")
        play.wait_for(timeout=60_000)
        settle(page)

        assert hint.count() == 0
        page.locator("[role=img] svg").nth(6).wait_for(timeout=60_000)
        day = page.locator(".film span")
        slider = page.locator(".film input")
        first = day.inner_text()
        assert re.fullmatch(r"2022-\d\d-\d\d", first)
        slider.fill("0")
        assert day.inner_text() < first
        play.click()
        page.wait_for_function("() => +document.querySelector('.film input').value >= 2")
        play.click()
        assert seat.complaints == []
