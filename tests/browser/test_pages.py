"""Every page of the board, whatever desk it belongs to: opened in both languages, on a wide screen and a phone."""

import pytest

from looking import Seat, settle, unfit, untranslated

LATE = "at=2022-11-11T03:00:00Z"
SIZES = {"wide": (1440, 900), "phone": (390, 844)}


def places(seat: Seat) -> list[str]:
    """Return the address of every page the board offers."""
    page = seat.open("#/?lang=en")
    return list(
        page.eval_on_selector_all(
            "nav[aria-label=Pages] a", "all => all.map((a) => a.getAttribute('href').split('?')[0])"
        )
    )


class TestEveryPage:
    @pytest.mark.parametrize("moment", ["now", "then"])
    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_opens_whole_in_both_languages_on_both_screens(
        self, sit, browser, gl_browser, lang, size, moment
    ):
        width, height = SIZES[size]
        drawn_by = gl_browser if moment == "then" else browser
        seat = sit("province", browser=drawn_by, width=width, height=height)
        found = places(seat)
        assert "#/situation" in found

        wrong: dict[str, object] = {}
        for place in found:
            seat.complaints.clear()
            page = seat.open(f"{place}?lang={lang}" + (f"&{LATE}" if moment == "then" else ""))
            settle(page)
            scrolls = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            told = [
                *seat.complaints,
                *(f"not translated: {words}" for words in untranslated(page)),
                *unfit(page),
                *([f"{scrolls} pixels too wide"] if scrolls > 0 else []),
                *([page.get_by_role("alert").first.inner_text()] if page.get_by_role("alert").count() else []),
            ]  # fmt: skip
            if told:
                wrong[place] = told
        assert wrong == {}

    @pytest.mark.parametrize("user", ["guangzhou", "haizhu", "admin"])
    def test_opens_for_every_duty(self, sit, user):
        seat = sit(user)
        wrong: dict[str, object] = {}
        for place in places(seat):
            seat.complaints.clear()
            seat.open(f"{place}?lang=en")
            if seat.complaints:
                wrong[place] = list(seat.complaints)

        assert wrong == {}


class TestPublicPage:
    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_can_be_read_by_everybody_without_a_log_in(self, sit, lang):
        found = places(sit("province"))
        stranger = sit(None, width=390, height=844)

        wrong: dict[str, object] = {}
        shown = 0
        for place in found:
            page = stranger.open(f"{place}?lang={lang}")
            if page.locator("input[type=password]").count():
                continue
            shown += 1
            scrolls = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            told = [*untranslated(page), *unfit(page), *([f"{scrolls} pixels too wide"] if scrolls > 0 else [])]  # fmt: skip
            if told:
                wrong[place] = told

        assert wrong == {}
        assert shown < len(found), "every page was shown to a stranger"
