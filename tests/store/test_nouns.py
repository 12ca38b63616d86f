"""Nouns kept whole: history, rights and proof follow from the declaration of their table."""

from dataclasses import dataclass, replace
from datetime import timedelta

import psycopg
import pytest

from places import GUANGZHOU, PROVINCE, SHENZHEN, TENTH
from yipan.model import Duty, Identity, Incident, IncidentState, Viewer
from yipan.store import NotFound, Question
from yipan.store.nouns import NounTable
from yipan.store.tables.incidents import INCIDENTS

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

WATCHED = Incident(
    id="i-1", area=GUANGZHOU, disease="covid-19", title_zh="海珠疫情", title_en="Haizhu",
    state=IncidentState.WATCH, opened=TENTH,
)  # fmt: skip
LATER = TENTH + timedelta(hours=6)


def put(store, *incidents, at=TENTH, viewer=None):
    with store.acting(viewer or store.system(), desk="t", verb="t", why="t", at=at) as act:
        return act.put(INCIDENTS, incidents)


class TestNouns:
    def test_come_back_as_they_went_in(self, store):
        put(store, WATCHED)

        with store.reading(store.system()) as record:
            assert record.noun(INCIDENTS, "i-1") == WATCHED
            assert record.nouns(INCIDENTS, where={"state": "closed"}) == ()
            assert record.count(INCIDENTS, under=GUANGZHOU, where={"state": ["watch"]}) == 1

    def test_keep_every_version_with_when_it_was_known(self, store):
        raised = replace(WATCHED, state=IncidentState.ALERT)
        put(store, WATCHED)
        change = put(store, raised, at=LATER)

        with store.reading(store.system(), known_at=TENTH) as record:
            assert record.noun(INCIDENTS, "i-1") == WATCHED
            assert len(record.versions(INCIDENTS, "i-1")) == 1
        with store.reading(store.system()) as record:
            first, second = record.versions(INCIDENTS, "i-1")
        assert (change.new, change.corrected) == (0, 1)
        assert (first.noun, first.known_until, second.noun) == (WATCHED, LATER, raised)
        assert store.verify() is None

    def test_write_no_version_where_nothing_changed(self, store):
        put(store, WATCHED)

        assert put(store, WATCHED, at=LATER).unchanged == 1

    def test_end_without_a_successor_and_stay_in_the_history(self, store):
        put(store, WATCHED)
        with store.acting(store.system(), desk="t", verb="t", why="t", at=LATER) as act:
            assert act.end(INCIDENTS, ["i-1"]) == 1

        with store.reading(store.system()) as record, pytest.raises(NotFound, match="incident i-1"):
            record.noun(INCIDENTS, "i-1")
        with store.reading(store.system(), known_at=TENTH) as record:
            assert record.noun(INCIDENTS, "i-1") == WATCHED

    def test_of_a_line_are_seen_from_below_and_not_from_beside(self, store):
        put(store, replace(WATCHED, area=PROVINCE))
        put(store, replace(WATCHED, id="i-2", area=SHENZHEN))

        with store.reading(Viewer(user="gz", duty=Duty.ANALYST, area=GUANGZHOU)) as record:
            assert [incident.id for incident in record.nouns(INCIDENTS)] == ["i-1"]

    def test_of_several_questions_come_in_one_trip_as_they_would_one_by_one(self, store):
        other = replace(WATCHED, id="i-2", area=SHENZHEN, state=IncidentState.ALERT)
        put(store, WATCHED, other)
        put(store, replace(WATCHED, title_en="Liwan"), at=LATER)
        asked = [
            {"under": PROVINCE}, {"under": GUANGZHOU, "where": {"state": ["watch", "alert"]}},
            {"where": {"state": "alert", "area": [SHENZHEN, PROVINCE]}}, {"where": {"state": "closed"}},
        ]  # fmt: skip

        for known_at in (None, TENTH):
            with store.reading(store.system(), known_at=known_at) as record:
                one_by_one = [record.nouns(INCIDENTS, **one) for one in asked]
                together = record.together(*(Question(table=INCIDENTS, **one) for one in asked))
            assert together == one_by_one
            assert [len(several) for several in together] == [2, 1, 1, 0]

    def test_are_written_only_where_one_commands(self, store):
        guangzhou = Viewer(user="gz", duty=Duty.COMMANDER, area=GUANGZHOU)

        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            put(store, replace(WATCHED, area=PROVINCE), viewer=guangzhou)

    def test_refuse_a_question_by_a_column_that_is_not_there(self, store):
        with store.reading(store.system()) as record, pytest.raises(ValueError, match="no column"):
            record.nouns(INCIDENTS, where={"colour": "red"})

    def test_with_personal_fields_have_no_table(self):
        @dataclass(frozen=True, slots=True, kw_only=True)
        class Letter:
            id: str
            to: tuple[Identity, ...]

        with pytest.raises(TypeError, match="live in the vault"):
            NounTable(name="letter", noun=Letter)
