"""Laws of plans on record: what is kept says what was ruled, and a change names every date it changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from yipan.operations import plans
from yipan.protocol import Adopted, protocols
from yipan.protocol.rules.people import PlanFacts, merged_plan

CHINA = ZoneInfo("Asia/Shanghai")
BOOKS = protocols()
ROLES = (
    "close_contact",
    "contact_of_contact",
    "inbound_traveller",
    "left_high_zone",
    "left_medium_zone",
)

facts = st.builds(
    PlanFacts, role=st.sampled_from(ROLES),
    day_one=st.integers(0, 40).map(lambda days: date(2022, 10, 20) + timedelta(days=days)),
)  # fmt: skip


def ruled(several, *versions):
    adopted = [
        Adopted(rulebook=BOOKS.rulebook(version), at=datetime(2022, 1 + 10 * n, 11, tzinfo=UTC), policy="only_shorter")
        for n, version in enumerate(versions)
    ]  # fmt: skip
    return merged_plan(several, adopted, BOOKS.profile("guangdong-2022"), zone=CHINA).value


class TestStretches:
    @given(
        several=st.lists(facts, max_size=4),
        version=st.sampled_from(["cn-covid-9ed", "cn-covid-20m"]),
    )
    def test_say_every_date_that_was_ruled_and_no_other(self, several, version):
        merged = ruled(several, version)

        assert plans.days_of(plans.stretches_of(merged)) == merged.days

    @given(several=st.lists(facts, min_size=1, max_size=3))
    def test_of_an_open_plan_go_on_as_the_rule_does(self, several):
        merged = ruled(
            [*several, PlanFacts(role="mild_case_at_home", day_one=date(2022, 12, 8))],
            "cn-covid-10m",
        )
        stretches = plans.stretches_of(merged)

        assert stretches[-1].last is None
        for later in range(3, 30):
            day = max(one.day for one in merged.days) + timedelta(days=later)
            assert stretches[-1].place == merged.on(day).place


class TestChanges:
    @given(several=st.lists(facts, min_size=1, max_size=3))
    def test_are_every_date_on_which_two_plans_differ(self, several):
        before, after = (
            ruled(several, "cn-covid-9ed"),
            ruled(several, "cn-covid-9ed", "cn-covid-20m"),
        )

        told = plans.changes(plans.stretches_of(before), plans.stretches_of(after))

        days = {one.day for one in (*before.days, *after.days)}
        assert [one.day for one in told] == sorted(d for d in days if before.on(d) != after.on(d))

    @given(several=st.lists(facts, max_size=3))
    def test_of_a_plan_to_itself_are_none(self, several):
        stretches = plans.stretches_of(ruled(several, "cn-covid-9ed"))

        assert plans.changes(stretches, stretches) == ()
