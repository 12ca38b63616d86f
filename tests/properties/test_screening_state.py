"""The rolling state of a round: the plain query's answer, whatever way it was reached."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from swabs import put_frame
from yipan.feeds import bulk, keys
from yipan.model import LakeKind, LakePart, area_path
from yipan.operations import kept, rolling, screening
from yipan.store import lake

OPENED = datetime(2022, 11, 10, tzinfo=UTC)
STREETS = (440103001, 440103002, 440304001)
CITY_OF = {street: street // 100_000 for street in STREETS}
PERSON = st.integers(1, 9)
ROSTER = st.dictionaries(PERSON, st.tuples(st.sampled_from(STREETS), st.booleans()), max_size=9)
SWABS = st.dictionaries(PERSON, st.tuples(st.sampled_from(STREETS), st.integers(1, 5)), max_size=9)
RESULTS = st.lists(
    st.dictionaries(st.integers(1, 5), st.sampled_from(rolling.RESULTS[1:]), max_size=5), max_size=3
)


DIRTY_SWAB = st.tuples(
    st.integers(1, 12), st.integers(1, 5), PERSON, st.sampled_from([STREETS[0], STREETS[0], STREETS[1], 7]),
    st.sampled_from([1, 1, 2]), st.sampled_from([5, 5, 5, 0, 1]), st.integers(-1, 9),
)  # fmt: skip


class Round:
    """A lake with the files of one round, and what the record would say of them."""

    def __init__(self, folder: Path) -> None:
        self.home = lake.Lake(folder=folder, memory_mb=300, threads=1)
        self.parts: list[LakePart] = []
        self.acts: dict[str, int] = {}

    def bring(self, kind: LakeKind, frame: pl.DataFrame) -> None:
        batch = f"b{len(self.acts)}"
        self.acts[batch] = len(self.acts) + 1
        written = put_frame(
            self.home,
            frame,
            batch=batch,
            round="r",
            kind=kind.value,
            city_of_street=CITY_OF,
            day=OPENED.date(),
        )
        self.parts += [
            LakePart(
                id=p.path,
                area=area_path(f"44.{p.city}."),
                batch=batch,
                round="r",
                kind=kind,
                day=p.day,
                rows=p.rows,
            )
            for p in written
        ]

    def judge(self, state, kind: LakeKind, frame: pl.DataFrame, file: Path):
        """Judge a file by a state, write what was accepted into the lake, and take the state further by it."""
        frame.write_parquet(file)
        until = OPENED + timedelta(days=2)
        if kind is LakeKind.ROSTER:
            judged = bulk.roster(file, streets=STREETS)
            state = rolling.begun(judged, streets=STREETS, opened=OPENED)
        elif kind is LakeKind.SAMPLES:
            judged = bulk.swabs(
                file, streets=STREETS, since=OPENED, until=until, time_zone="UTC", earlier=state.earlier()
            )  # fmt: skip
            rolling.add_swabs(state, judged)
        else:
            known = state.earlier().tubes
            judged = bulk.results(
                file, tubes=known.tube, street_of=known.street, until=until, time_zone="UTC"
            )
            rolling.add_results(state, judged)
        self.bring(kind, judged.accepted)
        return state

    def state(self) -> rolling.RoundState:
        return rolling.state_of(
            self.home, round="r", parts=self.parts, acts=self.acts, streets=STREETS, opened=OPENED
        )

    def keep(self, state) -> None:
        rolling.keep(self.home, state, round="r", parts=self.parts, acts=self.acts, streets=STREETS)

    def swab(self, person: int):
        """One person's swab, looked up without reading the state whole."""
        return rolling.swab_of(
            self.home, round="r", parts=self.parts, acts=dict, streets=STREETS, opened=OPENED, person=person
        )  # fmt: skip

    def plain(self) -> list[lake.Row]:
        with self.home.engine() as engine:
            for kind, columns in (
                (LakeKind.ROSTER, lake.ROSTER_COLUMNS), (LakeKind.SAMPLES, lake.SAMPLE_COLUMNS),
                (LakeKind.RESULTS, lake.RESULT_COLUMNS), (LakeKind.RESWABS, lake.SAMPLE_COLUMNS),
            ):  # fmt: skip
                paths = [part.id for part in self.parts if part.kind is kind]
                self.home.view(engine, kind.value, paths, columns=columns)
            told = {part.batch for part in self.parts if part.kind is LakeKind.RESULTS}
            lake.latest_results(engine, {batch: self.acts[batch] for batch in told})
            lake.single_results(engine)
            return sorted(lake.coverage(engine))

    def plain_held(self) -> list[lake.Row]:
        with self.home.engine() as engine:
            paths = [part.id for part in self.parts if part.kind is LakeKind.RESULTS]
            self.home.view(engine, "results", paths, columns=lake.RESULT_COLUMNS)
            told = {part.batch for part in self.parts if part.kind is LakeKind.RESULTS}
            lake.latest_results(engine, {batch: self.acts[batch] for batch in told})
            return lake.held(engine)


def dirty_frame(rows) -> pl.DataFrame:
    names = ("sample", "tube", "person", "street", "site", "mode", "hour")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Int64), orient="row")
    start = int(OPENED.timestamp())
    return frame.with_columns(
        pl.from_epoch(start + pl.col("hour") * 3600, time_unit="s").alias("sampled_at")
    ).drop("hour")


def version_frame(told) -> pl.DataFrame:
    """A file of results as a laboratory sends it, of tubes nobody may have filled."""
    later = OPENED + timedelta(hours=9)
    frame = result_frame(told, {person: (STREETS[0], tube) for person, tube in enumerate(told)})
    return frame.drop("street").with_columns(
        pl.lit(later).dt.convert_time_zone("UTC").alias("received_at"),
        pl.lit(later).dt.convert_time_zone("UTC").alias("published_at"),
        pl.when(pl.col("result") == "positive").then(pl.col("tube") + 30.25).alias("ct_orf"),
    )


def roster_frame(people) -> pl.DataFrame:
    rows = [(person, street, int(exempt)) for person, (street, exempt) in people.items()]
    return pl.DataFrame(
        rows, schema={"person": pl.Int64, "street": pl.Int64, "exempt": pl.Int64}, orient="row"
    )


def swab_frame(swabs) -> pl.DataFrame:
    # A tube is in one street: the first that fills it says which.
    street_of: dict[int, int] = {}
    rows = [
        (
            100 + person,
            tube,
            person,
            street_of.setdefault(tube, street),
            1,
            0,
            OPENED.replace(tzinfo=None),
        )
        for person, (street, tube) in swabs.items()
    ]
    types = dict.fromkeys(("sample", "tube", "person", "street", "site", "mode"), pl.Int64)
    return pl.DataFrame(rows, schema={**types, "sampled_at": pl.Datetime("us")}, orient="row")


def result_frame(told, swabs) -> pl.DataFrame:
    known = {tube: street for _, (street, tube) in reversed(swabs.items())}
    later = OPENED.replace(tzinfo=None) + timedelta(hours=9)
    rows = [
        {
            "tube": tube, "street": known[tube], "laboratory": "a", "result": result, "plate": None, "well": None,
            "ct_orf": None, "ct_n": None, "ct_control": None, "received_at": later, "loaded_at": None,
            "called_at": None, "published_at": later,
        }
        for tube, result in told.items()
        if tube in known
    ]  # fmt: skip
    kinds = {
        "bigint": pl.Int64,
        "varchar": pl.String,
        "double": pl.Float64,
        "timestamp": pl.Datetime("us"),
    }
    return pl.DataFrame(
        rows, schema={name: kinds[kind] for name, kind in lake.RESULT_COLUMNS.items()}
    )


class TestKept:
    def test_tells_the_latest_of_several_corrections(self, tmp_path, monkeypatch):
        monkeypatch.setattr(rolling, "KEPT_FROM", 0)
        monkeypatch.setattr(kept, "LARGE_SHARE", 0)
        held = Round(tmp_path)
        roster = pl.DataFrame({"person": [1, 2], "street": [STREETS[0]] * 2, "exempt": [0, 0]})
        state = held.judge(None, LakeKind.ROSTER, roster, tmp_path / "r.parquet")
        held.keep(state)
        rows = [(101, 1, 1, STREETS[0], 1, 0, 1), (102, 2, 2, STREETS[0], 1, 0, 1)]
        held.judge(state, LakeKind.SAMPLES, dirty_frame(rows), tmp_path / "s.parquet")
        held.keep(state)

        for number, result in enumerate(("weak", "negative", "positive")):
            file = version_frame({1: result})
            held.judge(state, LakeKind.RESULTS, file, tmp_path / f"{number}.parquet")
            held.keep(state)
            assert [held.swab(person).result for person in (1, 2)] == [result, ""]
            assert held.state().swab(1) == held.swab(1)

        (newest,) = [
            path
            for path in (tmp_path / "state" / "r").iterdir()
            if (path / "tubes-changes.3").exists()
        ]
        assert (newest / "person").stat().st_nlink > 1

    def test_is_written_whole_when_pieces_are_many(self, tmp_path, monkeypatch):
        monkeypatch.setattr(rolling, "KEPT_FROM", 0)
        monkeypatch.setattr(kept, "LARGE_SHARE", 0)
        monkeypatch.setattr(kept, "MOST_ADDITIONS", 2)
        held = Round(tmp_path)
        state = held.judge(
            None, LakeKind.ROSTER, roster_frame({1: (STREETS[0], False)}), tmp_path / "r.parquet"
        )
        for number in range(6):
            rows = [(number, number, 100 + number, STREETS[0], 1, 0, 1)]
            held.judge(state, LakeKind.SAMPLES, dirty_frame(rows), tmp_path / f"{number}.parquet")
            held.keep(state)

        pieces = [
            len(list(path.glob("people-rows.*"))) for path in (tmp_path / "state" / "r").iterdir()
        ]
        assert max(pieces) <= 2
        assert [held.swab(100 + number).sample for number in range(6)] == list(range(6))


@pytest.mark.slow
class TestState:
    @settings(max_examples=25)
    @given(people=ROSTER, swabs=SWABS, versions=RESULTS)
    def test_answers_as_the_plain_query(self, tmp_path_factory, people, swabs, versions):
        held = Round(tmp_path_factory.mktemp("lake"))
        held.bring(LakeKind.ROSTER, roster_frame(people))
        held.bring(LakeKind.SAMPLES, swab_frame(swabs))
        for told in versions:
            held.bring(LakeKind.RESULTS, result_frame(told, swabs))

        assert sorted(screening.street_rows(held.state(), {})) == held.plain()

    @settings(max_examples=25)
    @given(people=ROSTER, swabs=SWABS, more=SWABS, versions=RESULTS)
    def test_taken_further_is_the_one_worked_out_at_once(
        self, tmp_path_factory, people, swabs, more, versions
    ):
        folder = tmp_path_factory.mktemp("lake")
        held = Round(folder)
        later = {
            person: (street, tube + 5)
            for person, (street, tube) in more.items()
            if person not in swabs
        }
        held.bring(LakeKind.ROSTER, roster_frame(people))
        held.bring(LakeKind.SAMPLES, swab_frame(swabs))
        files = [
            (LakeKind.SAMPLES, swab_frame(later)),
            *((LakeKind.RESULTS, result_frame(t, swabs)) for t in versions),
        ]
        before, rolling.KEPT_FROM = rolling.KEPT_FROM, 0
        try:
            for kind, frame in files:
                held.state()
                held.bring(kind, frame)
            step_by_step = held.state()
            rolling.KEPT_FROM = 1 << 40
            for state in (folder / "state").rglob("about.json"):
                state.unlink()
            at_once = held.state()
        finally:
            rolling.KEPT_FROM = before

        assert screening.street_rows(step_by_step, {}) == screening.street_rows(at_once, {})
        for person in range(1, 10):
            one, other = step_by_step.find(person), at_once.find(person)
            assert (one is None) == (other is None)
            if one is not None:
                assert step_by_step.tubes[one[0]] == at_once.tubes[other[0]]
                assert one[1:] == other[1:]

    @pytest.mark.parametrize("few", [keys.FEW, 0], ids=["plain", "compiled"])
    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
    @given(
        people=st.lists(st.tuples(PERSON, st.sampled_from([*STREETS, 7]), st.sampled_from([0, 1, None])), max_size=9),
        swabs=st.lists(st.lists(DIRTY_SWAB, max_size=9), min_size=1, max_size=3),
        versions=RESULTS,
        first_result=st.integers(0, 3),
    )  # fmt: skip
    def test_taken_further_while_judging_is_the_one_of_the_lake(
        self, tmp_path_factory, few, people, swabs, versions, first_result
    ):
        """Files with faults, corrections that come late, results between two files of swabs: two derivations agree."""
        folder = tmp_path_factory.mktemp("lake")
        held = Round(folder)
        files = [(LakeKind.SAMPLES, dirty_frame(rows)) for rows in swabs]
        results = [(LakeKind.RESULTS, version_frame(told)) for told in versions]
        files[min(first_result, len(files)) : 0] = results[:1]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keys, "FEW", few)
            roster = pl.DataFrame(
                people,
                schema={"person": pl.Int64, "street": pl.Int64, "exempt": pl.Int64},
                orient="row",
            )
            state = held.judge(None, LakeKind.ROSTER, roster, folder / "r.parquet")
            for number, (kind, frame) in enumerate([*files, *results[1:]]):
                held.judge(state, kind, frame, folder / f"{number}.parquet")
            of_lake = held.state()

        assert sorted(screening.street_rows(state, {})) == held.plain()
        assert screening.street_rows(state, {}) == screening.street_rows(of_lake, {})
        assert state.held() == of_lake.held() == held.plain_held()
        for person in range(1, 10):
            assert told_of(state, person) == told_of(of_lake, person)
        for one, other in zip(tubes_of(state.earlier()), tubes_of(of_lake.earlier()), strict=True):
            assert one == other

    @pytest.mark.parametrize("share", [0, 4], ids=["added", "whole"])
    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
    @given(
        people=st.lists(st.tuples(PERSON, st.sampled_from(STREETS), st.sampled_from([0, 1])), max_size=9),
        files=st.lists(
            st.one_of(st.lists(DIRTY_SWAB, max_size=5), st.dictionaries(st.integers(1, 5), st.sampled_from(rolling.RESULTS[1:]))),
            max_size=6,
        ),
        most=st.integers(0, 3),
    )  # fmt: skip
    def test_kept_as_what_was_added_is_read_as_it_was(
        self, tmp_path_factory, share, people, files, most
    ):
        folder = tmp_path_factory.mktemp("lake")
        held = Round(folder)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rolling, "KEPT_FROM", 0)
            patch.setattr(kept, "LARGE_SHARE", share)
            patch.setattr(kept, "MOST_ADDITIONS", most)
            schema = dict.fromkeys(("person", "street", "exempt"), pl.Int64)
            roster = pl.DataFrame(people, schema=schema, orient="row")
            state = held.judge(None, LakeKind.ROSTER, roster, folder / "r.parquet")
            held.keep(state)
            for number, told in enumerate(files):
                if isinstance(told, dict):
                    kind, frame = LakeKind.RESULTS, version_frame(told)
                else:
                    kind, frame = LakeKind.SAMPLES, dirty_frame(told)
                held.judge(state, kind, frame, folder / f"{number}.parquet")
                held.keep(state)
                with pytest.MonkeyPatch.context() as closed:
                    closed.setattr(lake.Lake, "read", None)
                    again = held.state()

                assert screening.street_rows(again, {}) == screening.street_rows(state, {})
                assert again.held() == state.held()
                assert tubes_of(again.earlier()) == tubes_of(state.earlier())
                for person in range(1, 10):
                    assert again.swab(person) == state.swab(person) == held.swab(person)
                if number % 2:
                    state = again


def told_of(state, person):
    found = state.find(person)
    return None if found is None else (int(state.tubes[found[0]]), *found[1:])


def tubes_of(earlier):
    told = earlier.tubes
    columns = (told.tube, told.site, told.street, told.mode, told.people)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))
