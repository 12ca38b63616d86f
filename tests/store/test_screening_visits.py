"""Visits in the lake, and files a county hands in: who came for care, who met whom, whose rows are whose."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from places import GUANGZHOU, SHENZHEN
from swabs import (
    HOUR,
    LATER,
    NEGATIVE,
    POSITIVE,
    RESULT_HEAD,
    ROUND,
    SAMPLE_HEAD,
    STREETS,
    SWABS,
    ZONE,
    accept,
    adopt,
    fill,
    street,
    table,
    take,
)
from swabs import open_round as opened
from yipan.feeds import samples
from yipan.model import Area, Duty, LakeKind, NotYourArea, Viewer, area_path
from yipan.operations import confidence, holding, programme, screening, tallies
from yipan.operations.post import Post
from yipan.packs.screenings import read_screening
from yipan.store.tables.screening import LAKE_PARTS

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

HEAD = "person,street,place,purpose,arrived_at,left_at"
LIWAN, YUEXIU = area_path("44.4401.440103."), area_path("44.4401.440104.")
YUEXIU_STREET = 440104001
ROSTER_HEAD = "person,street,exempt"


@pytest.fixture
def post(store):
    made = opened(store)
    with store.acting(made.viewer, desk="areas", verb="put", why="test", at=LATER - 20 * HOUR) as act:  # fmt: skip
        act.put_areas(
            [
                Area(path=path, level=level, name_zh=code, name_en=code, code=code, source="test")
                for path, level, code in (
                    (YUEXIU, "county", "440104"), (street(YUEXIU_STREET), "street", str(YUEXIU_STREET)),
                )
            ]
        )  # fmt: skip
    return made


def seen(post, question, viewer=None):
    with post.store.reading(viewer or post.viewer) as record:
        return question(record, post.lake, round="r1")


def at_county(post, area):
    return Post(store=post.store, viewer=Viewer(user="county", duty=Duty.REGISTRAR, area=area))


class TestVisits:
    def test_of_whoever_came_for_care_without_a_result_stand_on_top(self, post, tmp_path):
        fill(post, tmp_path)
        take(post, table(tmp_path / "needs.csv", "person,street,need", f"5,{STREETS[0]},透析"), LakeKind.NEEDS)  # fmt: skip
        taken = take(
            post,
            table(
                tmp_path / "visits.csv", HEAD,
                f"4,{STREETS[0]},70,发热门诊,2022-11-10 18:00,",  # pending
                f"1,{STREETS[0]},70,发热门诊,2022-11-10 18:00,",  # negative
                f"9,{STREETS[2]},71,门诊,2022-11-10 18:00,",  # not seen
                f"77,{STREETS[2]},71,急诊,2022-11-10 19:00,",  # not on the roster
                f"5,{STREETS[0]},72,药店,2022-11-10 19:00,",  # bought something
                f"3,{STREETS[0]},70,发热门诊,2022-11-08 18:00,",  # before the round
                f"6,{STREETS[0]},70,haircut,2022-11-10 18:00,",
            ),
            LakeKind.VISITS,
        )  # fmt: skip

        assert (taken.read, taken.accepted, taken.reasons) == (7, 6, {samples.UNKNOWN_PURPOSE: 1})
        with post.store.reading(post.viewer) as record:
            waiting = holding.waiting_for_care(record, post.lake, round="r1", at=LATER)
        assert [(one.person, one.came_for, one.need, one.why) for one in waiting] == [
            (77, "emergency", "", "not_seen"), (4, "fever_clinic", "", "pending"), (9, "outpatient", "", "not_seen"),
            (5, "", "dialysis", "not_seen"),
        ]  # fmt: skip
        assert waiting[1].came == datetime(2022, 11, 10, 10, tzinfo=UTC)

    def test_lie_by_city_and_day_and_are_not_taken_twice(self, post, tmp_path):
        rows = (
            f"4,{STREETS[0]},70,,2022-11-09 23:30,2022-11-10 00:30",
            f"9,{STREETS[2]},71,,2022-11-10 00:30,",
        )
        take(post, table(tmp_path / "a.csv", HEAD, *rows), LakeKind.VISITS)
        again = take(post, table(tmp_path / "b.csv", HEAD, rows[0], f"4,{STREETS[0]},70,,2022-11-10 02:00,"), LakeKind.VISITS)  # fmt: skip

        with post.store.reading(post.viewer) as record:
            named = sorted({part.id.rpartition("/")[0] for part in record.nouns(LAKE_PARTS)})
        assert named == [
            "lake/r1/visits/city=4401/day=2022-11-09", "lake/r1/visits/city=4401/day=2022-11-10",
            "lake/r1/visits/city=4403/day=2022-11-10",
        ]  # fmt: skip
        assert again.reasons == {samples.ALREADY_HERE: 1}

    def test_tell_who_met_somebody_found(self, post, tmp_path):
        adopt(post)
        fill(post, tmp_path)
        holding.review_rounds(post, at=LATER, time_zone=ZONE)
        accept(post, holding.SET, LATER)
        again = f"208,908,8,{STREETS[2]},2,1,2022-11-11 10:30"
        found = "908,lab-a,阳性,p3,A2,2022-11-11 12:00,2022-11-11 13:20"
        take(post, table(tmp_path / "again.csv", SAMPLE_HEAD, again), LakeKind.RESWABS, at=LATER + 8 * HOUR)  # fmt: skip
        take(post, table(tmp_path / "found.csv", RESULT_HEAD, found), LakeKind.RESULTS, at=LATER + 10 * HOUR)  # fmt: skip
        take(
            post,
            table(
                tmp_path / "visits.csv", HEAD,
                f"8,{STREETS[2]},71,,2022-11-09 12:00,2022-11-09 13:00",
                f"2,{STREETS[2]},71,,2022-11-09 12:45,2022-11-09 14:00",
                f"3,{STREETS[2]},71,,2022-11-09 12:55,2022-11-09 14:00",  # five minutes
                f"4,{STREETS[2]},71,,2022-11-09 12:10,",  # nobody knows how long
                f"5,{STREETS[2]},72,,2022-11-09 12:00,2022-11-09 13:00",  # another place
                f"7,{STREETS[2]},71,,2022-11-09 12:00,2022-11-09 13:00",  # in the same tube
            ),
            LakeKind.VISITS, at=LATER + 11 * HOUR,
        )  # fmt: skip

        told = seen(post, holding.met_found)

        assert [(m.person, m.found, m.minutes) for m in told.meetings] == [(2, 8, 15), (7, 8, 60)]
        assert (told.visits, told.without_end) == (6, 1)

    def test_are_shown_to_a_county_where_they_lie_in_it(self, post, tmp_path):
        fill(post, tmp_path)
        rows = (f"4,{STREETS[0]},70,急诊,2022-11-10 18:00,", f"9,{STREETS[2]},71,急诊,2022-11-10 18:00,")  # fmt: skip
        take(post, table(tmp_path / "visits.csv", HEAD, *rows), LakeKind.VISITS)

        with post.store.reading(at_county(post, LIWAN).viewer) as record:
            waiting = holding.waiting_for_care(record, post.lake, round="r1", at=LATER)
        assert [one.person for one in waiting] == [4]


class TestCounty:
    """A county hands in the rows of its own streets; they become part of its city's round."""

    def test_hands_in_its_own_rows_and_no_others(self, post, tmp_path):
        liwan = at_county(post, LIWAN)
        people = [f"{p},{STREETS[0]},0" for p in (1, 2, 3, 4, 5)]
        other = [f"20,{YUEXIU_STREET},0", f"9,{STREETS[2]},0", "30,999999,0"]

        taken = take(liwan, table(tmp_path / "roster.csv", ROSTER_HEAD, *people, *other), LakeKind.ROSTER)  # fmt: skip

        assert (taken.accepted, taken.area, taken.within) == (5, GUANGZHOU, LIWAN)
        assert taken.reasons == {samples.UNKNOWN_STREET: 1, samples.STREET_OUTSIDE: 2}
        assert taken.read == taken.accepted + taken.quarantined
        aside = (post.lake.folder / taken.quarantine).read_text(encoding="utf-8")
        assert aside.count(samples.STREET_OUTSIDE) == 2
        for viewer in (post.viewer, Viewer(user="gz", duty=Duty.COMMANDER, area=GUANGZHOU), liwan.viewer):  # fmt: skip
            assert seen(post, screening.coverage, viewer).total.due == 5
        yuexiu = at_county(post, YUEXIU).viewer
        assert seen(post, screening.coverage, yuexiu).total.due == 0

    @pytest.mark.parametrize("road", ["fast", "plain"])
    def test_is_judged_by_every_file_of_the_city(self, post, tmp_path, road, monkeypatch):
        if road == "plain":
            monkeypatch.setattr(screening, "_fast_road", lambda *_, **__: None)
        liwan, yuexiu = at_county(post, LIWAN), at_county(post, YUEXIU)
        take(liwan, table(tmp_path / "a.csv", SAMPLE_HEAD, *SWABS[:4]), LakeKind.SAMPLES)
        theirs = (
            f"300,501,40,{YUEXIU_STREET},9,5,2022-11-10 19:00",  # Liwan's tube
            f"301,600,1,{YUEXIU_STREET},9,5,2022-11-10 19:00",  # Liwan's person
            f"302,600,41,{YUEXIU_STREET},9,5,2022-11-10 19:00",
            f"303,600,42,{STREETS[1]},9,5,2022-11-10 19:00",  # a street of Liwan
        )

        taken = take(yuexiu, table(tmp_path / "b.csv", SAMPLE_HEAD, *theirs), LakeKind.SAMPLES)

        assert taken.reasons == {
            samples.ALREADY_HERE: 1, samples.TUBE_OF_EARLIER: 1, samples.STREET_OUTSIDE: 1,
        }  # fmt: skip
        assert taken.accepted == 1

    def test_gives_the_coverage_the_city_s_own_file_would_give(self, post, tmp_path):
        liwan = at_county(post, LIWAN)
        people = [f"{p},{STREETS[0]},{int(p == 6)}" for p in range(1, 7)]
        take(liwan, table(tmp_path / "roster.csv", ROSTER_HEAD, *people), LakeKind.ROSTER)
        take(liwan, table(tmp_path / "samples.csv", SAMPLE_HEAD, *SWABS[:4]), LakeKind.SAMPLES)
        take(liwan, table(tmp_path / "results.csv", RESULT_HEAD, NEGATIVE), LakeKind.RESULTS)

        total = seen(post, screening.coverage).total

        assert (total.due, total.exempt, total.sampled, total.with_result) == (5, 1, 4, 3)
        assert seen(post, screening.coverage, liwan.viewer).total.with_result == 3

    def test_cannot_tell_results_of_tubes_outside(self, post, tmp_path):
        fill(post, tmp_path)
        yuexiu = at_county(post, YUEXIU)
        more = f"300,600,41,{YUEXIU_STREET},9,5,2022-11-10 19:00"
        take(yuexiu, table(tmp_path / "b.csv", SAMPLE_HEAD, more), LakeKind.SAMPLES)
        rows = (
            NEGATIVE.replace("501", "600"), NEGATIVE.replace("阴性", "阳性"), POSITIVE,
            NEGATIVE.replace("501", "999"),
        )  # fmt: skip

        taken = take(yuexiu, table(tmp_path / "r.csv", RESULT_HEAD, *rows), LakeKind.RESULTS)

        # Tube 503 is of another city, whose parts nobody in this one sees.
        assert taken.reasons == {samples.UNKNOWN_TUBE: 2, samples.STREET_OUTSIDE: 1}
        assert taken.accepted == 1
        assert seen(post, screening.coverage).total.held == 2

    def test_may_send_the_file_another_county_sent(self, post, tmp_path):
        file = table(tmp_path / "roster.csv", ROSTER_HEAD, f"1,{STREETS[0]},0", f"20,{YUEXIU_STREET},0")  # fmt: skip
        take(at_county(post, LIWAN), file, LakeKind.ROSTER)
        with pytest.raises(screening.AlreadyTaken):
            take(at_county(post, LIWAN), file, LakeKind.ROSTER)
        take(at_county(post, YUEXIU), file, LakeKind.ROSTER)

        again = take(post, file, LakeKind.ROSTER)

        assert again.reasons == {samples.ALREADY_HERE: 2}
        assert seen(post, screening.coverage).total.due == 2

    def test_of_another_city_hands_nothing_in_to_a_round_outside(self, post, tmp_path):
        with post.store.reading(post.viewer) as record:
            found = record.noun(screening.SCREENING_ROUNDS, "r1")
        screening.open_round(
            post, screening.replace(found, id="gz", area=GUANGZHOU), why="test", at=LATER
        )
        stranger = Post(
            store=post.store, viewer=Viewer(user="sz", duty=Duty.REGISTRAR, area=SHENZHEN)
        )
        file = table(tmp_path / "roster.csv", ROSTER_HEAD, f"1,{STREETS[0]},0")

        with pytest.raises((NotYourArea, screening.NotFound)):
            screening.take_in(
                stranger, post.lake, file, round="gz", kind=LakeKind.ROSTER, at=LATER,
                time_zone=ZONE,
            )  # fmt: skip


class TestTallies:
    def test_kept_are_those_worked_out_and_belong_to_one_set_of_files(self, post, tmp_path, monkeypatch):  # fmt: skip
        monkeypatch.setattr(tallies, "KEPT_FROM", 0)
        fill(post, tmp_path)
        first = seen(post, screening.coverage)
        monkeypatch.setattr(screening, "street_rows", lambda *_: pytest.fail("worked out again"))
        assert seen(post, screening.coverage) == first
        monkeypatch.undo()
        monkeypatch.setattr(tallies, "KEPT_FROM", 0)
        corrected = POSITIVE.replace("POS", "阴性").replace("23:30", "23:50")
        take(post, table(tmp_path / "later.csv", RESULT_HEAD, corrected), LakeKind.RESULTS, at=LATER + HOUR)  # fmt: skip

        assert (first.total.held, seen(post, screening.coverage).total.held) == (2, 0)
        with post.store.reading(post.viewer, known_at=LATER) as record:
            assert screening.coverage(record, post.lake, round="r1") == first
        county = seen(post, screening.coverage, at_county(post, LIWAN).viewer)
        assert county.total.due == 5

    def test_removed_or_damaged_lose_time_only(self, post, tmp_path, monkeypatch):
        monkeypatch.setattr(tallies, "KEPT_FROM", 0)
        fill(post, tmp_path)
        first = seen(post, screening.coverage)
        for file in post.lake.folder.rglob("tallies/**/*.json"):
            file.write_text("[[", encoding="utf-8")

        assert seen(post, screening.coverage) == first


class TestProgramme:
    def test_of_a_part_says_that_only_its_rows_were_counted(self, post, tmp_path):
        adopt(post)
        fill(post, tmp_path)
        told = {}
        for name, viewer in (("province", post.viewer), ("county", at_county(post, LIWAN).viewer)):
            with post.store.reading(viewer) as record:
                (told[name],) = programme.programmes(
                    record, post.lake, area=viewer.area, at=LATER + HOUR, time_zone=ZONE
                )

        assert (told["county"].area, told["county"].counted_in) == (told["province"].area, LIWAN)
        assert "Only the rows of 荔湾区" in told["county"].reasons[0].en
        assert told["province"].counted_in == told["province"].area
        assert not any("Only the rows" in reason.en for reason in told["province"].reasons)


class TestConfidence:
    def test_counts_as_never_tested_only_whom_no_clear_round_reached(self, post, tmp_path):
        adopt(post)
        people = [f"{p},{STREETS[0]},0" for p in range(1, 11)]
        given = read_screening("covid-19")
        answers = []
        for number, seen_people in enumerate(((1, 2, 3, 4, 5, 6, 7, 8), (3, 4, 5, 6, 7, 8, 9))):
            name, day = f"c{number}", LATER + 4 * HOUR + number * 24 * HOUR
            screening.open_round(
                post, replace(ROUND, id=name, area=LIWAN, opened=day, closes=day + 23 * HOUR), why="test", at=day
            )  # fmt: skip
            later = day + 23 * HOUR
            swabs = [f"{1000 * number + p},{900 + 10 * number},{p},{STREETS[0]},1,10,{(day + HOUR).isoformat()}" for p in seen_people]  # fmt: skip
            result = f"{900 + 10 * number},lab-a,阴性,p,A1,{(day + 2 * HOUR).isoformat()},{(day + 3 * HOUR).isoformat()}"
            for kind, head, rows in (
                (LakeKind.ROSTER, ROSTER_HEAD, people), (LakeKind.SAMPLES, SAMPLE_HEAD, swabs), (LakeKind.RESULTS, RESULT_HEAD, [result]),
            ):  # fmt: skip
                screening.take_in(
                    post, post.lake, table(tmp_path / f"{name}-{kind.value}.csv", head, *rows), round=name, kind=kind,
                    at=later, time_zone=ZONE,
                )  # fmt: skip
            with post.store.reading(post.viewer) as record:
                answers.append(
                    confidence.lifting(record, post.lake, area=LIWAN, at=later + HOUR / 2, time_zone=ZONE, given=given)
                )  # fmt: skip

        first, second = answers
        assert (first.clear_rounds, first.never_people, first.attendance) == (1, 2, 1.0)
        # Of the three whom the second round missed one was never tested: ten; the others came before.
        assert (second.clear_rounds, second.never_people) == (2, 1)
        assert second.attendance == pytest.approx((8 + 7) / (9 + 9))
        assert second.probability > first.probability
