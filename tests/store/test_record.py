"""The record: versions with known time, acts in a chain, rights that fail closed."""

import multiprocessing
import os
import signal
import subprocess
import time
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import psycopg
import pytest

from places import GUANGZHOU, PROVINCE, SHENZHEN, TENTH, clock
from yipan.model import (
    Case,
    Classification,
    Counted,
    Duty,
    Identity,
    NotAllowed,
    NotYourArea,
    Round,
    Stream,
    Viewer,
    person_id,
)
from yipan.store import ActInThePast, NotFound, Store, acting

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

CONFIRMED = Stream(disease="covid-19", counted=Counted.LOCAL_CONFIRMED)


def counts(*values, area=GUANGZHOU, first=date(2022, 11, 8)):
    return pl.DataFrame(
        {
            "area": [area] * len(values),
            "stream": [CONFIRMED.key] * len(values),
            "day": [first + timedelta(days=i) for i in range(len(values))],
            "value": pl.Series(values, dtype=pl.Int64),
            "source": ["bulletin"] * len(values),
        }
    )


def put(store, frame, *, at=TENTH, published=False, viewer=None):
    with store.acting(
        viewer or store.system(), desk="ingest", verb="put", why="test", at=at
    ) as act:
        return act.put_counts(frame, published=published)


def series(store, *, known_at=None, area=GUANGZHOU, viewer=None):
    with store.reading(viewer or store.system(), known_at=known_at) as record:
        return record.series(
            area, CONFIRMED, since=date(2022, 11, 8), until=date(2022, 11, 11)
        ).counts


class TestHistory:
    def test_keeps_silence_apart_from_zero(self, store):
        put(store, counts(3, None, 0))

        assert series(store) == (3, None, 0)

    def test_does_not_let_a_correction_change_what_was_known_before_it(self, store):
        put(store, counts(3, 5))
        change = put(store, counts(3, 7), at=TENTH + timedelta(days=1))

        assert (change.new, change.corrected, change.unchanged) == (0, 1, 1)
        assert series(store) == (3, 7, None)
        assert series(store, known_at=TENTH) == (3, 5, None)
        assert series(store, known_at=TENTH - timedelta(hours=1)) == (None, None, None)

    def test_refuses_an_act_in_the_past(self, store):
        put(store, counts(1))

        with pytest.raises(ActInThePast, match="never goes back"):
            put(store, counts(2), at=TENTH - timedelta(minutes=1))

    def test_moves_an_act_of_a_slower_clock_up_to_the_newest(self, store):
        put(store, counts(1))
        put(store, counts(2), at=TENTH - timedelta(seconds=2))

        assert series(store, known_at=TENTH) == (2, None, None)

    def test_refuses_the_same_row_twice_in_one_act(self, store):
        with pytest.raises(ValueError, match="twice in one act"):
            put(store, pl.concat([counts(1), counts(2)]))

        assert series(store) == (None, None, None)

    def test_takes_back_a_file_and_leaves_both_in_the_history(self, store):
        put(store, counts(3))
        with store.acting(
            store.system(), desk="ingest", verb="file", why="t", at=TENTH + timedelta(hours=1)
        ) as act:
            receipt = act.commit_reading(
                file="f.csv",
                sha256="0" * 64,
                format="tidy",
                rows_read=2,
                rows_rejected=0,
                counts=counts(9, 9),
            )
        with store.acting(
            store.system(), desk="ingest", verb="undo", why="t", at=TENTH + timedelta(hours=2)
        ) as act:
            act.undo_receipt(receipt.id)

        assert series(store) == (3, None, None)
        assert series(store, known_at=TENTH + timedelta(hours=1)) == (9, 9, None)
        assert store.verify() is None


class TestRights:
    def test_show_nothing_of_any_table_without_a_scope(self, store):
        put(store, counts(1), published=True)
        with store.keeper() as connection:
            tables = connection.execute(
                "select n.nspname || '.' || quote_ident(c.relname) from pg_class c join pg_namespace n "
                "on n.oid = c.relnamespace where c.relkind in ('r', 'p') "
                "and n.nspname not in ('pg_catalog', 'information_schema')"
            ).fetchall()
        assert len(tables) >= 15
        for (table,) in tables:
            with store._pool.connection() as connection:
                with connection.transaction():
                    connection.execute("select set_config('yipan.scope', '44.', true)")
                try:
                    assert connection.execute(f"select count(*) from {table}").fetchone() == (0,), (
                        table
                    )
                except psycopg.errors.InsufficientPrivilege:
                    continue

    def test_keep_a_city_from_what_another_did_not_publish(self, store):
        put(store, counts(4, area=SHENZHEN))
        put(store, counts(6), published=True)
        guangzhou = Viewer(user="gz", duty=Duty.ANALYST, area=GUANGZHOU)
        shenzhen = Viewer(user="sz", duty=Duty.ANALYST, area=SHENZHEN)

        assert series(store, area=SHENZHEN, viewer=guangzhou) == (None, None, None)
        assert series(store, area=SHENZHEN, viewer=shenzhen) == (4, None, None)
        assert series(store, viewer=shenzhen) == (6, None, None)

    def test_refuse_to_write_outside_the_area(self, store):
        guangzhou = Viewer(user="gz", duty=Duty.REGISTRAR, area=GUANGZHOU)

        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            put(store, counts(4, area=SHENZHEN), viewer=guangzhou)
        with pytest.raises(NotYourArea):
            store.acting(
                guangzhou, desk="x", verb="x", why="x", at=TENTH, area=SHENZHEN
            ).__enter__()

        assert series(store, area=SHENZHEN) == (None, None, None)


class TestRounds:
    def test_of_the_province_are_seen_in_its_cities(self, store):
        entry = Round(at=TENTH, desk="watch", ok=True, message="", made=2)
        with store.acting(store.system(), desk="day", verb="close", why="t", at=TENTH) as act:
            act.put_round(entry)
        with store.reading(Viewer(user="gz", duty=Duty.ANALYST, area=GUANGZHOU)) as record:
            assert record.rounds() == (entry,)


class TestVault:
    person = person_id("p-0123456789ab")

    def fill(self, store):
        case = Case(
            id="c-1", person=self.person, area=GUANGZHOU, disease="covid-19",
            classification=Classification.CONFIRMED,
        )  # fmt: skip
        known = Identity(person=self.person, name="张三", phone="13800000000")
        with store.acting(store.system(), desk="t", verb="t", why="t", at=TENTH) as act:
            act.commit_reading(
                file="l.csv", sha256="1" * 64, format="line list", rows_read=1, rows_rejected=0,
                cases=[case], identities=[known],
            )  # fmt: skip

    def test_writes_down_every_reading(self, store):
        self.fill(store)
        tracer = Viewer(user="li", duty=Duty.TRACER, area=GUANGZHOU)
        with store.reading(tracer) as record:
            assert record.identity(self.person, purpose="first call", at=TENTH).name == "张三"
        with store.reading(tracer) as record:
            (reading,) = record.identity_readings()

        assert (reading["user"], reading["person"], reading["purpose"]) == (
            "li",
            self.person,
            "first call",
        )

    def test_keeps_a_reading_whose_question_failed(self, store):
        self.fill(store)
        tracer = Viewer(user="li", duty=Duty.TRACER, area=GUANGZHOU)
        fails = pytest.raises(ZeroDivisionError, match="after the reading")

        with fails, store.reading(tracer) as record:
            look_and_fail(record, self.person, purpose="first call")
        with fails, store.acting(tracer, desk="t", verb="t", why="t", at=TENTH) as act:
            look_and_fail(act, self.person, purpose="second call")

        with store.reading(tracer) as record:
            purposes = [reading["purpose"] for reading in record.identity_readings()]
        assert purposes == ["first call", "second call"]

    def test_tells_an_act_whom_it_has_just_put(self, store):
        known = Identity(person=self.person, name="张三")
        tracer = Viewer(user="li", duty=Duty.TRACER, area=GUANGZHOU)
        with store.acting(tracer, desk="t", verb="t", why="t", at=TENTH) as act:
            act.put_identities([known], areas={self.person: GUANGZHOU})

            assert act.identity(self.person, purpose="the form", at=TENTH).name == "张三"

    def test_is_closed_to_other_duties_and_other_areas(self, store):
        self.fill(store)
        analyst = Viewer(user="a", duty=Duty.ANALYST, area=GUANGZHOU)
        foreign = Viewer(user="b", duty=Duty.TRACER, area=SHENZHEN)
        with store.reading(analyst) as record, pytest.raises(NotAllowed):
            record.identity(self.person, purpose="curiosity", at=TENTH)
        with store.reading(foreign) as record, pytest.raises(NotFound):
            record.identity(self.person, purpose="curiosity", at=TENTH)

    def test_needs_a_purpose(self, store):
        self.fill(store)
        tracer = Viewer(user="li", duty=Duty.TRACER, area=GUANGZHOU)
        with (
            pytest.raises(psycopg.errors.InvalidParameterValue),
            store.reading(tracer) as record,
        ):
            record.identity(self.person, purpose=" ", at=TENTH)


class TestFewRows:
    """Few rows go their own short way into the record; it must lead to the same place as that of many."""

    def told(self, store, values, few, monkeypatch):
        monkeypatch.setattr(acting, "FEW_ROWS", few)
        changes = []
        for number, value in enumerate(values):
            at = TENTH + timedelta(minutes=number)
            entries = [
                Round(at=TENTH, desk=desk, ok=True, message=value, made=made)
                for made, desk in enumerate(("watch", "outlook")[: 1 + number % 2])
            ]
            with store.acting(store.system(), desk="t", verb="t", why="t", at=at) as act:
                changes.append(
                    act._put(
                        "round", ("area", "at", "desk"),
                        [(PROVINCE, e.at, e.desk, e.ok, e.message, e.made) for e in entries],
                    )
                )  # fmt: skip
        with store.keeper() as keeper:
            rows = keeper.execute(
                "select area, at, desk, ok, message, made, known_from, known_until from round order by 1, 2, 3, 7"
            ).fetchall()
            for table in ("round", "act"):
                keeper.execute(f"delete from {table} where act >= 2" if table == "round" else
                               "delete from act where number >= 2")  # fmt: skip
            keeper.execute(
                "update chain_head set (number, at, hash) = (select number, at, hash from act)"
            )
        return changes, rows

    def test_end_up_as_many_do(self, store, monkeypatch):
        values = ("a", "a", "b", "b", "a", "c")

        few = self.told(store, values, 50, monkeypatch)
        many = self.told(store, values, 0, monkeypatch)

        assert few == many

    def test_may_not_name_one_thing_twice(self, store):
        entry = Round(at=TENTH, desk="watch", ok=True, message="", made=0)
        row = (PROVINCE, entry.at, entry.desk, entry.ok, entry.message, entry.made)
        with (
            pytest.raises(ValueError, match="watch twice"),
            store.acting(store.system(), desk="t", verb="t", why="t", at=TENTH) as act,
        ):
            act._put("round", ("area", "at", "desk"), [row, row])


def look_and_fail(record, person, *, purpose):
    record.identity(person, purpose=purpose, at=TENTH)
    raise ZeroDivisionError("after the reading")


class TestChain:
    def test_is_whole_after_ordinary_work(self, store):
        put(store, counts(1, 2, 3))

        assert store.verify() is None

    @pytest.mark.parametrize(
        ("statement", "number"),
        [
            ("update count_version set value = 99 where act = 2", 2),
            ("update act set why = 'another reason' where number = 2", 2),
            ("delete from act where number = 2", 2),
            ("update chain_head set number = 2", 3),
        ],
    )
    def test_names_the_first_broken_act(self, store, statement, number):
        put(store, counts(1))
        put(store, counts(2), at=TENTH + timedelta(hours=1))
        with store.keeper() as connection:
            connection.execute(statement)

        broken = store.verify()

        assert broken is not None
        assert broken.number in {number, 4}


class TestServer:
    def test_is_found_again_by_a_second_start(self, store, home):
        again = Store.open(home, clock=clock)
        put(store, counts(5))

        assert series(again) == (5, None, None)
        again.close()

    def test_loses_nothing_acknowledged_when_it_is_killed(self, store, server, home):
        put(store, counts(1, 2, 3))
        store.close()
        pid = int((server.data / "postmaster.pid").read_text().splitlines()[0])
        subprocess.run(["pkill", "-9", "-f", f"postgres.*-D {server.data}"], check=False)
        for _ in range(100):
            if not server.answers():
                break
            time.sleep(0.05)
        again = Store.open(home, clock=clock)

        assert pid
        assert series(again) == (1, 2, 3)
        assert again.verify() is None
        again.close()

    def test_leaves_nothing_half_in_when_a_writer_is_killed(self, store, home):
        writer = multiprocessing.get_context("spawn").Process(target=_write_for_ever, args=(home,))
        writer.start()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with store.reading(store.system()) as record:
                if record.newest_act() >= 4:
                    break
            time.sleep(0.05)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()

        with store.reading(store.system()) as record:
            rows = record.count_rows(under=GUANGZHOU)
        assert rows.height in {0, 1000}
        assert rows["value"].n_unique() <= 1
        assert store.verify() is None


def _write_for_ever(home: Path) -> None:
    store = Store.open(home, clock=clock)
    for number in range(10_000):
        put(
            store,
            counts(*[number] * 1000, first=date(2020, 1, 1)),
            at=TENTH + timedelta(seconds=number),
        )


class TestBackup:
    def test_is_restored_with_every_act_and_the_vault(self, store, home, tmp_path, monkeypatch):
        from typer.testing import CliRunner

        from yipan.cli import db

        put(store, counts(1, 2))
        run = CliRunner()
        monkeypatch.setenv("YIPAN_HOME", str(home))
        assert run.invoke(db.app, ["backup", str(tmp_path / "b.dump")]).exit_code == 0
        monkeypatch.setenv("YIPAN_HOME", str(tmp_path / "other"))

        restored = run.invoke(db.app, ["restore", str(tmp_path / "b.dump")])

        assert restored.exit_code == 0, restored.output
        other = Store.open(tmp_path / "other", clock=clock)
        assert series(other) == (1, 2, None)
        other.close()
        other.server.stop()
