"""What tracers put on record: history of a case, who sees a letter, a file taken back whole."""

from dataclasses import replace
from datetime import timedelta

import pytest

from places import GUANGZHOU, SHENZHEN, TENTH
from yipan.model import AssistCheck, Case, Classification, Duty, Exposure, Viewer, person_id
from yipan.store import NotFound
from yipan.store.tables.tracing import ASSIST_CHECKS, EXPOSURES

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

A, B = (person_id(f"p-{digit * 12}") for digit in "ab")
CASE = Case(
    id="c-1", person=A, area=GUANGZHOU, disease="covid-19", classification=Classification.SUSPECTED
)
PAIR = Exposure(id="x-1", area=GUANGZHOU, source=A, target=B)


class TestCaseHistory:
    def test_is_every_version_with_when_it_was_known(self, store):
        for hours, kind in ((0, Classification.SUSPECTED), (5, Classification.CONFIRMED)):
            with store.acting(
                store.system(), desk="t", verb="t", why="t", at=TENTH + timedelta(hours=hours)
            ) as act:
                act.put_cases([replace(CASE, classification=kind)])

        with store.reading(store.system()) as record:
            first, second = record.case_versions("c-1")
            assert record.case("c-1").classification is Classification.CONFIRMED
            with pytest.raises(NotFound, match="case c-2"):
                record.case("c-2")
        assert (first.noun.classification, first.known_until) == (
            Classification.SUSPECTED,
            second.known_from,
        )


class TestLetter:
    def test_is_seen_where_it_goes(self, store):
        letter = AssistCheck(
            id="l-1", area=GUANGZHOU, to=SHENZHEN, people=(A,), asked="check", sent=TENTH, due=TENTH
        )
        with store.acting(store.system(), desk="t", verb="t", why="t", at=TENTH) as act:
            act.put(ASSIST_CHECKS, [letter])

        with store.reading(Viewer(user="sz", duty=Duty.ANALYST, area=SHENZHEN)) as record:
            assert record.nouns(ASSIST_CHECKS, where={"to_area": SHENZHEN}) == (letter,)


class TestUndo:
    def test_takes_back_what_a_file_brought_besides_cases(self, store):
        with store.acting(store.system(), desk="t", verb="t", why="t", at=TENTH) as act:
            act.put(EXPOSURES, [PAIR])
            receipt = act.commit_reading(
                file="f.csv",
                sha256="0" * 64,
                format="t",
                rows_read=1,
                rows_rejected=0,
                cases=[CASE],
            )
        with store.acting(store.system(), desk="t", verb="t", why="t", at=TENTH) as act:
            act.undo_receipt(receipt.id)

        with store.reading(store.system()) as record:
            assert record.nouns(EXPOSURES) == ()
            assert record.cases(under=GUANGZHOU) == ()
        assert store.verify() is None
