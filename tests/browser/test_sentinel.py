"""A school at its own log-in: what is due, a zero, a correction, a late day, and nothing else of the house."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from looking import settle
from yipan.model import Counted, Duty, Sentence, Sentinel, SentinelKind, Stream, area_path
from yipan.operations import demo, users, watch
from yipan.operations.post import Post

ABSENT = Stream(disease="respiratory", counted=Counted.SCHOOL_ABSENCES, site="school-7")


@pytest.fixture(scope="module")
def school(served):
    store, at = served.store, datetime.now(UTC)
    post = Post(store=store, viewer=store.system())
    one = Sentinel(
        id="school-7", area=area_path("44.4401."), kind=SentinelKind.SCHOOL,
        name=Sentence(zh="海珠七中", en="School Seven"), streams=(ABSENT,), due_hour=10,
        since=at.date() - timedelta(days=12), office="校医室",
    )  # fmt: skip
    watch.register_sentinels(post, [one], at=at)
    users.add(
        Post(store=store, viewer=users.administrator(post.viewer)), name="school7", shown_as="海珠七中",
        password=demo.DEMO_PASSWORD, duty=Duty.SENTINEL, area=one.place, at=at,
    )  # fmt: skip
    return one


class TestTheSchoolsOwnPage:
    def test_takes_a_zero_a_correction_and_a_late_day(self, sit, school):
        page = sit("school7").open("#/?lang=en")
        expect(page.get_by_role("heading", name="School Seven")).to_be_visible()
        missing = page.locator(".owed button")
        owed = missing.count()
        assert owed > 3

        page.get_by_role("button", name="Nothing seen: all zero").click()
        page.get_by_role("button", name="Send").click()
        settle(page)
        expect(page.get_by_role("status")).to_contain_text("on record")

        page.get_by_role("spinbutton").fill("6")
        page.reload()
        settle(page)
        expect(page.get_by_role("spinbutton")).to_have_value(
            "6"
        )  # what was typed outlives a reload
        page.get_by_role("button", name="Send").click()
        settle(page)
        expect(page.get_by_role("status")).to_contain_text("corrected")
        row = page.locator("tbody tr").nth(1)
        expect(row).to_contain_text("School absences through illness 6")

        late = missing.last.inner_text()
        missing.last.click()
        page.get_by_role("spinbutton").fill("2")
        page.get_by_role("button", name="Send").click()
        settle(page)
        expect(page.get_by_role("status")).to_contain_text("after its hour")
        expect(page.locator("tbody tr", has_text=re.compile(late))).to_contain_text("late")

    def test_leads_nowhere_else(self, sit, school):
        page = sit("school7").open("#/zones?lang=en")

        expect(page.get_by_role("heading", name="School Seven")).to_be_visible()
        expect(page.get_by_role("navigation")).to_have_count(0)
