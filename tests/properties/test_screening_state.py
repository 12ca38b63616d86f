"""The rolling state of a round: the plain query's answer, whatever way it was reached."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yipan.model import LakeKind, LakePart, area_path
from yipan.operations import rolling, screening
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


class Round:
    """A lake with the files of one round, and what the record would say of them."""

    def __init__(self, folder: Path) -> None:
        self.home = lake.Lake(folder=folder, memory_mb=300, threads=1)
        self.parts: list[LakePart] = []
        self.acts: dict[str, int] = {}

    def bring(self, kind: LakeKind, frame: pl.DataFrame) -> None:
        batch = f"b{len(self.acts)}"
        self.acts[batch] = len(self.acts) + 1
        written = self.home.write_frame(
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

    def state(self) -> rolling.RoundState:
        return rolling.state_of(
            self.home, round="r", parts=self.parts, acts=self.acts, streets=STREETS, opened=OPENED
        )

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
        kept, rolling.KEPT_FROM = rolling.KEPT_FROM, 0
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
            rolling.KEPT_FROM = kept

        assert screening.street_rows(step_by_step, {}) == screening.street_rows(at_once, {})
        for person in range(1, 10):
            one, other = step_by_step.find(person), at_once.find(person)
            assert (one is None) == (other is None)
            if one is not None:
                assert step_by_step.tubes[one[0]] == at_once.tubes[other[0]]
                assert one[1:] == other[1:]
