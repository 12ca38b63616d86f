"""The exercise played through the real doors: hidden truth, feeds, orders read back, going on after a stop."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from yipan.model import Counted, TaskState, TestResult
from yipan.operations import exercise, simulate, zoning
from yipan.operations.exercise import ExerciseError, Mode
from yipan.operations.post import Post
from yipan.store.tables.commanding import PROPOSALS, TASKS
from yipan.store.tables.outlook import TRIPS
from yipan.store.tables.plans import PLANS
from yipan.store.tables.screening import SCREENING_ROUNDS
from yipan.store.tables.tracing import EXPOSURES, PERSON_TESTS
from yipan.store.tables.zoning import CASE_PLACES, ZONES

pytestmark = [pytest.mark.store, pytest.mark.slow]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def made(folder: Path, *, days: int = 9, seed: int = 11) -> Path:
    exercise.create(
        folder, pack_key="guangdong", seed=seed, first_day=date(2022, 10, 1), days=days, reproduction_number=3.0,
        infections=12, began_days_before=6,
    )  # fmt: skip
    return folder


@contextmanager
def record_of(folder: Path) -> Iterator[Post]:
    post = exercise.open_record(folder, clock=lambda: NOW)
    try:
        yield post
    finally:
        post.store.close()
        if post.store.server is not None:
            post.store.server.stop()


def feeds(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted((folder / "feeds").rglob("*.csv"))
    }


class TestExercise:
    def test_played_by_the_boards_proposals_orders_zones_that_hold_infections_back(
        self, tmp_path: Path
    ) -> None:
        folder = made(tmp_path / "auto", days=6)
        with record_of(folder) as post:
            days = list(exercise.play(folder, post, mode=Mode.AUTO))
            score = exercise.score(folder, post)
            with post.store.reading(post.viewer) as record:
                zones = record.nouns(ZONES)
                cases = record.cases(under=post.area)
                accepted = record.nouns(PROPOSALS, where={"state": "accepted"})
                rounds = record.nouns(SCREENING_ROUNDS)
                named = record.nouns(EXPOSURES)
                tests = record.nouns(PERSON_TESTS)
                (trips,) = record.nouns(TRIPS)
                counted = {stream.counted for stream in record.streams(under=post.area)}
                since, _ = record.count_span()
                plans_of = record.nouns(PLANS)
                sent = [task for task in record.nouns(TASKS) if task.kind == zoning.ON_SITE]
                people_found = {str(one.person) for one in record.nouns(CASE_PLACES)}
            where = simulate.province("guangdong")
            _, _, apart = exercise.orders_in_force(
                folder, post, exercise.read(folder), where, lead=6, days=12
            )
            travellers = exercise.listed(folder)
            report = exercise.report(folder, post, language="zh", form="html")

        assert len(days) == 6
        assert since == date(2022, 10, 1) - timedelta(days=exercise.HISTORY_DAYS)
        assert sum(day.cases_reported for day in days) > 0
        assert cases
        assert zones
        assert max(day.zones_in_force for day in days) > 0
        assert score.restricted_days > 0
        assert score.averted > 0
        assert "演习报告" in report
        assert rounds
        assert len({(one.area, one.opened.date()) for one in rounds}) == len(rounds)
        assert score.people_sampled > 0
        ill = {str(case.person) for case in cases}
        naming = {str(one.source) for one in named}
        reports_have_come = {
            str(one.person) for one in tests if one.result is TestResult.POSITIVE and one.sampled <= date(2022, 10, 4)
        }  # fmt: skip
        reported_wrongly = (naming & reports_have_come) - ill
        assert len(naming & reports_have_come) > 10
        assert len(reported_wrongly) < 0.15 * len(naming & reports_have_come)
        assert any(str(one.target) in ill for one in named)
        assert {one.result for one in tests} == {TestResult.POSITIVE, TestResult.NEGATIVE}
        assert trips.since == date(2022, 10, 6)
        assert len(trips.trips) > 100
        assert {one.desk for one in accepted} == {"zoning", "calling", "plans"}
        people = {one.id: one for one in plans_of}
        assert {role.role for one in plans_of for role in one.terms.roles} >= {
            "from_low_zone",
            "left_high_zone",
        }
        assert apart
        assert all(0 <= since < until for _, since, until, _ in apart)
        assert all(person in travellers.values() for person, _, _, _ in apart)
        assert set(people) == set(travellers)
        assert {str(one.person) for one in tests} & people_found
        assert sent
        assert all(
            one.state is TaskState.DONE
            for one in sent
            if one.starts < max(one.starts for one in sent)
        )
        assert Counted.LABORATORY_TESTS in counted

    def test_goes_on_where_it_was_cut_off_and_ends_the_same(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = made(tmp_path / "same", days=5)
        broken = made(tmp_path / "other" / "same", days=5)
        with record_of(whole) as post:
            list(exercise.play(whole, post, mode=Mode.AUTO))
            expected = exercise.score(whole, post)
        real = exercise.day.run
        calls = 0

        def falls(*given: object, **named: object) -> object:
            nonlocal calls
            calls += 1
            if calls == 4:
                raise KeyboardInterrupt
            return real(*given, **named)  # type: ignore[arg-type]

        with record_of(broken) as post:
            monkeypatch.setattr(exercise.day, "run", falls)
            with pytest.raises(KeyboardInterrupt):
                list(exercise.play(broken, post, mode=Mode.AUTO))
            monkeypatch.setattr(exercise.day, "run", real)
            assert exercise.progress(broken).days_done == 3
        with record_of(broken) as post:
            list(exercise.play(broken, post, mode=Mode.AUTO))
            found = exercise.score(broken, post)

        assert feeds(broken) == feeds(whole)
        assert found == expected

    def test_keeps_the_truth_out_of_the_record_and_shows_when_it_was_changed(
        self, tmp_path: Path
    ) -> None:
        folder = made(tmp_path / "sealed", days=2)
        with record_of(folder) as post:
            list(exercise.play(folder, post, mode=Mode.NONE))
            with post.store.reading(post.viewer) as record:
                assert record.nouns(ZONES) == ()
        truth = folder / exercise.TRUTH
        truth.write_bytes(truth.read_bytes().swapcase())

        with pytest.raises(ExerciseError, match="not the truth"):
            exercise.unseal(folder)


class TestBadInput:
    def test_says_what_is_wrong_and_where(self, tmp_path: Path) -> None:
        folder = made(tmp_path / "one", days=2)

        with pytest.raises(ExerciseError, match="holds an exercise already"):
            made(folder)
        with pytest.raises(ExerciseError, match="between 1 and 365"):
            made(tmp_path / "two", days=0)
        with pytest.raises(ExerciseError, match="is not there"):
            exercise.read(tmp_path / "nowhere")
        for told, message in (
            ('{"days_done": "x"}', "invalid literal"), ('{"days_done": 3}', "3 days done; expected 0 to 2"),
            ('{"days_done": 1, "mode": "luck"}', "not a valid Mode"), ("{", "progress.json"),
        ):  # fmt: skip
            (folder / exercise.PROGRESS).write_text(told, encoding="utf-8")
            with pytest.raises(ExerciseError, match=message):
                exercise.progress(folder)
        (folder / exercise.TRUTH).unlink()
        with pytest.raises(ExerciseError, match="cannot be read"):
            exercise.unseal(folder)
        (folder / exercise.ABOUT).write_text("[]", encoding="utf-8")
        with pytest.raises(ExerciseError, match="expected named entries"):
            exercise.read(folder)
        (folder / exercise.ABOUT).write_text(json.dumps({"name": "x"}), encoding="utf-8")
        with pytest.raises(ExerciseError, match="missing or wrong"):
            exercise.read(folder)
