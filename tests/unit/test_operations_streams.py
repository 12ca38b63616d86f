"""One picture from many streams."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from yipan.analytics.detect.baseline import Carrier
from yipan.analytics.detect.faults import FaultKind
from yipan.model import Counted, CountSeries, Interval, Judgement, Stream
from yipan.operations import streams, watching

FIRST = date(2022, 5, 2)
DAYS = 150
FEVER = Stream(disease="respiratory", counted=Counted.FEVER_CLINIC_VISITS)
ILI = Stream(disease="respiratory", counted=Counted.ILI_VISITS)
PHARMACY = Stream(disease="respiratory", counted=Counted.PHARMACY_SALES)
STREETS = ("44.01.a.", "44.01.b.", "44.01.c.", "44.02.d.")


def series(area, stream=FEVER, *, seed=0, mean=6.0, extra=()):
    counts = np.random.default_rng([seed, *stream.key.encode(), *area.encode()]).poisson(mean, DAYS)
    for back, more in enumerate(reversed(extra)):
        counts[DAYS - 1 - back] += more
    return CountSeries(
        area=area, stream=stream, first_day=FIRST, counts=tuple(int(c) for c in counts)
    )


def seen(some, **options):
    return streams.picture(
        streams.judge_streams(some, until=FIRST + timedelta(days=DAYS), **options)
    )


class TestPicture:
    def test_is_empty_on_a_quiet_day(self):
        found = seen([series(area) for area in STREETS])

        assert found.findings == ()
        assert found.streams == 4

    def test_tells_a_street_by_its_name(self):
        found = seen([series(a, extra=(20,) if a == STREETS[0] else ()) for a in STREETS])

        (one,) = found.findings
        assert one.area == STREETS[0]
        assert one.lead.observed > 20
        assert str(one.lead.observed) in one.explanation.en
        assert one.explanation.zh.endswith("。")

    def test_tells_a_rise_everywhere_once_at_the_city(self):
        found = seen([series(a, extra=(5, 5, 5, 5, 5)) for a in STREETS[:3]] + [series(STREETS[3])])

        (one,) = found.findings
        assert one.area == "44.01."
        assert len(one.contributions) >= 2

    def test_hears_channels_that_say_little_each_by_how_they_moved_together(self):
        kinds = [Counted.FEVER_CLINIC_VISITS, Counted.ILI_VISITS, Counted.OUTPATIENT_VISITS,
                 Counted.SCHOOL_ABSENCES]  # fmt: skip
        some = []
        for area in STREETS:
            for counted in kinds:
                stream = Stream(disease="respiratory", counted=counted)
                one = series(area, stream, seed=5, mean=30.0)
                if area == STREETS[0]:
                    one = replace(one, counts=(*one.counts[:-1], 41))
                some.append(one)

        (found,) = seen(some, sums=False).findings

        assert found.area == STREETS[0]
        least = min(part.p_value for part in found.contributions)
        assert least > 0.005  # none speaks alone, and no mean of them is below the least
        assert found.together < least / 3

    def test_says_that_small_excesses_that_last_are_what_stands_out(self):
        counts = np.random.default_rng(3).poisson(30.0, (12, 200))[:, :196]
        counts[1, -10:] = (27, 37, 29, 22, 24, 38, 40, 38, 41, 43)
        some = [
            CountSeries(
                area=f"44.01.{row}.", stream=FEVER, first_day=FIRST, counts=tuple(int(c) for c in one)
            )
            for row, one in enumerate(counts)
        ]  # fmt: skip
        judged = streams.judge_streams(
            some, until=FIRST + timedelta(days=196), sums=False, alpha=0.02
        )

        (one,) = streams.picture(judged, alpha=0.02, false_share=0.4).findings

        assert one.lead.carrier is Carrier.MEMORY
        assert one.lead.p_value < judged.verdicts.p_day[1, -1]
        assert one.since == one.day - timedelta(days=4)
        assert one.lead.memory_observed == 38 + 40 + 38 + 41 + 43
        assert "each of the last 5 days, 200 fever-clinic visits together" in one.explanation.en
        assert "since 9 November" in one.explanation.en
        assert "one day no higher than expected" in one.explanation.en
        assert "近5日每日均高于预期，合计200人次" in one.explanation.zh
        assert "只要有一日不高于预期" in one.explanation.zh

    def test_joins_what_several_channels_see(self):
        some = [
            series(area, stream, seed=3, extra=(7, 7, 7) if area == STREETS[0] else ())
            for area in STREETS
            for stream in (FEVER, ILI)
        ]

        found = seen(some)

        assert [one.area for one in found.findings] == [STREETS[0]]
        assert found.findings[0].together is not None
        assert {part.stream.counted for part in found.findings[0].contributions} == {
            Counted.FEVER_CLINIC_VISITS, Counted.ILI_VISITS,
        }  # fmt: skip

    def test_never_lets_the_pharmacy_speak_alone(self):
        alone = [series(a, PHARMACY, extra=(40,) if a == STREETS[0] else ()) for a in STREETS]

        assert seen(alone).findings == ()

    def test_lets_the_pharmacy_strengthen_a_clinic(self):
        some = [series(a, FEVER, extra=(14,) if a == STREETS[0] else ()) for a in STREETS]
        pharmacy = [series(a, PHARMACY, extra=(40,) if a == STREETS[0] else ()) for a in STREETS]

        (one,) = seen(some + pharmacy).findings

        assert any(part.stream == PHARMACY for part in one.contributions)

    def test_says_of_every_stream_not_judged_why(self):
        quiet = series(STREETS[0])
        silent = CountSeries(
            area=STREETS[1], stream=FEVER, first_day=FIRST, counts=(*quiet.counts[:-1], None)
        )
        new = CountSeries(
            area=STREETS[2], stream=FEVER, first_day=FIRST + timedelta(days=DAYS - 1), counts=(3,)
        )

        found = seen([quiet, silent, new])

        assert {one.area: one.judgement for one in found.unjudged} == {
            STREETS[1]: Judgement.NOT_REPORTED, STREETS[2]: Judgement.SHORT_HISTORY,
        }  # fmt: skip

    def test_expects_less_of_a_city_where_a_street_is_silent(self):
        whole = [series(a, mean=40) for a in STREETS[:3]]
        part = [
            *whole[:2],
            CountSeries(
                area=whole[2].area,
                stream=FEVER,
                first_day=FIRST,
                counts=(*whole[2].counts[:-1], None),
            ),
        ]
        until = FIRST + timedelta(days=DAYS)

        full, less = (streams.judge_streams(some, until=until) for some in (whole, part))

        assert less.series[3].area == "44."
        assert less.verdicts.expected[3, -1] == pytest.approx(
            full.verdicts.expected[3, -1] * 2 / 3, rel=0.1
        )

    def test_does_not_mix_days_and_weeks(self):
        weekly = CountSeries(
            area=STREETS[1], stream=Stream(disease="x", counted=Counted.OTHER, interval=Interval.WEEK),
            first_day=FIRST, counts=(1, 2),
        )  # fmt: skip

        with pytest.raises(ValueError, match="apart"):
            seen([series(STREETS[0]), weekly])

    def test_follows_a_permutation(self):
        some = [series(a, extra=(20,) if a == STREETS[1] else ()) for a in STREETS]

        forward, backward = seen(some), seen(some[::-1])

        assert [f.explanation for f in forward.findings] == [
            f.explanation for f in backward.findings
        ]


COUNTIES = tuple(f"44.01.{letter}." for letter in "abcd") + tuple(
    f"44.02.{letter}." for letter in "efgh"
)
RING = {
    area: (COUNTIES[(i - 1) % 8], COUNTIES[(i + 1) % 8]) for i, area in enumerate(COUNTIES)
}  # fmt: skip


class TestAStreamThatBeganMidway:
    def late(self, area, day):
        whole = series(area)
        counts = tuple(None if i < day else count for i, count in enumerate(whole.counts))
        return replace(whole, counts=counts)

    def test_is_in_doubt_when_its_siblings_were_there_before(self):
        found = seen([*(series(area) for area in STREETS[:3]), self.late(STREETS[3], DAYS - 20)])

        assert [(one.area, one.kind) for one in found.faults] == [
            (STREETS[3], FaultKind.BEGAN_INSIDE)
        ]

    def test_is_not_when_most_of_its_kind_began_with_it(self):
        some = [self.late(area, DAYS - 20 - n) for n, area in enumerate(STREETS)]

        assert seen([*some, series(STREETS[0], PHARMACY)]).faults == ()


class TestClusters:
    def asked(self, extra, *, where=COUNTIES[1:3], neighbours=RING):
        some = [series(a, extra=extra if a in where else ()) for a in COUNTIES]
        judged = streams.judge_streams(some, until=FIRST + timedelta(days=DAYS), sums=False)
        return streams.picture(judged, neighbours=neighbours).findings

    def test_neighbours_of_one_city_are_told_once_together(self):
        (one,) = self.asked((6, 7, 7, 7))

        assert set(one.cluster) == set(COUNTIES[1:3])
        assert one.area == "44.01."
        assert {part.area for part in one.contributions} == set(COUNTIES[1:3])
        assert "touch and together" in one.explanation.en

    def test_neighbours_across_a_city_border_keep_their_own_and_name_each_other(self):
        found = self.asked((9, 11, 11, 11), where=COUNTIES[3:5])

        assert {one.area for one in found} == set(COUNTIES[3:5])
        assert all(set(one.cluster) == set(COUNTIES[3:5]) for one in found)

    def test_a_neighbour_below_what_is_usual_is_none_of_them(self):
        some = [series(a, extra=(8, 9, 9, 9) if a in COUNTIES[1:3] else ()) for a in COUNTIES]
        low = some[0]
        some[0] = CountSeries(
            area=low.area, stream=low.stream, first_day=low.first_day, counts=(*low.counts[:-7], *(1,) * 7)
        )  # fmt: skip
        judged = streams.judge_streams(some, until=FIRST + timedelta(days=DAYS), sums=False)

        (one,) = streams.clusters(judged, cell=len(judged.days) - 1, neighbours=RING)

        assert COUNTIES[0] not in one.areas
        assert one.observed > one.expected

    def test_are_more_certain_than_the_clearest_of_them_alone(self):
        together, alone = self.asked((6, 7, 7, 7)), self.asked((6, 7, 7, 7), neighbours={})

        assert together[0].p_value < min(one.p_value for one in alone)

    def test_are_not_seen_on_a_quiet_day_nor_without_a_graph(self):
        assert self.asked(()) == ()
        assert all(one.cluster == () for one in self.asked((6, 7, 7, 7), neighbours={}))

    def test_the_same_day_gives_the_same_answer(self):
        assert self.asked((6, 7, 7, 7)) == self.asked((6, 7, 7, 7))

    @pytest.mark.slow
    def test_come_about_as_seldom_as_they_say(self):
        p = []
        for seed in range(60):
            some = [series(a, seed=seed) for a in COUNTIES]
            judged = streams.judge_streams(some, until=FIRST + timedelta(days=DAYS), sums=False)
            cell = len(judged.days) - 1
            p += [one.p_value for one in streams.clusters(
                judged, cell=cell, neighbours=RING, replicates=99
            )]  # fmt: skip

        assert sum(value <= 0.1 for value in p) <= 12


class TestLateReports:
    def test_half_a_day_of_reports_is_measured_against_half_of_what_is_usual(self):
        some = [series(area, mean=40.0) for area in STREETS]
        half = [
            CountSeries(
                area=one.area, stream=one.stream, first_day=one.first_day,
                counts=(*one.counts[:-1], one.counts[-1] // 2 + (22 if one.area == STREETS[0] else 0)),
            )
            for one in some
        ]  # fmt: skip
        known = {"respiratory/fever_clinic_visits": (0.5, 1.0)}

        found = seen(half, completeness=known)

        (one,) = found.findings
        assert one.area == STREETS[0]
        assert one.completeness == pytest.approx(0.5)
        assert "provisional" in one.explanation.en
        assert seen(half).findings == ()

    def test_a_day_hardly_begun_is_not_judged_yet(self):
        some = [series(area, extra=(90,)) for area in STREETS]

        found = seen(some, completeness={"respiratory/fever_clinic_visits": (0.1,)})

        assert found.findings == ()
        assert {one.judgement for one in found.unjudged} == {Judgement.NOT_REPORTED}


class TestPositiveResults:
    POSITIVE = Stream(disease="influenza", counted=Counted.LABORATORY_POSITIVES)
    TESTS = Stream(disease="influenza", counted=Counted.LABORATORY_TESTS)

    def laboratory(self, *, tests, positive):
        made = series(STREETS[0], self.TESTS, mean=200.0)
        found = series(STREETS[0], self.POSITIVE, mean=10.0)
        return [
            CountSeries(
                area=one.area, stream=one.stream, first_day=one.first_day,
                counts=(*one.counts[:-1], last),
            )
            for one, last in ((made, tests), (found, positive))
        ]  # fmt: skip

    def told(self, some):
        return [c.stream.counted for f in seen(some).findings for c in f.contributions]

    def test_three_times_the_tests_with_three_times_the_positives_are_no_rise_of_positivity(self):
        assert Counted.LABORATORY_POSITIVES not in self.told(
            self.laboratory(tests=600, positive=30)
        )

    def test_are_measured_against_the_tests_of_a_whole_city_too(self):
        some = []
        for area in STREETS[:3]:
            made, found = self.laboratory(tests=0, positive=0)
            some += [
                replace(made, area=area, counts=(*made.counts[:-1], 600)),
                replace(found, area=area, counts=(*found.counts[:-1], 24)),
            ]

        judged = streams.judge_streams(some, until=FIRST + timedelta(days=DAYS))

        of_cities = [
            float(judged.verdicts.p_value[row, -1])
            for row, one in enumerate(judged.series)
            if row >= judged.own and one.stream.counted is Counted.LABORATORY_POSITIVES
        ]
        assert of_cities
        assert min(of_cities) > 0.05

    def test_three_times_the_positives_of_as_many_tests_are(self):
        assert Counted.LABORATORY_POSITIVES in self.told(self.laboratory(tests=200, positive=34))


class TestOutbreaksOnRecord:
    def test_do_not_pass_for_what_is_usual(self):
        one = series(STREETS[0], extra=[12] * 40 + [0] * 20)
        since = FIRST + timedelta(days=DAYS - 60)
        known = streams.KnownOutbreak(
            area="44.01.", disease="respiratory", since=since, until=since + timedelta(days=40)
        )
        judged = [
            streams.judge_streams(
                [one], until=FIRST + timedelta(days=DAYS), known_outbreaks=some
            ).verdicts.expected[0, -1]
            for some in ((), (known,))
        ]

        assert judged[1] < judged[0]
        assert judged[1] == pytest.approx(6, rel=0.25)

    def test_of_another_disease_or_place_change_nothing(self):
        some = [series(area, extra=[12] * 40) for area in STREETS]
        since = FIRST + timedelta(days=DAYS - 40)
        others = [
            streams.KnownOutbreak(area=area, disease=disease, since=since, until=since + timedelta(days=40))
            for area, disease in (("44.03.", "respiratory"), ("44.01.", "dengue"))
        ]  # fmt: skip

        assert seen(some, known_outbreaks=others) == seen(some)

    def test_a_stream_with_nothing_before_learns_all_the_same(self):
        one = series(STREETS[0])
        known = streams.KnownOutbreak(
            area="44.", disease="respiratory", since=FIRST, until=FIRST + timedelta(days=DAYS)
        )

        found = seen([one], known_outbreaks=[known])

        assert found.unjudged == ()


class TestBurden:
    def test_counts_what_was_raised_in_the_days_it_names_and_none_before(self):
        long_ago = series(STREETS[0], extra=[60] + [0] * 40)
        lately = series(STREETS[0], extra=[60] + [0] * 10)

        per_week = [
            watching.burden(
                [one, series(STREETS[1])], method="standard", generator=np.random.default_rng(1), days=28
            ).signals_per_week
            for one in (long_ago, lately)
        ]  # fmt: skip

        assert per_week == [0.0, 0.25]
