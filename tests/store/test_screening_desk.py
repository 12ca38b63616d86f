"""The desk of screening on a real record: programmes, specimens on the way, quality, what is due of key people."""

import math
from datetime import date, timedelta

import polars as pl
import pytest

from places import PROVINCE, TENTH
from swabs import (
    HOUR,
    LATER,
    RESULT_HEAD,
    SAMPLE_HEAD,
    STREETS,
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
from yipan.feeds.keypeople import KeyPeople, read_key_people
from yipan.feeds.laboratory import specimen_of
from yipan.model import (
    Adoption,
    CasePlace,
    Counted,
    Duty,
    KeyGroup,
    KeySite,
    Laboratory,
    LakeKind,
    PersonState,
    ReagentKit,
    Stream,
    TestResult,
    Viewer,
    ZoneChange,
    ZoneTerms,
    area_path,
    person_id,
    place,
)
from yipan.operations import (
    commanding,
    confidence,
    day,
    holding,
    keypeople,
    laboratories,
    logistics,
    plates,
    programme,
    screening,
    zoning,
)
from yipan.operations.programme import ProgrammeState
from yipan.packs.screenings import read_screening
from yipan.protocol import protocols
from yipan.store import NotFound
from yipan.store.tables.commanding import TASKS

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]


@pytest.fixture
def post(store):
    return opened(store)


@pytest.fixture
def filled(post, tmp_path):
    adopt(post)
    fill(post, tmp_path)
    return post


def programme_of(post, at, **options):
    with post.store.reading(post.viewer) as record:
        return programme.programmes(
            record, post.lake, area=PROVINCE, at=at, time_zone=ZONE, **options
        )


class TestProgramme:
    def test_waits_for_the_results_of_its_round(self, filled):
        (told,) = programme_of(filled, TENTH + timedelta(days=1, hours=1))

        (seen,) = told.rounds
        assert (seen.pending, seen.held, seen.clear) == (1, 2, None)
        assert (told.state, told.next_round) == (ProgrammeState.DUE, date(2022, 11, 11))

    def test_says_nothing_where_no_version_was_adopted(self, post):
        (told,) = programme_of(post, LATER)

        assert (told.state, told.next_round, told.rulebook) == (ProgrammeState.SILENT, None, "")
        assert told.reasons[0].zh

    def test_counts_a_single_positive_as_found_in_the_community_until_refuted(self, filled, tmp_path):  # fmt: skip
        holding.review_rounds(filled, at=LATER, time_zone=ZONE)
        accept(filled, holding.SET, LATER)
        again = f"208,908,8,{STREETS[2]},2,1,2022-11-11 10:30"
        found = "908,lab-a,阳性,p3,A2,2022-11-11 12:00,2022-11-11 13:20"
        take(filled, table(tmp_path / "again.csv", SAMPLE_HEAD, again), LakeKind.RESWABS, at=LATER + 8 * HOUR)  # fmt: skip
        take(filled, table(tmp_path / "found.csv", RESULT_HEAD, found), LakeKind.RESULTS, at=LATER + 10 * HOUR)  # fmt: skip

        (told,) = programme_of(filled, LATER + 11 * HOUR)
        holding.confirm(filled, round="r1", person=8, laboratory="lab-c", confirmed=False, at=LATER + 12 * HOUR)  # fmt: skip
        (refuted,) = programme_of(filled, LATER + 13 * HOUR)

        assert (told.rounds[0].found_in, told.rounds[0].clear) == ({"community": 1}, False)
        assert (refuted.rounds[0].community, refuted.rounds[0].clear) == (0, None)

    def test_does_not_count_whom_isolation_found(self, filled):
        found = [
            CasePlace(
                id=f"c{n}", area=area_path("44.4401.440103."), case=f"c{n}", place=place(f"44.4401.440103. compound 花园{n}"),
                found=LATER, isolated=n == 1,
            )
            for n in (1, 2)
        ]  # fmt: skip
        zoning.record_case_places(filled, found, at=LATER)

        (told,) = programme_of(filled, LATER + HOUR)

        assert told.rounds[0].found_in == {"isolation": 1, "community": 1}
        assert (told.rounds[0].community, told.rounds[0].controlled) == (1, 1)


SENT_HEAD = "tube,consignment,laboratory,courier,seal,temperature_c,picked_at"
GOT_HEAD = "tube,laboratory,consignment,accession,condition,received_at"
WELL_HEAD = (
    "laboratory,plate,well,content,tube,instrument,kit,ct_orf,ct_n,ct_control,started_at,ended_at"
)
RUN = "2022-11-10 21:00,2022-11-10 22:30"


def send(post, folder, kind, head, *rows, name="", at=LATER):
    return take(post, table(folder / f"{kind.value}{name}.csv", head, *rows), kind, at=at)


def on_the_way(post, folder):
    sent = send(
        post, folder, LakeKind.CONSIGNMENTS, SENT_HEAD, "501,box-1,lab-a,c-7,s1,4.5,2022-11-10 18:00",
        "502,box-1,lab-a,c-7,s1,4.5,2022-11-10 18:00", "503,box-2,lab-b,c-8,s2,5,2022-11-10 19:00",
        "599,box-2,lab-b,c-8,s2,5,2022-11-10 19:00", "503,box-3,lab-b,c-8,s2,5,2022-11-10 19:00",
        "501,box-4,lab-a,c-7,,,2022-11-10 10:30",
    )  # fmt: skip
    got = send(
        post, folder, LakeKind.RECEIPTS, GOT_HEAD, "501,lab-a,box-1,a1,合格,2022-11-10 20:00",
        "503,lab-b,box-2,b1,渗漏,2022-11-10 20:30", "502,lab-a,box-1,a2,dusty,2022-11-10 20:00",
    )  # fmt: skip
    return sent, got


class TestSpecimensOnTheirWay:
    def test_are_judged_row_by_row_and_add_up(self, filled, tmp_path):
        sent, got = on_the_way(filled, tmp_path)

        assert (sent.read, sent.accepted, got.accepted) == (6, 3, 2)
        assert sum(sent.reasons.values()) == sent.quarantined
        assert len(sent.reasons) == 3
        assert "condition" in next(iter(got.reasons))

    def test_are_counted_by_consignment_until_the_last_tube_arrived(self, filled, tmp_path):
        on_the_way(filled, tmp_path)
        with filled.store.reading(filled.viewer) as record:
            first, second = laboratories.transit(record, filled.lake, round="r1", at=LATER)

        assert (first.consignment, first.tubes, first.received, first.late) == ("box-1", 2, 1, True)
        assert (second.consignment, second.refused, second.hours) == ("box-2", 1, None)
        assert first.courier == "c-7"


class TestOneState:
    def state(self, post, person):
        with post.store.reading(post.viewer) as record:
            return holding.standing(record, post.lake, round="r1", person=person).state

    def test_follows_the_tube_to_the_laboratory(self, filled, tmp_path):
        assert self.state(filled, 4) is PersonState.PENDING

        on_the_way(filled, tmp_path)
        assert self.state(filled, 4) is PersonState.ON_THE_WAY

        send(filled, tmp_path, LakeKind.RECEIPTS, GOT_HEAD, "502,lab-a,box-1,a2,accepted,2022-11-10 20:00", name="-2")  # fmt: skip
        assert self.state(filled, 4) is PersonState.AT_LABORATORY

    def test_is_to_be_swabbed_again_where_a_tube_leaked(self, filled, tmp_path):
        send(filled, tmp_path, LakeKind.RECEIPTS, GOT_HEAD, "502,lab-a,box-1,a2,渗漏,2022-11-10 20:00")  # fmt: skip

        assert self.state(filled, 4) is PersonState.AGAIN

    def test_s_tubes_are_exported_as_pooled_or_grouped_and_name_nobody(self, filled, tmp_path):
        on_the_way(filled, tmp_path)
        with filled.store.reading(filled.viewer) as record:
            made = {
                tube.tube: specimen_of(tube)
                for tube in screening.tube_specimens(record, filled.lake, round="r1")
            }

        assert {tube: one.get("combined") for tube, one in made.items()} == {
            501: "pooled", 502: "grouped", 503: "pooled",
        }  # fmt: skip
        assert "receivedTime" in made[501]
        assert "subject" not in made[501]


class TestSpecimensThatFollow:
    def test_name_the_tube_they_follow_from(self, filled, tmp_path):
        again = f"208,908,8,{STREETS[2]},2,1,2022-11-11 10:30"
        take(filled, table(tmp_path / "again.csv", SAMPLE_HEAD, again), LakeKind.RESWABS, at=LATER + 8 * HOUR)  # fmt: skip
        laboratories.plant(filled, round="r1", pairs={503: 9503}, at=LATER + 8 * HOUR)
        with filled.store.reading(filled.viewer) as record:
            made = {
                tube.tube: specimen_of(tube)
                for tube in screening.tube_specimens(record, filled.lake, round="r1")
            }

        assert made[908]["parent"] == made[9503]["parent"] == [{"reference": "Specimen/tube-503"}]
        assert (made[908].get("combined"), made[9503].get("combined")) == (None, "pooled")
        assert "parent" not in made[503]


def plate(laboratory, name, *wells, kit="lot-1", instrument="qs5", run=RUN):
    return [
        f"{laboratory},{name},{well},{content},{tube},{instrument},{kit},{orf},{n},{ic},{run}"
        for well, content, tube, orf, n, ic in wells
    ]


CONTROLS = (
    ("H11", "无模板对照", "", "", "", ""), ("H12", "阳性对照", "", 28.1, 27.9, 25.2),
)  # fmt: skip


class TestPlates:
    def quality(self, post, at=LATER):
        with post.store.reading(post.viewer) as record:
            return laboratories.judge(record, post.lake, round="r1", at=at)

    def test_do_not_stand_where_a_control_failed(self, filled, tmp_path):
        laboratories.register(
            filled, at=LATER,
            kits=[ReagentKit(id="lot-1", area=PROVINCE, source="maker's leaflet", internal_below=35, positive_from=26, positive_to=30)],
        )  # fmt: skip
        rows = plate("lab-a", "p1", ("A1", "样本", 501, "", "", 24.0), *CONTROLS)
        rows += plate(
            "lab-b", "p2", ("B1", "sample", 503, 33.0, 34.0, 36.5), ("H11", "ntc", "", "", 37.2, ""), ("H12", "pc", "", 33.0, 32.0, 25.0)
        )  # fmt: skip
        send(filled, tmp_path, LakeKind.WELLS, WELL_HEAD, *rows)

        found = self.quality(filled)

        (bad,) = found.plates
        assert (found.plates_run, bad.plate) == (2, "p2")
        assert set(bad.faults) == {"no_template_rose", "positive_control_outside_band"}
        assert (bad.without_internal, bad.issued) == (1, 1)
        kinds = {(one.laboratory, one.kind) for one in found.findings}
        assert {("lab-b", "plate_invalid"), ("lab-b", "result_without_internal_control")} <= kinds

    def test_are_told_one_by_one_well_by_well(self, filled):
        wells = [
            plates.WellTold(well=well, content=content, tube=tube or None, ct_orf=orf or None, ct_n=n or None, ct_control=ic or None)
            for well, content, tube, orf, n, ic in (
                ("A10", "样本", 502, "", "", 45.0), ("A2", "样本", 501, "", "", 24.0), ("A3", "样本", 777, "", "", 24.0),
                ("H11", "ntc", "", 37.2, "", ""), CONTROLS[1],
            )
        ]  # fmt: skip
        told = plates.PlateTold(
            laboratory="lab-a", plate="p1", instrument="qs5", kit="lot-1", started=LATER - 5 * HOUR, ended=LATER - 4 * HOUR, wells=wells,
        )  # fmt: skip
        taken = plates.take_plate(filled, told, round="r1", at=LATER, time_zone=ZONE)

        assert (taken.read, taken.accepted, taken.file) == (5, 4, "plate p1 of lab-a")
        assert taken.reasons == {samples.UNKNOWN_TUBE: 1}
        with filled.store.reading(filled.viewer) as record:
            seen = plates.sheet(record, filled.lake, round="r1", laboratory="lab-a", plate="p1")
            with pytest.raises(NotFound, match="no well of plate p2"):
                plates.sheet(record, filled.lake, round="r1", laboratory="lab-a", plate="p2")
        assert [(w.well, w.internal_valid, w.result) for w in seen.wells] == [
            ("A2", True, "negative"), ("A10", False, None), ("H11", None, None), ("H12", None, None),
        ]  # fmt: skip
        assert (seen.stands, seen.faults) == (False, ("no_template_rose",))
        assert seen.zh

    def test_are_refused_row_by_row(self, filled, tmp_path):
        rows = plate(
            "lab-a", "p1", ("A1", "样本", 501, "", "", 24.0), ("A1", "样本", 501, "", "", 24.0), ("A2", "样本", "", "", "", 24.0),
            ("A3", "样本", 777, "", "", 24.0), ("A4", "soup", "", "", "", ""), ("A5", "样本", 502, 99, "", 24.0), *CONTROLS,
        )  # fmt: skip
        rows += plate("lab-c", "p9", *CONTROLS)
        rows += plate("lab-a", "p1", ("A6", "样本", 502, "", "", 24.0), run="2022-11-10 22:30,2022-11-10 21:00")  # fmt: skip
        taken = send(filled, tmp_path, LakeKind.WELLS, WELL_HEAD, *rows)

        assert (taken.read, taken.accepted) == (11, 3)
        assert taken.reasons == {
            samples.WELL_TWICE: 1, samples.WELL_AND_TUBE: 1, samples.UNKNOWN_TUBE: 1, samples.UNKNOWN_CONTENT: 1,
            samples.IMPOSSIBLE_CT: 1, samples.PLATE_NOWHERE: 2, samples.RUN_BACKWARDS: 1,
        }  # fmt: skip

    def test_show_results_that_were_never_measured(self, filled, tmp_path):
        on_the_way(filled, tmp_path)
        send(filled, tmp_path, LakeKind.WELLS, WELL_HEAD, *plate("lab-b", "p2", ("B1", "sample", 503, 30, 30, 25), *CONTROLS),
             *plate("lab-a", "p1", ("A1", "sample", 502, "", "", 25), *CONTROLS))  # fmt: skip

        found = self.quality(filled)

        balance = {one.laboratory: one for one in found.balances}
        assert (balance["lab-a"].results, balance["lab-a"].unexplained) == (1, 1)
        assert (balance["lab-b"].unexplained, balance["lab-b"].refused) == (0, 1)
        assert ("lab-a", "results_without_well") in {(f.laboratory, f.kind) for f in found.findings}

    def test_put_controls_on_a_chart_of_the_laboratory_s_own_limits(self, filled, tmp_path):
        rows = []
        for number in range(22):
            ct = 28.0 + (0.2 if number % 2 else -0.2) + (2.0 if number == 21 else 0.0)
            begin = f"2022-11-10 {13 + number // 6}:{10 * (number % 6):02d}"
            rows += plate(
                "lab-a", f"q{number}", ("A1", "sample", 501, "", "", 25), ("H11", "ntc", "", "", "", ""),
                ("H12", "pc", "", ct, ct, 25 + number % 3), run=f"{begin},{begin}",
            )  # fmt: skip
        send(filled, tmp_path, LakeKind.WELLS, WELL_HEAD, *rows)

        found = self.quality(filled)

        (chart,) = (c for c in found.charts if c.target == "orf")
        assert (len(chart.runs), round(chart.mean, 2)) == (22, 28.0)
        assert [run.plate for run in chart.runs if "1-3s" in run.rules] == ["q21"]
        assert chart.runs[0].standing_sd is None
        (told,) = (f for f in found.findings if f.kind == "control_chart" and "ORF1ab" in f.en)
        assert "q21" in told.zh

    def test_time_every_leg_and_the_age_of_what_is_open(self, filled, tmp_path):
        on_the_way(filled, tmp_path)
        legs = {(leg.laboratory, leg.leg): leg for leg in self.quality(filled).legs}

        assert legs["lab-a", "on_the_way"].p50_hours == pytest.approx(2.0)
        waiting = legs["lab-a", "on_the_way"]
        assert (waiting.open, waiting.open_oldest_hours) == (1, pytest.approx(12.0))
        assert legs["lab-b", "whole"].finished == 1


class TestSplitTubes:
    def test_are_read_under_numbers_that_tell_nothing_and_compared(self, filled, tmp_path):
        laboratories.plant(filled, round="r1", pairs={501: 9501, 503: 9503}, at=LATER)
        taken = send(
            filled, tmp_path, LakeKind.RESULTS, RESULT_HEAD, "9501,lab-b,阴性,p7,A1,2022-11-10 20:00,2022-11-10 23:00",
            "9503,lab-a,阴性,p8,A1,2022-11-10 20:00,2022-11-10 23:00", "9777,lab-a,阴性,p8,A2,2022-11-10 20:00,2022-11-10 23:00",
            name="-blind",
        )  # fmt: skip
        with filled.store.reading(filled.viewer) as record:
            found = laboratories.judge(record, filled.lake, round="r1", at=LATER)
            total = screening.coverage(record, filled.lake, round="r1").total

        assert (taken.accepted, taken.reasons) == (2, {samples.UNKNOWN_TUBE: 1})
        assert (found.pairs_planted, found.pairs_compared) == (2, 2)
        (one,) = found.blind
        assert (one.agree, one.disagreeing) == (1, (503,))
        assert "blind_pair" in {finding.kind for finding in found.findings}
        assert (total.with_result, total.held) == (5, 2)

    @pytest.mark.parametrize("pairs", [{599: 1}, {501: 502}, {501: 9, 502: 9}])
    def test_are_tubes_of_the_round_with_a_number_of_their_own(self, filled, pairs):
        with pytest.raises(ValueError, match=r"nobody was swabbed|is a tube already"):
            laboratories.plant(filled, round="r1", pairs=pairs, at=LATER)


class TestBacklog:
    def test_runs_down_by_what_a_laboratory_said_it_can_take(self, filled, tmp_path):
        on_the_way(filled, tmp_path)
        laboratories.register(
            filled, at=LATER, laboratories=[Laboratory(id="lab-a", area=PROVINCE, name="甲", tubes_per_day=24)]
        )  # fmt: skip
        with filled.store.reading(filled.viewer) as record:
            found = laboratories.judge(record, filled.lake, round="r1", at=LATER)

        ahead = {one.laboratory: one for one in found.forecasts}["lab-a"]
        assert (ahead.on_the_way, ahead.per_hour, ahead.measured) == (1, 1.0, False)
        assert ahead.hours[-1] == 0


GIVEN = read_screening("covid-19")
LIWAN = area_path("44.4401.440103.")


class TestCommunityZero:
    def zero(self, post, at, area=LIWAN):
        with post.store.reading(post.viewer) as record:
            return confidence.community(record, area=area, at=at, time_zone=ZONE)

    def place_case(self, post, at, **more):
        case = CasePlace(
            id=f"c-{at:%d%H}", area=area_path("44.4401.440103."), case=f"c-{at:%d%H}", found=at,
            place=place("44.4401.440103. compound 花园"), **more,
        )  # fmt: skip
        zoning.record_case_places(post, [case], at=at)

    def test_is_told_by_each_published_definition_the_chosen_first(self, filled):
        self.place_case(filled, LATER, isolated=True)
        told = self.zero(filled, LATER + timedelta(days=4))

        assert [one.chosen for one in told.answers] == [True, False, False, False]
        assert {one.answer for one in told.answers} == {"zero"}
        assert sum(one.found_in.get("isolation", 0) for one in told.days) == 1

    def test_waits_for_whole_days_without_anybody_in_the_community(self, filled):
        self.place_case(filled, LATER)

        assert self.zero(filled, LATER + HOUR).answers[0].answer == "not_yet"
        assert self.zero(filled, LATER + timedelta(days=2)).answers[0].answer == "not_yet"
        assert self.zero(filled, LATER + timedelta(days=4)).answers[0].answer == "zero"

    def test_counts_what_nobody_placed_as_found_in_the_community(self, filled):
        that_day = (LATER + timedelta(days=2)).date()
        with filled.store.acting(filled.viewer, desk="ingest", verb="put", why="test", at=LATER + timedelta(days=3)) as act:  # fmt: skip
            frame = pl.DataFrame(
                {
                    "area": ["44.4401."], "stream": [Stream(disease="covid-19", counted=Counted.LOCAL_INFECTIONS).key],
                    "day": [that_day], "value": [7], "source": ["test"],
                }
            )  # fmt: skip
            act.put_counts(frame, published=True)

        told = self.zero(filled, LATER + timedelta(days=4), area=area_path("44.4401."))

        assert {one.unplaced for one in told.days} == {None, 7}
        assert told.answers[0].answer == "not_yet"

    def test_takes_no_day_of_silence_for_a_clear_one(self, filled):
        first = (LATER + timedelta(days=2)).date()
        with filled.store.acting(filled.viewer, desk="ingest", verb="put", why="test", at=LATER + timedelta(days=9)) as act:  # fmt: skip
            key = Stream(disease="covid-19", counted=Counted.LOCAL_INFECTIONS).key
            days = [first, *(first + timedelta(days=n) for n in (4, 5, 6))]
            act.put_counts(
                pl.DataFrame({"area": "44.4401.", "stream": key, "day": days, "value": [7, 0, 0, 0], "source": "test"}),
                published=True,
            )  # fmt: skip

        clear = self.zero(filled, LATER + timedelta(days=9), area=area_path("44.4401."))
        later = self.zero(filled, LATER + timedelta(days=12), area=area_path("44.4401."))

        assert (clear.answers[0].answer, later.answers[0].answer) == ("zero", "zero")
        assert [one.unplaced for one in later.days][-3:] == [None, None, None]
        assert later.as_of == clear.as_of == first + timedelta(days=6)

    def test_is_silent_without_a_version(self, post):
        told = self.zero(post, LATER)

        assert told.answers == ()
        assert "adopted" in told.silent.en


class TestConfidence:
    def sure(self, post, area=PROVINCE, **options):
        with post.store.reading(post.viewer) as record:
            return confidence.lifting(
                record, post.lake, area=area, at=LATER + timedelta(days=1), time_zone=ZONE, given=GIVEN,
                **options,
            )  # fmt: skip

    def test_says_what_raises_it_most_and_that_people_are_unresolved(self, filled):
        told = self.sure(filled)

        assert (told.round, told.clear_rounds, told.unresolved) == ("r1", 0, 3)
        assert told.never == pytest.approx(2 / 8)
        assert told.probability == pytest.approx(math.exp(-2.0))
        assert told.probability <= told.ceiling
        gains = [lever.gain for lever in told.levers]
        assert gains == sorted(gains, reverse=True)
        assert all(one.assumption or one.source for one in told.given)

    def test_is_of_the_people_of_the_area_asked_about(self, filled):
        told = self.sure(filled, area=street(STREETS[2]))

        assert (told.never_people, told.unresolved) == (1, 2)

    def test_says_nothing_where_no_round_was_held(self, post):
        with post.store.reading(post.viewer) as record:
            told = confidence.lifting(
                record,
                post.lake,
                area=PROVINCE,
                at=TENTH - timedelta(days=2),
                time_zone=ZONE,
                given=GIVEN,
            )

        assert (told.probability, told.levers) == (None, ())
        assert told.silent.zh


class TestPlan:
    def needs(self, post, **options):
        have = options.pop("have", logistics.Have())
        book = protocols().rulebook("cn-covid-9ed")
        with post.store.reading(post.viewer) as record:
            return logistics.needs(
                record, post.lake, round="r1", at=LATER, otherwise=book, given=GIVEN, have=have, **options
            )  # fmt: skip

    def test_counts_sites_samplers_and_what_lacks_by_the_norms(self, filled):
        plan = self.needs(filled, have=logistics.Have(samplers=0, sites=5))

        assert [(s.people, s.sites, s.samplers) for s in plan.streets] == [(5, 1, 1), (3, 1, 1)]
        assert (plan.lacking_samplers, plan.lacking_sites, plan.lacking_couriers) == (2, 0, None)
        assert (plan.lacking_tubes, plan.prevalence_from) == (None, "r1")
        assert all(reason.source for reason in plan.reasons)
        assert plan.total.tubes == sum(street.tubes for street in plan.streets)

    def test_goes_by_the_version_adopted_where_it_has_norms(self, filled, post):
        assert (self.needs(filled).rulebook, self.needs(filled).adopted) == ("cn-covid-9ed", True)
        zoning.adopt(
            filled, Adoption(id="a-2", area=PROVINCE, version="cn-covid-8ed", profile="guangdong-2022", at=LATER), at=LATER
        )  # fmt: skip

        plan = self.needs(filled)

        assert (plan.rulebook, plan.adopted) == ("cn-covid-9ed", False)
        assert "cn-covid-8ed, adopted here, has no norms" in plan.reasons[0].en

    def test_says_where_no_version_was_adopted(self, post):
        plan = self.needs(post)

        assert (plan.rulebook, plan.adopted) == ("cn-covid-9ed", False)
        assert "no version was adopted" in plan.reasons[0].en

    def test_fills_tubes_by_what_each_street_showed(self, filled):
        plan = self.needs(filled)
        quiet = self.needs(filled, prevalence=1e-6)

        hot = {s.area: s.groups[0].mode for s in plan.streets}
        assert hot[street(STREETS[2])] == "single"
        assert {s.groups[0].mode for s in quiet.streets} == {"20"}
        assert quiet.total.held < plan.total.held

    def test_swabs_key_people_singly_whatever_the_street_shows(self, filled):
        site = KeySite(
            id="k-1", area=street(STREETS[0]), group=KeyGroup.HIGH_RISK_POST, name="冷链", sector="冷链", duty_holder="市监局",
            since=TENTH.date(), people=(person_id("p-00000000000a"),),
        )  # fmt: skip
        keypeople.register(filled, KeyPeople(sites=(site,), identities=()), at=LATER)

        first = self.needs(filled, prevalence=1e-6).streets[0]

        assert {(g.group, g.people, g.mode) for g in first.groups} == {
            ("general", 4, "20"), ("key_people", 1, "single"),
        }  # fmt: skip

    def test_calls_on_reserve_laboratories_only_when_others_are_full(self, filled):
        laboratories.register(filled, at=LATER, laboratories=[
            Laboratory(id="a", area=PROVINCE, name="甲", tubes_per_day=5),
            Laboratory(id="b", area=PROVINCE, name="乙", tubes_per_day=2, reserve=True),
        ])  # fmt: skip
        few, many = self.needs(filled, prevalence=1e-6), self.needs(filled, prevalence=0.3)

        assert [(s.laboratory, s.tubes) for s in few.laboratories] == [("a", 2), ("b", 0)]
        assert [(s.laboratory, s.tubes) for s in many.laboratories] == [("a", 5), ("b", 2)]
        assert many.lacking_tubes == many.total.tubes - 7 > 0


REGISTER = "site,group,area,sector,duty_holder,person,every_days,tests,inspect_days,said_by"
SHOP, HOME = person_id("p-00000000000a"), person_id("p-00000000000b")


def draw_zone(post, *, at):
    terms = ZoneTerms(
        place=place(f"{LIWAN} compound 花园"), level="high", name_zh="花园", name_en="Garden", disease="covid-19",
        residents=100,
    )  # fmt: skip
    line = zoning.line(ZoneChange.SET, "z-1", area=LIWAN, effective=at, terms=terms)
    commanding.order(
        post, area=LIWAN, lines=(line,), reason="test", at=at, hands=day.HANDS, rule="cn-covid-9ed"
    )


class TestKeyRegister:
    def register(self, post, folder):
        adopt(post)
        file = table(
            folder / "key.csv", REGISTER, f"market-1,crowded_post,{LIWAN},市场,市监局,{SHOP},,,,",
            f"home-1,key_venue,{LIWAN},养老,民政局,{HOME},,,14,示范通告2号",
        )  # fmt: skip
        keypeople.register(post, read_key_people(file, since=TENTH.date()), at=TENTH)

    def due(self, post, days):
        with post.store.reading(post.viewer) as record:
            rows = keypeople.due_list(record, area=PROVINCE, at=TENTH + timedelta(days=days), time_zone=ZONE)  # fmt: skip
        return {row.person: row for row in rows}

    def test_asks_crowded_posts_twice_in_seven_days(self, post, tmp_path):
        self.register(post, tmp_path)
        first = TENTH.date()
        assert (self.due(post, 0)[SHOP].state, self.due(post, 0)[SHOP].tests) == ("due", 2)

        for later in (0, 3):
            keypeople.record_tests(
                post, "market-1", {SHOP: TestResult.NEGATIVE}, day=first + timedelta(days=later), tube_size=1, at=TENTH + timedelta(days=later, hours=1)
            )  # fmt: skip

        assert self.due(post, 4)[SHOP].next_due == first + timedelta(days=7)
        assert self.due(post, 8)[SHOP].overdue_days == 1

    def test_asks_key_venues_of_a_hit_county_at_once_and_then_by_turns(self, post, tmp_path):
        self.register(post, tmp_path)
        assert self.due(post, 1)[HOME].state == "not_asked"
        draw_zone(post, at=TENTH + timedelta(days=2))

        assert self.due(post, 2)[HOME].state == "due"
        assert self.due(post, 3)[HOME].state == "missed"
        keypeople.record_tests(
            post, "home-1", {HOME: TestResult.NEGATIVE}, day=TENTH.date() + timedelta(days=3), tube_size=1, at=TENTH + timedelta(days=3)
        )  # fmt: skip
        assert self.due(post, 4)[HOME].next_due == TENTH.date() + timedelta(days=8)

    def test_is_inspected_as_a_notice_says_and_findings_have_a_clock(self, post, tmp_path):
        self.register(post, tmp_path)
        at = TENTH + timedelta(days=1)
        made = keypeople.record_inspection(post, "home-1", by="民政局", points=["没有登记来访", "口罩不足"], at=at)  # fmt: skip

        def row(moment):
            with post.store.reading(post.viewer) as record:
                rows = keypeople.inspections(record, area=PROVINCE, at=moment, time_zone=ZONE)
            return {one.site: one for one in rows}["home-1"]

        assert made.rectify_due == at + timedelta(hours=24)
        assert (row(at).state, row(at).next_due) == ("done", at.date() + timedelta(days=14))
        assert (len(row(at).open_points), row(at + timedelta(hours=30)).late_hours) == (2, 6.0)

        holding.review_rounds(post, at=at + timedelta(hours=30), time_zone=ZONE)
        keypeople.rectify(post, made.id, what="口罩不足", at=at + timedelta(hours=31))
        assert row(at + timedelta(hours=32)).open_points == ("没有登记来访",)
        with pytest.raises(ValueError, match="no such finding"):
            keypeople.rectify(post, made.id, what="口罩不足", at=at + timedelta(hours=32))
        with post.store.reading(post.viewer) as record:
            kinds = [task.kind for task in record.nouns(TASKS)]
        assert kinds.count(keypeople.RECTIFY) == 1


class TestCounty:
    def test_sees_its_own_streets_of_the_city_s_files_and_no_others(self, filled, tmp_path):
        on_the_way(filled, tmp_path)
        viewer = Viewer(user="u-futian", duty=Duty.COMMANDER, area=area_path("44.4403.440304."))
        with filled.store.reading(viewer) as record:
            covered = screening.coverage(record, filled.lake, round="r1")
            held = screening.held_tubes(record, filled.lake, round="r1")
            boxes = laboratories.transit(record, filled.lake, round="r1", at=LATER)
            own = screening.person_history(record, filled.lake, person=7)
            other = screening.person_history(record, filled.lake, person=1)

        assert [s.area for s in covered.streets] == [street(STREETS[2])]
        assert (covered.total.due, covered.total.held) == (3, 2)
        assert [tube.tube for tube in held] == [503]
        assert [box.consignment for box in boxes] == ["box-2"]
        assert (len(own), other) == (1, ())

    def test_of_another_city_sees_its_own(self, filled):
        viewer = Viewer(user="u-liwan", duty=Duty.COMMANDER, area=LIWAN)
        with filled.store.reading(viewer) as record:
            total = screening.coverage(record, filled.lake, round="r1").total
            people = screening.gaps(record, filled.lake, round="r1", street=street(STREETS[0]))

        assert (total.due, total.held) == (5, 0)
        assert {gap.person for gap in people} == {4, 5}
