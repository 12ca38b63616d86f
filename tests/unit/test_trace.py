"""Sources, chains and questions on small outbreaks whose answer one can see."""

import numpy as np
import pytest

from outbreaks import SERIAL, simulate
from yipan.analytics.trace import chains, questions
from yipan.analytics.trace.sources import (
    NEVER,
    UNDATED,
    Contacts,
    Delay,
    Genomes,
    Parameters,
    SharedPlaces,
    TraceCases,
    sources,
)

GIVEN = Parameters(serial=SERIAL)


def posterior(days, **evidence):
    return sources(TraceCases.of_days(days), parameters=GIVEN, learn=False, **evidence)


class TestSources:
    def test_add_up_to_one(self):
        found = posterior([0, 4, 5, 9])

        for case in range(4):
            shares = sum(p for _, p in found.ranked(case, most=99))
            assert shares == pytest.approx(1)

    def test_of_the_first_case_lie_outside(self):
        assert posterior([0, 5]).outside[0] == pytest.approx(1)

    def test_turn_to_whom_a_contact_was_recorded_with(self):
        alone = posterior([0, 0, 5])
        told = posterior([0, 0, 5], contacts=Contacts.of_pairs([(0, 2)]))

        assert alone.share_of(2, 0) == alone.share_of(2, 1)
        assert told.share_of(2, 0) > 0.9 > 0.1 > told.share_of(2, 1)

    def test_do_not_care_who_named_whom_unless_told_so(self):
        reverse = Contacts.of_pairs([(2, 0)])
        directed = Contacts.of_pairs([(2, 0)], directed=True)

        assert posterior([0, 0, 5], contacts=reverse).share_of(2, 0) > 0.9
        assert posterior([0, 0, 5], contacts=directed).share_of(2, 0) < 0.5

    def test_turn_to_whom_a_place_was_shared_with(self):
        shared = SharedPlaces(source=np.array([0]), target=np.array([2]), dose=np.array([3.0]))

        assert posterior([0, 0, 5], places=shared).share_of(2, 0) > 0.6

    def test_turn_to_the_nearer_genome(self):
        near = Genomes(first=np.array([0, 1]), second=np.array([2, 2]), snps=np.array([1, 12]))

        found = posterior([0, 0, 5], genomes=near)

        assert found.share_of(2, 0) > 5 * found.share_of(2, 1)

    def test_fade_after_isolation(self):
        apart = TraceCases(
            day=np.array([0, 0, 9]), spread=np.zeros(3, np.int64), isolated=np.array([1, NEVER, NEVER]),
            imported=np.zeros(3, bool),
        )  # fmt: skip
        delayed = Parameters(serial=SERIAL, incubation=Delay(mean_days=4, sd_days=2))

        found = sources(apart, parameters=delayed, learn=False)

        assert found.share_of(2, 0) < 0.2 * found.share_of(2, 1)

    def test_are_less_sharp_where_days_are_uncertain(self):
        days = np.array([0, 4, 9])
        blurred = TraceCases(
            day=days, spread=np.full(3, 4), isolated=np.full(3, NEVER), imported=np.zeros(3, bool)
        )

        vague = sources(blurred, parameters=GIVEN, learn=False)

        assert vague.share_of(2, 1) / vague.share_of(2, 0) < posterior(days).share_of(
            2, 1
        ) / posterior(days).share_of(2, 0)

    def test_of_an_imported_case_lie_outside(self):
        known = TraceCases(
            day=np.array([0, 5]),
            spread=np.zeros(2, np.int64),
            isolated=np.full(2, NEVER),
            imported=np.array([False, True]),
        )

        assert sources(known, parameters=GIVEN, learn=False).best()[0].tolist() == [-1, -1]

    def test_of_a_case_without_a_day_need_a_contact(self):
        found = posterior([0, UNDATED, UNDATED], contacts=Contacts.of_pairs([(0, 1)]))

        assert found.share_of(1, 0) > 0.3
        assert found.outside[2] == 1

    def test_refuse_evidence_about_nobody(self):
        with pytest.raises(ValueError, match="outside 0 to 1"):
            posterior([0, 5], contacts=Contacts.of_pairs([(0, 2)]))
        with pytest.raises(ValueError, match="case 1 and itself"):
            posterior([0, 5], contacts=Contacts.of_pairs([(1, 1)]))

    def test_of_nobody_are_nothing(self):
        assert posterior([]).best()[0].size == 0

    def test_are_sampled_as_often_as_they_are_likely(self):
        found = posterior([0, 0, 4, 5, 8], contacts=Contacts.of_pairs([(0, 3)]))
        rng = np.random.default_rng(1)

        drawn = np.array([found.sample(rng) for _ in range(4000)])

        for source in (-1, 2, 3):
            wanted = found.outside[4] if source < 0 else found.share_of(4, source)
            assert (drawn[:, 4] == source).mean() == pytest.approx(wanted, abs=0.03)


class TestChains:
    def test_are_told_the_largest_first(self):
        found = chains.chains_of(
            np.array([-1, 0, 1, -1, 3]), np.array([0, 5, 9, 1, UNDATED]), today=30, quiet_days=14
        )

        assert [(c.size, c.generations, c.active) for c in found] == [(3, 2, False), (2, 1, True)]
        assert found[0].members == (0, 1, 2)

    def test_have_no_cycle(self):
        with pytest.raises(ValueError, match="infected itself"):
            chains.roots_and_generations(np.array([1, 2, 0]))

    def test_leave_a_cycle_by_the_cheapest_way(self):
        """Three cases of one day with each other's contact records: one must come from elsewhere."""
        pairs = Contacts(
            source=np.array([0, 1, 2]),
            target=np.array([1, 2, 0]),
            level=np.zeros(3, np.int64),
            directed=True,
        )
        mixed = Parameters(serial=Delay(mean_days=2, sd_days=2), outside=0.01)

        parent, _ = chains.likeliest_forest(
            sources(TraceCases.of_days([0, 0, 0]), parameters=mixed, contacts=pairs, learn=False)
        )

        assert sorted(parent.tolist()).count(-1) == 1
        chains.roots_and_generations(parent)

    def test_offspring_is_found_again(self):
        rng = np.random.default_rng(5)
        outbreak = simulate(1500, rng, R=1.6, k=0.5)
        today = int(outbreak.cases.day.max())

        found = chains.offspring([outbreak.truth], outbreak.cases.day, serial=SERIAL, today=today)

        assert found.R.low < 1.6 < found.R.high
        assert found.k.low < 0.5 < found.k.high

    def test_spreaders_stand_out(self):
        forest = np.array([-1] + [0] * 9 + [1])

        (found,) = chains.spreaders([forest], R=1.0)

        assert (found.case, found.expected) == (0, 9)


class TestInconsistencies:
    def test_name_what_cannot_be(self):
        cases = TraceCases(
            day=np.array([10, 2, 60, 14]), spread=np.zeros(4, np.int64), isolated=np.array([12, NEVER, NEVER, NEVER]),
            imported=np.zeros(4, bool),
        )  # fmt: skip
        told = Contacts.of_pairs([(0, 1), (0, 2), (0, 3), (3, 0)], directed=True)
        days = questions.ContactDays(
            first=np.array([UNDATED, UNDATED, 13, UNDATED]),
            last=np.array([UNDATED, UNDATED, 16, 1]),
        )

        found = questions.inconsistencies(cases, told, serial=SERIAL, days=days)

        assert {(q.doubt.value, q.source, q.target) for q in found} == {
            ("second_before_first", 0, 1), ("long_gap", 0, 2), ("after_isolation", 0, 3), ("cycle", 0, 3),
            ("cycle", 3, 0), ("second_before_first", 3, 0), ("not_yet_infectious", 3, 0),
        }  # fmt: skip

    def test_are_none_where_all_fits(self):
        assert (
            questions.inconsistencies(
                TraceCases.of_days([0, 5]), Contacts.of_pairs([(0, 1)]), serial=SERIAL
            )
            == ()
        )


class TestInquiries:
    def test_ask_about_what_is_open(self):
        found = posterior([0, 0, 5, 30, 35], contacts=Contacts.of_pairs([(3, 4)]))

        asked = questions.inquiries(found)

        assert {inquiry.case for inquiry in asked[:3]} == {2}
        assert all(0 <= inquiry.bits <= inquiry.open_bits for inquiry in asked)

    def test_leave_genomes_that_are_there(self):
        found = posterior([0, 0, 5])

        asked = questions.inquiries(found, sequenced=frozenset({0, 1, 2}))

        assert questions.Ask.GENOMES not in {inquiry.ask for inquiry in asked}
