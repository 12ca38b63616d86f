"""The trainer's page of an exercise, and the board of its player, on which nothing of the truth stands."""

from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest
from playwright.sync_api import expect

from looking import Seat, settle, unfit, untranslated
from yipan.operations import demo

PLAYERS = ("post", "tracer", "street", "admin2")


@pytest.fixture
def seated(drill, browser):
    """Seats somebody before the board of the exercise."""
    taken = []

    def seat(user, *, width=1440, height=900):
        one = Seat(
            browser=browser, address=drill.address, password=demo.DEMO_PASSWORD, width=width, height=height
        )  # fmt: skip
        taken.append(one)
        one.enter(user)
        return one

    yield seat
    for one in taken:
        one.leave()


class TestTrainersPage:
    def test_shows_the_truth_beside_what_the_player_has_on_record(self, seated):
        seat = seated("trainer")
        page = seat.open("#/exercise?lang=en")

        expect(page.get_by_test_id("true-infections")).to_contain_text("7")
        expect(page.get_by_test_id("seen-cases")).to_contain_text("2")
        expect(page.get_by_test_id("in-flight")).to_contain_text("5")
        expect(page.locator("dl")).to_contain_text("Person-days in quarantine")
        rows = page.get_by_role("table", name="Counties").locator("tbody tr")
        expect(rows).to_have_count(2)
        expect(rows.first).to_contain_text("Haizhu")
        assert seat.complaints == []

    def test_goes_down_to_the_streets_of_a_county(self, seated):
        page = seated("trainer").open("#/exercise?lang=en&area=44.4401.440105.")

        expect(page.get_by_role("table", name="Streets").locator("tbody tr")).to_have_count(2)

    def test_hands_out_the_report_in_both_languages(self, seated):
        seat = seated("trainer")
        page = seat.open("#/exercise?lang=en")
        link = page.get_by_role("link", name="page").get_attribute("href")
        told = {
            lang: page.request.get(
                urljoin(page.url, link.replace("lang=en", f"lang={lang}"))
            ).text()
            for lang in ("en", "zh")
        }

        assert "of every 100 infections 29 were found" in told["en"]
        assert "每100名感染者中29人" in told["zh"]

    @pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_is_fit_to_be_used_in_both_languages_and_on_a_phone(
        self, seated, language, width, height
    ):
        page = seated("trainer", width=width, height=height).open(f"#/exercise?lang={language}")
        settle(page)

        assert unfit(page) == []
        assert untranslated(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


class TestPlayersBoard:
    @pytest.mark.parametrize("player", PLAYERS)
    def test_offers_no_page_of_the_truth_and_shows_none_of_it(self, seated, player):
        seat = seated(player)
        page = seat.open("#/exercise?lang=en")
        settle(page)

        assert page.get_by_role("link", name="Truth").count() == 0
        shown = page.locator("body").inner_text()
        assert "Infections" not in shown or page.get_by_test_id("true-infections").count() == 0
        assert page.get_by_test_id("true-infections").count() == 0
        assert "In flight" not in shown

    @pytest.mark.parametrize("player", PLAYERS)
    def test_is_refused_every_route_of_the_truth(self, drill, player):
        routes = [path for path in httpx.get(f"{drill.address}/api/v1/openapi.json", trust_env=False, timeout=120).json()["paths"] if "/exercise/" in path]  # fmt: skip
        with httpx.Client(base_url=drill.address, trust_env=False, timeout=120) as client:
            given = client.post(
                "/api/v1/login", json={"user": player, "password": demo.DEMO_PASSWORD}
            ).json()
            client.cookies.clear()
            entered = {"Authorization": f"Bearer {given['token']}"}
            told = {
                path + more: client.get(path + more, headers=entered)
                for path in routes
                for more in ("", "?as=trainer:44.", "?lang=en")
            }

        assert len(routes) >= 2
        assert {one.status_code for one in told.values()} == {403}
        assert all("infections" not in one.text.lower() for one in told.values())

    def test_finds_nothing_of_the_truth_among_what_the_house_serves(self, drill):
        folder = Path(drill.settings.home).parent
        names = {file.name for file in folder.iterdir() if file.is_file()}

        for name in names:
            for path in (f"/{name}", f"/../{name}", f"/api/v1/{name}", f"/%2e%2e/{name}"):
                told = httpx.get(f"{drill.address}{path}", trust_env=False, timeout=120)
                assert (folder / name).read_bytes() != told.content
        assert all(
            (folder / name).stat().st_mode & 0o077 == 0
            for name in names
            if name.endswith(".sealed")
        )
