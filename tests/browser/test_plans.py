"""Pages of plans, of the protocol, and zones on the map, as somebody at the board uses them."""

import re

import pytest
from playwright.sync_api import expect

from looking import settle
from yipan.model import Duty, Viewer, area_path

LATE, DUE, NAMED = (f"p-{number:016x}" for number in (0xA1, 0xA2, 0xA3))


class TestPlans:
    @pytest.mark.parametrize("which", ["all", "test_today", "release_late"])
    def test_figure_opens_the_list_it_counts(self, sit, which):
        page = sit("province").open("#/plans?lang=en")
        figure = page.get_by_test_id(f"plans-{which}")
        figure.click()
        settle(page)

        expect(page.get_by_test_id("count").first).to_have_text(figure.inner_text())

    def test_name_who_is_late_to_be_let_go(self, sit):
        page = sit("guangzhou").open("#/plans?lang=en&which=release_late")

        row = page.locator("tbody tr").first
        expect(row).to_contain_text(LATE)
        expect(row).to_contain_text("late to be let go")

    def test_of_one_person_open_by_keyboard_day_by_day_with_its_source(self, sit):
        page = sit("guangzhou").open("#/plans?lang=en")
        page.get_by_role("button", name=DUE).focus()
        page.keyboard.press("Enter")
        settle(page)

        sheet = page.get_by_role("dialog")
        expect(sheet.locator("ol.days > li")).to_have_count(10)
        expect(sheet.locator("ol.days > li").first).to_contain_text("central isolation, test")
        expect(sheet).to_contain_text("Under the Ninth Edition")
        page.keyboard.press("Escape")
        expect(sheet).to_have_count(0)

    def test_take_a_sample_and_count_it_at_once(self, sit):
        page = sit("guangzhou").open(f"#/plans?lang=en&person={DUE}")
        page.get_by_role("button", name="Sampled today").click()

        expect(page.locator("ol.days > li").first).to_contain_text("sampled, visited")
        expect(page.get_by_test_id("plans-test_today")).to_have_text("1")

    def test_show_a_name_only_for_a_purpose_and_write_the_reading_down(self, sit, served):
        page = sit("guangzhou").open(f"#/plans?lang=en&person={NAMED}")
        expect(page.get_by_text("张三")).to_have_count(0)
        page.get_by_role("button", name="Read the name").click()
        page.get_by_role("textbox").last.fill("call about the test")
        page.get_by_role("dialog").last.get_by_role("button", name="Read the name").click()

        expect(page.get_by_text("张三")).to_be_visible()
        province = Viewer(user="province", duty=Duty.COMMANDER, area=area_path("44."))
        with served.store.reading(province) as record:
            assert "call about the test" in str(record.identity_readings()[-1])

    def test_offer_no_name_to_a_duty_that_needs_none(self, sit):
        page = sit("province").open(f"#/plans?lang=en&person={NAMED}")

        expect(page.get_by_role("dialog")).to_contain_text("Day by day")
        expect(page.get_by_role("button", name="Read the name")).to_have_count(0)


class TestProtocol:
    def test_in_force_is_told_with_who_adopted_it_and_that_a_newer_one_was_not(self, sit):
        page = sit("province").open("#/protocol?lang=en")

        expect(page.locator(".holds")).to_contain_text("Ninth Edition")
        expect(page.get_by_text("it has not been adopted here")).to_be_visible()

    def test_is_nothing_before_anybody_adopted_it(self, sit):
        page = sit("province").open("#/protocol?lang=en&at=2022-11-11T03:00:00Z")

        expect(page.get_by_text("nothing is asked and nothing falls due")).to_be_visible()

    def test_compared_with_another_says_what_changes_for_whom(self, sit):
        page = sit("haizhu").open("#/protocol?lang=en&from=cn-covid-9ed&to=cn-covid-20m")

        expect(
            page.locator(".changes li", has_text="contacts of contacts: no longer set")
        ).to_have_count(1)

    def test_numbers_are_found_by_topic_and_by_word(self, sit):
        page = sit("province").open("#/protocol?lang=en&topic=limit")
        page.get_by_role("searchbox").fill("on site")

        expect(page.get_by_role("cell", name=re.compile("on site.*2 h"))).to_be_visible()

    def test_at_another_moment_is_the_one_that_held_then(self, sit):
        page = sit("province").open("#/protocol?lang=en&moment=2022-06-01T08:00")

        expect(page.get_by_text("nothing is asked and nothing falls due")).to_be_visible()


class TestZonesOnTheMap:
    def test_are_looked_at_in_the_street_with_core_and_ring_in_the_legend(self, sit, gl_browser):
        seat = sit("guangzhou", browser=gl_browser)
        page = seat.open("#/zones?lang=en")
        page.locator(".map[data-idle]").wait_for()
        page.get_by_label("Look at").select_option(label="Test garden 2")
        settle(page)

        expect(page.get_by_text("ring (dashed line)")).to_be_visible()
        expect(page.locator(".maplibregl-ctrl-scale")).to_contain_text(re.compile(r"^\d+\sm$"))
        assert seat.complaints == []

    def test_say_how_exactly_their_place_is_known(self, sit):
        page = sit("guangzhou").open("#/zones?lang=en&zone=z-core")

        expect(page.get_by_role("dialog")).to_contain_text("outline of the place register")
