"""Many small files of a round become few, and nobody's answer changes, not even yesterday's."""

from dataclasses import replace
from datetime import timedelta

import pytest

from places import GUANGZHOU
from swabs import LATER, RESULT_HEAD, ROUND, SAMPLE_HEAD, STREETS, fill, table, take
from swabs import open_round as opened
from yipan.model import Duty, LakeKind, Viewer
from yipan.operations import merging, rolling, screening
from yipan.store import lake
from yipan.store.tables.screening import LAKE_PARTS

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

TIMES = 6
WORDS = ("阴性", "POS", "弱阳性", "阴性", "POS", "阴性")


@pytest.fixture
def post(store):
    return opened(store)


def send(post, folder, number: int, *, at=LATER) -> None:
    """Two people more into a tube of each city, and what is known by now of the tubes; a part of it of the day after."""
    rows = [
        f"{900 + 2 * number + i},{600 + 10 * number + i},{50 + 2 * number + i},{STREETS[2 * i]},{3 + i},5,2022-11-10 19:00"
        for i in (0, 1)
    ]
    take(post, table(folder / f"s{number}.csv", SAMPLE_HEAD, *rows), LakeKind.SAMPLES, at=at)
    day = 10 + number % 2
    told = [
        f"{tube},lab-a,{WORDS[number]},p1,A1,2022-11-{day} 01:00:00,2022-11-{day} 02:0{number}:00"
        for tube in (501, 503, 600 + 10 * number)
    ]
    take(post, table(folder / f"r{number}.csv", RESULT_HEAD, *told), LakeKind.RESULTS, at=at)


def parts_of(post):
    with post.store.reading(post.viewer) as record:
        return record.nouns(LAKE_PARTS)


def answers(post, *, viewer=None, known_at=None):
    """What every kind of question says: by the state, by the engine, of one person."""
    with post.store.reading(viewer or post.viewer, known_at=known_at) as record:
        home = post.lake
        return (
            screening.coverage(record, home, round="r1"),
            screening.held_tubes(record, home, round="r1"),
            screening.waiting(record, home, round="r1", at=LATER),
            screening.laboratories(record, home, round="r1"),
            [screening.person_history(record, home, person=person) for person in (1, 7, 50, 55)],
        )


MORE = LATER + timedelta(days=3)


class TestMergeSmall:
    @pytest.fixture
    def filled(self, post, tmp_path, monkeypatch):
        monkeypatch.setattr(rolling, "KEPT_FROM", 0)
        fill(post, tmp_path)
        for number in range(TIMES):
            send(post, tmp_path, number, at=LATER + timedelta(days=2))
        return post

    def merge(self, post, kind, *, at=MORE):
        return merging.merge_small(post, post.lake, round=ROUND, kind=kind, at=at)

    def test_changes_nobody_s_answer(self, filled, monkeypatch):
        city = Viewer(user="g", duty=Duty.COMMANDER, area=GUANGZHOU)
        before, seen = answers(filled), answers(filled, viewer=city)
        number = len(parts_of(filled))
        monkeypatch.setattr(merging, "MERGED_FROM", 3)

        merged = [self.merge(filled, kind) for kind in (LakeKind.SAMPLES, LakeKind.RESULTS)]

        now = parts_of(filled)
        assert sum(merged) > 12
        assert (
            len(now) == number - sum(merged) + sum(part.batch.startswith("m-") for part in now) < 10
        )
        assert answers(filled) == before
        assert answers(filled, viewer=city) == seen
        assert filled.store.verify() is None
        assert (
            filled.lake.faults(
                [lake.NamedFile(path=p.id, rows=p.rows, sha256=p.sha256) for p in now]
            )
            == ()
        )
        with monkeypatch.context() as closed:
            closed.setattr(lake.Lake, "read", None)  # what is kept of the round goes on
            with filled.store.reading(filled.viewer) as record:
                assert screening.coverage(record, filled.lake, round="r1") == before[0]

    def test_leaves_what_was_known_before_as_it_was(self, filled, monkeypatch):
        then = LATER + timedelta(days=2)
        before = answers(filled, known_at=then)
        monkeypatch.setattr(merging, "MERGED_FROM", 3)
        self.merge(filled, LakeKind.RESULTS)

        assert answers(filled, known_at=then) == before
        assert answers(filled, known_at=LATER) != before

    def test_is_done_as_files_come_in_and_later_ones_count_after_it(
        self, post, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(merging, "MERGED_FROM", 3)
        fill(post, tmp_path)
        for number in range(TIMES):
            send(post, tmp_path, number)

        kinds = [part.kind for part in parts_of(post)]
        with post.store.reading(post.viewer) as record:
            held = {tube.tube for tube in screening.held_tubes(record, post.lake, round="r1")}
        assert kinds.count(LakeKind.SAMPLES) <= 6
        assert any(part.batch.startswith("m-") for part in parts_of(post))
        assert held == {600 + 10 * number for number in (1, 2, 4)}

    def test_is_done_with_all_files_of_a_round_that_is_closed(self, filled):
        before = answers(filled)

        closed = screening.close_round(filled, "r1", why="test", at=MORE)

        named = [(part.kind, part.area, part.day) for part in parts_of(filled)]
        assert len(named) == len(set(named)) < 12
        assert answers(filled) == (replace(before[0], round=closed), *before[1:])

    def test_knows_the_columns_of_every_kind(self):
        assert set(merging.COLUMNS) == set(LakeKind)

    def test_lets_large_files_be_and_what_came_before_them_stays_before_them(
        self, filled, monkeypatch
    ):
        before = answers(filled)
        monkeypatch.setattr(merging, "MERGED_FROM", 2)
        monkeypatch.setattr(merging, "LARGE_ROWS", 2)

        self.merge(filled, LakeKind.RESULTS)

        assert answers(filled) == before
        large = [part for part in parts_of(filled) if part.rows >= 2]
        assert large

    def test_does_nothing_where_another_file_came_meanwhile(self, filled, tmp_path, monkeypatch):
        monkeypatch.setattr(merging, "MERGED_FROM", 3)
        written, raced = merging._written, []

        def slow(*told, **more):
            if not raced:
                raced.append(True)
                monkeypatch.setattr(merging, "MERGED_FROM", 99)
                late = "501,lab-b,POS,p1,A1,2022-11-11 03:00:00,2022-11-11 04:00:00"
                take(
                    filled,
                    table(tmp_path / "late.csv", RESULT_HEAD, late),
                    LakeKind.RESULTS,
                    at=MORE,
                )
            return written(*told, **more)

        monkeypatch.setattr(merging, "_written", slow)

        assert self.merge(filled, LakeKind.RESULTS) == 0
        with filled.store.reading(filled.viewer) as record:
            assert 501 in {t.tube for t in screening.held_tubes(record, filled.lake, round="r1")}

    def test_does_not_put_a_damaged_file_into_another(self, filled, monkeypatch):
        monkeypatch.setattr(merging, "MERGED_FROM", 3)
        part = next(p for p in parts_of(filled) if p.kind is LakeKind.SAMPLES)
        file = filled.lake.folder / part.id
        file.write_bytes(file.read_bytes()[:-9] + b"123456789")

        with pytest.raises(lake.DamagedLake):
            self.merge(filled, LakeKind.SAMPLES)
