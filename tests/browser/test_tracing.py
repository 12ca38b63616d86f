"""A tracer's journey without a mouse: from a report to confirmed contacts, with the page and the server going down in between."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page

from looking import Seat, settle
from yipan.model import Case, Classification, ExposureState, Venue, Visit, area_path, person_id
from yipan.model import Setting as Kind
from yipan.operations import demo
from yipan.packs import read_pack
from yipan.store import Store
from yipan.store.tables.tracing import EXPOSURES, INVESTIGATIONS, VENUES, VISITS

CHINA = ZoneInfo("Asia/Shanghai")
HAIZHU = area_path("44.4401.440105.")
A, B = person_id("p-aaaaaaaaaaaa"), person_id("p-bbbbbbbbbbbb")
YESTERDAY = datetime.now(CHINA).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)  # fmt: skip
MOST_TABS = 250


def fill(store: Store) -> None:
    """A case of two days ago, reported an hour ago, and somebody who was where it went yesterday."""
    at = datetime.now(UTC) - timedelta(hours=1)
    post = demo.found(store, read_pack("guangdong"), at=at)
    with store.acting(post.viewer, desk="t", verb="t", why="t", at=at) as act:
        act.put_cases([
            Case(
                id="c-1", person=A, area=HAIZHU, disease="covid-19", classification=Classification.CONFIRMED,
                onset=date.today() - timedelta(days=2), reported=at,
            )
        ])  # fmt: skip
        act.put(VENUES, [Venue(id="v-tea", area=HAIZHU, name_zh="茶楼", name_en="Tea house", setting=Kind.RESTAURANT)])  # fmt: skip
        act.put(VISITS, [
            Visit(
                id="w-1", area=HAIZHU, person=B, place="v-tea", since=YESTERDAY + timedelta(minutes=30),
                until=YESTERDAY + timedelta(hours=2),
            )
        ])  # fmt: skip
    demo.add_users(store, at=at)


def reach(page: Page, selector: str) -> None:
    """Press Tab until what is asked for has the keyboard."""
    page.locator(selector).first.wait_for()
    for _ in range(MOST_TABS):
        if page.evaluate("(s) => document.activeElement?.matches(s) ?? false", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{selector} is not reached by the keyboard")


def press(page: Page, selector: str) -> None:
    reach(page, selector)
    page.keyboard.press("Enter")
    settle(page)


def order_of_dates(page: Page) -> str:
    """How this browser wants days typed: its own language decides, not the page."""
    page.set_content("<input type=datetime-local id=one>")
    page.focus("#one")
    page.keyboard.type("13")
    page.keyboard.type("02")
    page.keyboard.type("2022")
    page.keyboard.press("Tab")
    page.keyboard.type("1200")
    return "dmy" if page.input_value("#one") else "mdy"


def type_moment(page: Page, moment: datetime, order: str) -> None:
    keys = f"{moment:%m%d}" if order == "mdy" else f"{moment:%d%m}"
    page.keyboard.type(f"{keys}{moment:%Y}")
    page.keyboard.press("Tab")
    page.keyboard.type(f"{moment:%I%M%p}" if order == "mdy" else f"{moment:%H%M}")


class TestATracer:
    def test_gets_from_a_report_to_confirmed_contacts_without_a_mouse_and_loses_nothing(
        self, house_with, browser
    ):
        house = house_with(fill)
        seat = Seat(browser=browser, address=house.address, password=demo.DEMO_PASSWORD)
        page = seat.page
        order = order_of_dates(page)
        page.goto(f"{house.address}/#/tracing?tab=investigations&lang=en")
        reach(page, "input[autocomplete=username]")
        page.keyboard.type("haizhu")
        reach(page, "input[type=password]")
        page.keyboard.type(demo.DEMO_PASSWORD)
        page.keyboard.press("Enter")

        press(page, "button[aria-label='Open the investigation c-1']")
        press(page, "article button.second")
        reach(page, "dialog select")
        page.keyboard.type("y")
        reach(page, "dialog input[type=number]")
        page.keyboard.type("4")

        page.reload()
        settle(page)
        press(page, "article button.second")
        assert page.input_value("dialog input[type=number] >> nth=0") == "4"
        press(page, "dialog form button.main")
        with house.store.reading(house.store.system()) as record:
            (opened,) = record.nouns(INVESTIGATIONS)
        assert opened.answered() == {"present": "yes", "household_size": "4"}

        press(page, "article header button.link")
        press(page, "dialog summary")
        reach(page, "dialog input[name=place]")
        page.keyboard.type("Tea house")
        reach(page, "dialog input[name=since]")
        type_moment(page, YESTERDAY, order)
        house.down()
        house.up()
        page.reload()
        settle(page)
        assert page.input_value("dialog input[name=place]") == "Tea house"
        assert page.input_value("dialog input[name=since]") == f"{YESTERDAY:%Y-%m-%dT%H:%M}"
        reach(page, "dialog input[name=until]")
        type_moment(page, YESTERDAY + timedelta(hours=1), order)
        press(page, "dialog details form button.main")
        page.locator("dialog li:has-text('Tea house')").first.wait_for()

        press(page, "dialog p button.second")
        page.locator("dialog h3:has-text('Proposed contacts')").wait_for()
        reach(page, "dialog p button.main:not(summary)")
        while "Confirm" not in page.evaluate("document.activeElement.innerText"):
            page.keyboard.press("Tab")
            reach(page, "dialog p button.main")
        page.keyboard.press("Enter")
        settle(page)

        with house.store.reading(house.store.system()) as record:
            (found,) = record.nouns(EXPOSURES)
        assert (found.source, found.target, found.state) == (A, B, ExposureState.CONFIRMED)
        page.keyboard.press("Escape")
        listed = 0
        for due in ("today", "unknown"):
            page.goto(f"{house.address}/#/tracing?tab=contacts&due={due}&lang=en")
            settle(page)
            listed += page.locator("td:has-text('p-bbbbbbbbbbbb')").count()
        assert listed == 1
        assert [c for c in seat.complaints if "ERR_" not in c and "Failed to load" not in c] == []
        seat.leave()
