"""The desk of screening on a real record: programmes, specimens on the way, quality, what is due of key people."""

from datetime import date, timedelta

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
    table,
    take,
)
from swabs import open_round as opened
from yipan.feeds import samples
from yipan.model import CasePlace, Laboratory, LakeKind, ReagentKit, area_path, place
from yipan.operations import holding, laboratories, programme, screening, zoning
from yipan.operations.programme import ProgrammeState

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
