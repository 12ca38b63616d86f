"""What holds of the default round, whatever the streams: not of one detector, but of everything told on a day."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yipan.model import Counted, CountSeries, Judgement, Stream
from yipan.operations import streams

FIRST, DAYS = date(2022, 5, 2), 140
UNTIL = FIRST + timedelta(days=DAYS)
FEVER = Stream(disease="respiratory", counted=Counted.FEVER_CLINIC_VISITS)
ILI = Stream(disease="respiratory", counted=Counted.ILI_VISITS)
STREETS = ("44.01.a.", "44.01.b.", "44.01.c.", "44.02.d.", "44.02.e.")
TOUCHING = {a: tuple(b for b in STREETS if b != a) for a in STREETS[:3]}
MANY = settings(deadline=None, max_examples=8)
SEEDS = st.integers(0, 9999)


def town(seed, *, missing=0.0):
    """Two channels in five streets, some of them with an outbreak of some size at the end."""
    generator = np.random.default_rng(seed)
    some = []
    for area in STREETS:
        risen = generator.random() < 0.5
        for stream in (FEVER, ILI):
            counts = generator.poisson(generator.uniform(1, 12), DAYS)
            if risen:
                counts[-5:] += generator.poisson(generator.uniform(1, 9), 5)
            told = np.where(generator.random(DAYS) < missing, None, counts)
            some.append(CountSeries(area=area, stream=stream, first_day=FIRST, counts=tuple(told)))
    return some


def judged(some, *, until=UNTIL):
    return streams.judge_streams(some, until=until)


def told(found):
    return {(one.area, one.disease): one.p_value for one in found.findings}


def own_p(found, row, cell=-1):
    return float(found.verdicts.p_value[row, cell])


@pytest.mark.slow
class TestTomorrow:
    @MANY
    @given(seed=SEEDS, more=st.integers(0, 400))
    def test_changes_nothing_told_today(self, seed, more):
        some = town(seed)
        later = [replace(one, counts=(*one.counts, more)) for one in some]
        today = UNTIL - timedelta(days=1)

        now = streams.picture(judged(some), day=today)
        then = streams.picture(judged(later, until=UNTIL + timedelta(days=1)), day=today)

        assert told(then) == pytest.approx(told(now), rel=1e-9)


@pytest.mark.slow
class TestAStricterRule:
    @MANY
    @given(seed=SEEDS, by=st.sampled_from([2, 10]))
    def test_adds_nothing(self, seed, by):
        found = judged(town(seed))

        loose = streams.picture(found, alpha=0.02, false_share=0.3, neighbours=TOUCHING)
        for stricter in (
            {"alpha": 0.02 / by, "false_share": 0.3},
            {"alpha": 0.02, "false_share": 0.3 / by},
        ):
            assert set(told(streams.picture(found, neighbours=TOUCHING, **stricter))) <= set(
                told(loose)
            )


@pytest.mark.slow
class TestASilentStream:
    @MANY
    @given(seed=SEEDS, silent=st.integers(0, 9))
    def test_never_lowers_another(self, seed, silent):
        some = town(seed)
        quiet = [
            replace(one, counts=(*one.counts[:-1], None)) if row == silent else one
            for row, one in enumerate(some)
        ]

        before, after = judged(some), judged(quiet)

        others = [row for row in range(len(some)) if row != silent]
        for row in others:
            assert own_p(after, row) <= own_p(before, row) * (1 + 1e-9)
        for finding in streams.picture(before).findings:
            if finding.lead.p_value == finding.p_value and (
                (finding.lead.area, finding.lead.stream) != (some[silent].area, some[silent].stream)
            ):
                assert any(
                    one.area.startswith(finding.area) or finding.area.startswith(one.area)
                    for one in streams.picture(after).findings
                )


@pytest.mark.slow
class TestPermutingAreas:
    @MANY
    @given(seed=SEEDS)
    def test_permutes_what_is_told(self, seed):
        some = town(seed, missing=0.05)
        order = np.random.default_rng(seed).permutation(len(some))

        straight = streams.picture(judged(some), neighbours=TOUCHING)
        mixed = streams.picture(judged([some[i] for i in order]), neighbours=TOUCHING)

        assert told(mixed) == pytest.approx(told(straight), rel=1e-9)


def bad_series():
    t = np.arange(DAYS)
    steady = 3 + t % 4
    return {
        "all zero": tuple(0 for _ in t),
        "all missing": tuple(None for _ in t),
        "one value": tuple(4 if i == 70 else None for i in t),
        "a constant": tuple(3 for _ in t),
        "gaps": tuple(None if i % 3 else int(steady[i]) for i in t),
        "a typo": tuple(1_000_000 if i == DAYS - 1 else int(steady[i]) for i in t),
        "an old typo": tuple(1_000_000 if i == 60 else int(steady[i]) for i in t),
        "weekly in a daily file": tuple(40 + int(i) % 5 if i % 7 == 0 else None for i in t),
        "begins inside": tuple(None if i < 90 else int(steady[i]) for i in t),
        "ends inside": tuple(None if i > 110 else int(steady[i]) for i in t),
        "a first case after nothing": tuple(1 if i == DAYS - 1 else 0 for i in t),
        "nothing at all": (),
    }


@pytest.mark.slow
class TestABadSeries:
    @pytest.mark.parametrize("kind", bad_series())
    def test_has_an_outcome_and_stops_no_other(self, kind):
        good = [one for one in town(5) if one.area != STREETS[0]]
        sick = CountSeries(
            area=STREETS[0], stream=FEVER, first_day=FIRST,
            counts=(*np.random.default_rng(2).poisson(4, DAYS - 1).tolist(), 40),
        )  # fmt: skip
        wrong = CountSeries(
            area="44.02.f.", stream=Stream(disease="rare", counted=Counted.SUSPECTED), first_day=FIRST,
            counts=bad_series()[kind],
        )  # fmt: skip
        sibling = replace(wrong, stream=FEVER, area="44.02.g.")

        alone, beside = judged([*good, sick]), judged([*good, sick, wrong])
        found = streams.picture(judged([*good, sick, wrong, sibling]))

        rows = range(len(good) + 1)
        assert [own_p(beside, row) for row in rows] == [own_p(alone, row) for row in rows]
        assert any(one.area == STREETS[0] for one in found.findings)
        outcome = beside.verdicts.judgement_of(len(rows), -1)
        fault = {one.kind for one in found.faults if one.area == wrong.area}
        assert outcome is Judgement.JUDGED or fault or outcome in {
            Judgement.NOT_REPORTED, Judgement.SHORT_HISTORY, Judgement.NO_HISTORY_RULE,
        }  # fmt: skip
        stated = {one.area for one in found.unjudged} | {one.area for one in found.faults}
        assert outcome is Judgement.JUDGED or wrong.area in stated

    def test_that_is_negative_is_refused_where_it_is_made(self):
        with pytest.raises(ValueError, match="cannot be negative"):
            CountSeries(area="44.01.a.", stream=FEVER, first_day=FIRST, counts=(3, -1))
