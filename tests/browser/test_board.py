"""The board as people use it: in a real browser, over a real record."""

import json
import re
from datetime import UTC, date, datetime

import httpx
import pytest
from typer.testing import CliRunner

from looking import Seat, settle, unfit, untranslated
from yipan.cli import watch as terminal
from yipan.model import area_path
from yipan.operations import demo, watch

LATE = "at=2022-11-11T03:00:00Z"
PROVINCE, GUANGZHOU, SHENZHEN = "44.", "44.4401.", "44.4403."


def number(text: str) -> int:
    return int(re.sub(r"[^\d-]", "", text))


def figure(seat: Seat, name: str) -> int:
    return number(seat.page.get_by_test_id(name).inner_text())


class TestLogIn:
    def test_lets_in_who_knows_the_password_and_nobody_else(self, sit):
        seat = sit(None)
        page = seat.open("")

        page.get_by_label("User").fill("guangzhou")
        page.get_by_label("Password").fill("a wrong password")
        page.get_by_role("button", name="Log in").click()
        assert "not this password" in page.get_by_role("alert").inner_text()

        page.get_by_label("Password").fill(demo.DEMO_PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_test_id("infections").wait_for()
        settle(page)

        assert "Guangzhou" in page.get_by_role("banner").inner_text()

    def test_ends_with_log_out(self, sit):
        seat = sit("guangzhou")
        page = seat.open("#/situation?lang=en")

        page.get_by_role("button", name="Log out").click()
        page.get_by_label("Password").wait_for()

        assert page.request.get(f"{seat.address}/api/v1/me").status == 401

    def test_page_can_be_read_and_used_by_everybody(self, sit):
        page = sit(None).open("")

        assert unfit(page) == []
        assert untranslated(page) == []


class TestFigure:
    @pytest.mark.parametrize("name", ["infections", "week"])
    @pytest.mark.parametrize("area", [PROVINCE, GUANGZHOU])
    def test_opens_the_rows_whose_sum_it_is(self, sit, name, area):
        seat = sit("province")
        page = seat.open(f"#/situation?lang=en&{LATE}&area={area}")
        shown = figure(seat, name)

        page.get_by_test_id(name).click()
        page.get_by_role("dialog").wait_for()
        values = page.evaluate(
            "[...document.querySelectorAll('dialog tbody tr')].map((row) => Number(row.cells[3].innerText))"
        )

        assert shown > 0
        assert sum(values) == figure(seat, "sum") == shown
        count = page.get_by_role("dialog").get_by_test_id("count")
        assert number(count.inner_text()) == len(values)
        assert seat.complaints == []

    def test_closes_with_escape_and_gives_the_keyboard_back(self, sit):
        page = sit("province").open(f"#/situation?lang=en&{LATE}")

        page.get_by_test_id("infections").click()
        page.get_by_role("dialog").wait_for()
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="hidden")

        assert "infections" in page.evaluate("document.activeElement.innerText").lower()


class TestOneQuestion:
    def test_has_one_answer_through_library_terminal_web_and_board(self, sit, served, monkeypatch):
        """Which signals did Guangzhou have, as known on the morning of the 11th?"""
        at = datetime(2022, 11, 11, 3, tzinfo=UTC)
        since, until = date(2022, 10, 28), date(2022, 11, 11)
        with served.store.reading(served.store.system(), known_at=at) as record:
            known = watch.signals(record, area=area_path(GUANGZHOU), since=since, until=until)
        told = sorted(signal.explanation.en for signal in known)
        asked = {"since": str(since), "until": str(until)}

        seat = sit("province")
        page = seat.open(f"#/situation?lang=en&{LATE}&area={GUANGZHOU}")
        query = {"area": GUANGZHOU, "known_at": at.isoformat(), **asked}
        answered = page.request.get(f"{served.address}/api/v1/signals", params=query).json()
        monkeypatch.setenv("YIPAN_HOME", str(served.store.server.home))
        typed = CliRunner().invoke(
            terminal.app,
            ["signals", "--area", GUANGZHOU, "--known-at", at.isoformat(), "--json"]
            + [part for name, value in asked.items() for part in (f"--{name}", value)],
        )

        assert told, "Guangzhou stood out"
        assert sorted(one["explanation"]["en"] for one in answered) == told
        assert sorted(one["explanation"]["en"] for one in json.loads(typed.stdout)) == told
        assert sorted(page.locator("#signals li p").all_inner_texts()) == told


class TestTimeSlider:
    def test_moves_everything_on_the_page_to_what_was_known_then(self, sit, served):
        seat = sit("province")
        page = seat.open("#/situation?lang=en&area=44.4401.")
        now = {name: figure(seat, name) for name in ("infections", "week")}

        page.get_by_role("slider").fill("6")
        settle(page)

        then = page.get_by_test_id("day").get_attribute("data-day")
        known = re.search(r"at=([^&]+)", page.url)
        assert then is not None
        assert known is not None, page.url
        truth = page.request.get(
            f"{served.address}/api/v1/picture?area=44.4401.&day={then}&known_at={known[1]}"
        ).json()["total"]
        assert {name: figure(seat, name) for name in ("infections", "week")} == {
            name: truth[name] for name in ("infections", "week")
        }
        assert figure(seat, "week") != now["week"]
        assert "Back to now" in page.inner_text("body")
        links = page.eval_on_selector_all("a[href*=reports]", "all => all.map((a) => a.href)")
        assert links
        assert all(known[1] in link for link in links)

    def test_goes_with_the_arrow_keys_and_back_to_now(self, sit):
        seat = sit("province")
        page = seat.open("#/situation?lang=en")
        today = page.get_by_test_id("day").get_attribute("data-day")

        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        settle(page)
        earlier = page.get_by_test_id("day").get_attribute("data-day")
        page.keyboard.press("n")
        settle(page)

        assert earlier < today
        assert page.get_by_test_id("day").get_attribute("data-day") == today
        assert seat.complaints == []

    def test_plays_by_itself(self, sit):
        page = sit("province").open("#/situation?lang=en")
        last = page.get_by_test_id("day").get_attribute("data-day")

        page.get_by_role("button", name="Play").click()
        page.wait_for_function(
            "(last) => document.querySelector('[data-testid=day]').dataset.day !== last", arg=last
        )
        first = page.get_by_test_id("day").get_attribute("data-day")
        page.wait_for_function(
            "(first) => document.querySelector('[data-testid=day]').dataset.day !== first",
            arg=first,
        )

        assert first < last

    def test_stands_in_the_address_so_that_a_link_shows_the_same(self, sit):
        seat = sit("province")
        seat.open(f"#/situation?lang=zh&{LATE}&area=44.4401.")
        shown = figure(seat, "infections")

        again = sit("province")
        again.open(seat.page.url.removeprefix(f"{seat.address}/"))

        assert figure(again, "infections") == shown


class TestLanguage:
    @pytest.mark.parametrize("lang", ["zh", "en"])
    @pytest.mark.parametrize("area", [PROVINCE, GUANGZHOU])
    def test_is_complete(self, sit, lang, area):
        seat = sit("province")
        page = seat.open(f"#/situation?lang={lang}&{LATE}&area={area}")

        assert untranslated(page) == []

    def test_changes_without_moving_anything_else(self, sit):
        seat = sit("province")
        page = seat.open(f"#/situation?lang=en&{LATE}&area=44.4401.")
        shown = figure(seat, "week")

        page.get_by_role("button", name="中文").click()
        settle(page)

        assert page.evaluate("document.documentElement.lang") == "zh-CN"
        assert figure(seat, "week") == shown
        assert untranslated(page) == []


class TestReportLink:
    @pytest.mark.parametrize(("lang", "title"), [("zh", "广州市"), ("en", "Guangzhou")])
    def test_opens_the_report_of_the_moment_looked_at(self, sit, lang, title):
        seat = sit("province")
        page = seat.open(f"#/situation?lang={lang}&{LATE}&area=44.4401.")

        link = page.get_by_role("link", name="HTML").get_attribute("href")
        assert link is not None
        report = page.request.get(f"{seat.address}/{link}")

        assert report.ok
        assert title in report.text()


class TestCityUser:
    def test_sees_only_the_published_figures_of_a_neighbour(self, sit, served):
        seat = sit("guangzhou")
        page = seat.open(f"#/situation?lang=en&{LATE}&area={SHENZHEN}")

        assert "published figures only" in page.inner_text("body")
        signals = page.locator("#signals")
        assert signals.locator("li").count() == 0
        refused = page.request.get(f"{served.address}/api/v1/series?area={SHENZHEN}")
        assert refused.status == 403
        assert seat.complaints == []

    def test_sees_the_whole_of_its_own(self, sit):
        page = sit("guangzhou").open(f"#/situation?lang=en&{LATE}")

        assert page.locator("#signals li").count() > 0
        assert "published figures only" not in page.inner_text("body")


class TestFailedDesk:
    def test_is_shown_as_failed_with_what_it_said(self, sit):
        page = sit("province").open("#/situation?lang=en&at=2022-11-05T05:00:00Z")

        told = page.get_by_role("alert").inner_text()
        assert "failed" in told
        assert "the serial interval is missing" in told

    def test_is_gone_in_the_next_round(self, sit):
        page = sit("province").open("#/situation?lang=en&at=2022-11-06T05:00:00Z")

        assert page.get_by_role("alert").count() == 0


class TestMap:
    def test_is_drawn_and_leads_into_an_area(self, sit, gl_browser):
        seat = sit("province", browser=gl_browser)
        page = seat.open(f"#/situation?lang=en&{LATE}")
        page.locator(".map[data-idle=yes]").wait_for()
        box = page.locator(".map").bounding_box()
        assert box is not None

        page.mouse.click(box["x"] + box["width"] * 0.53, box["y"] + box["height"] * 0.42)
        page.wait_for_function("() => location.hash.includes('area=44.44')")

        assert seat.complaints == []

    def test_is_a_plain_one_where_there_is_no_webgl(self, sit):
        seat = sit("province")
        page = seat.open(f"#/situation?lang=en&{LATE}")
        page.locator(".map[data-idle=yes]").wait_for()

        assert "No WebGL2" in page.inner_text("body")
        assert page.locator(".map canvas, .map svg").count() == 1
        assert seat.complaints == []

    def test_says_that_it_is_schematic(self, sit):
        page = sit("province").open("#/situation?lang=zh")

        assert "示意图" in page.inner_text("body")


class TestKeyboard:
    def test_reaches_a_figure_its_list_and_the_way_back(self, sit):
        page = sit("province").open(f"#/situation?lang=en&{LATE}")

        for _ in range(80):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.innerText ?? ''").startswith("New local"):
                break
        page.keyboard.press("Enter")
        page.get_by_role("dialog").wait_for()
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        page.keyboard.type("Guangzhou")
        page.keyboard.press("Enter")
        page.wait_for_function("() => location.hash.includes('area=44.4401.')")
        page.keyboard.press("?")

        assert "change the language" in page.get_by_role("dialog").inner_text()

    def test_skips_to_the_content(self, sit):
        page = sit("province").open("#/situation?lang=en")

        page.keyboard.press("Tab")
        page.keyboard.press("Enter")

        assert page.evaluate("document.activeElement.id") == "content"


class TestLiveActs:
    def test_arrive_without_asking(self, sit, served):
        from datetime import UTC, datetime

        page = sit("province").open("#/situation?lang=en")
        with served.store.acting(
            served.store.system(), desk="day", verb="practise", why="test", at=datetime.now(UTC)
        ):
            pass

        page.get_by_text("practise").first.wait_for()


class TestInbox:
    def test_shows_on_the_first_screen_what_is_late_and_what_is_due(self, sit):
        seat = sit("province")
        page = seat.open("#/situation?lang=en")
        waiting = page.request.get(f"{seat.address}/api/v1/inbox?area=44.").json()
        every = [*waiting["proposals"], *waiting["tasks"]]

        assert figure(seat, "late") == sum(1 for one in every if one["late_hours"] > 0) > 0
        assert figure(seat, "due") > 0

    def test_decides_the_proposal_in_focus_by_one_key(self, sit):
        page = sit("province").open("#/inbox?lang=en")
        card = page.locator("article").first
        card.focus()
        page.keyboard.press("r")

        dialog = page.get_by_role("dialog")
        dialog.get_by_role("textbox").wait_for()
        page.keyboard.press("Escape")
        card.focus()
        page.keyboard.press("a")
        assert dialog.get_by_role("textbox").count() == 0
        assert dialog.get_by_role("button").first.is_enabled()
        page.keyboard.press("Escape")

    def test_refuses_a_proposal_only_with_a_reason_and_puts_it_on_record(self, sit):
        seat = sit("province")
        page = seat.open("#/inbox?lang=en")
        card = page.locator("article", has_text="Judge signal 3")

        card.get_by_role("button", name="Refuse").click()
        dialog = page.get_by_role("dialog")
        refuse = dialog.get_by_role("button", name="Refuse")
        assert refuse.is_disabled()
        dialog.get_by_label("Reason").fill("seen, a reporting artefact")
        refuse.click()
        card.wait_for(state="detached")

        found = page.request.get(f"{seat.address}/api/v1/proposals?area=44.&state=refused").json()
        assert [one["id"] for one in found] == ["p-3"]
        assert found[0]["decision"]["reason"] == "seen, a reporting artefact"
        assert seat.complaints == []

    def test_takes_a_task_a_step(self, sit):
        page = sit("province").open("#/inbox?lang=en")
        row = page.locator("tr", has_text="Call clinic 1")

        row.get_by_role("button", name="Acknowledge").click()
        page.get_by_role("dialog").get_by_role("button", name="Acknowledge").click()
        row.get_by_text("acknowledged", exact=True).wait_for()

        assert row.get_by_role("button", name="Acknowledge").count() == 0

    def test_offers_no_act_while_looking_at_the_past(self, sit):
        page = sit("province").open(f"#/inbox?lang=en&{LATE}")

        assert page.get_by_role("button", name="Accept").count() == 0


class TestDuty:
    def test_of_several_held_can_be_changed_and_changes_what_may_be_done(self, sit):
        seat = sit("guangzhou")
        page = seat.open("#/situation?lang=en")

        page.get_by_label("Duty").select_option(label="commander · Haizhu")
        page.wait_for_function("() => location.hash.includes('area=44.4401.440105.')")
        settle(page)
        page.keyboard.press("2")
        settle(page)

        assert "published figures only" not in page.inner_text("body")
        assert page.get_by_role("heading", name="Proposals to decide").count() == 1
        assert seat.complaints == []


class TestBrokenLine:
    def test_says_so_and_leaves_what_was_known_on_the_screen(self, sit):
        page = sit("province").open(f"#/situation?lang=en&{LATE}")

        page.route("**/api/**", lambda route: route.abort())
        page.keyboard.press("ArrowLeft")
        page.get_by_role("alert").first.wait_for()

        assert "cannot be reached" in page.get_by_role("alert").first.inner_text()
        assert page.get_by_test_id("infections").is_visible()

        page.unroute("**/api/**")
        page.get_by_role("button", name="Try again").first.click()
        page.get_by_role("alert").first.wait_for(state="detached")


class TestDraft:
    def test_of_a_reason_outlives_a_reload_and_is_forgotten_at_log_out(self, sit):
        page = sit("province").open("#/inbox?lang=en")
        card = page.locator("article", has_text="Judge signal 2")

        card.get_by_role("button", name="Refuse").click()
        page.get_by_label("Reason").fill("half a sentence")
        page.reload()
        settle(page)
        card.get_by_role("button", name="Refuse").click()
        assert page.get_by_label("Reason").input_value() == "half a sentence"

        page.keyboard.press("Escape")
        page.get_by_role("button", name="Log out").click()
        page.get_by_label("Password").wait_for()
        assert page.evaluate("Object.keys(localStorage)") == ["yipan-lang"]


class TestTable:
    def test_sorts_by_any_column_and_keeps_silence_last(self, sit):
        page = sit("province").open(f"#/situation?lang=en&{LATE}")
        table = page.locator("table", has_text="21 rows")
        column = "() => [...document.querySelectorAll('table')].find((t) => t.caption.innerText.includes('21 rows'))"

        def days() -> list[str]:
            return page.evaluate(
                f"({column})().tBodies[0].rows.length && [...({column})().tBodies[0].rows].map((r) => r.cells[1].innerText)"
            )

        head = table.get_by_role("columnheader").nth(1).get_by_role("button")
        head.click()
        falling = days()
        head.click()
        rising = days()

        known = [int(text) for text in falling if text != "not reported"]
        assert known == sorted(known, reverse=True)
        assert [text for text in rising if text != "not reported"] == [
            str(n) for n in sorted(known)
        ]
        silent = len(falling) - len(known)
        assert silent > 0
        assert falling[-silent:] == rising[-silent:] == ["not reported"] * silent


class TestAddress:
    def test_of_no_page_says_so(self, sit):
        page = sit("province").open("#/nowhere?lang=en")

        assert "There is no such page" in page.inner_text("body")

    def test_files_of_the_board_bear_a_mark_of_their_content(self, served):
        page = httpx.get(served.address, trust_env=False).text

        assert re.search(r"assets/index-[\w-]{8}\.js", page)
