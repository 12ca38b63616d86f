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
from yipan.model import CasePlace, LakeKind, area_path, place
from yipan.operations import holding, programme, zoning
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
