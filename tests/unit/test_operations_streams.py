"""One picture from many streams."""

from datetime import date, timedelta

import numpy as np
import pytest

from yipan.model import Counted, CountSeries, Interval, Judgement, Stream
from yipan.operations import streams

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
