"""What-if from the record: what was known, drawn and run forward."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from yipan.model import AreaPath
from yipan.operations import demo, simulate
from yipan.packs import read_pack
from yipan.store import Store

pytestmark = [pytest.mark.store, pytest.mark.slow]
GUANGZHOU = AreaPath("44.4401.")
ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2022, 10, 20, 3, tzinfo=UTC)


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "home", clock=lambda: AT)
    post = demo.found(store, read_pack("guangdong"), at=AT - timedelta(days=30))
    days = [date(2022, 10, 8) + timedelta(days=i) for i in range(12)]
    rows = [
        (place, f"covid-19/{counted}/any/day", day, 2, "test")
        for place in (GUANGZHOU, "44.")
        for counted in ("local_confirmed", "local_asymptomatic")
        for day in days
    ]
    frame = pl.DataFrame(
        rows,
        schema={"area": pl.String, "stream": pl.String, "day": pl.Date, "value": pl.Int64, "source": pl.String},
        orient="row",
    )  # fmt: skip
    with store.acting(post.viewer, desk="ingest", verb="put", why="test", at=AT) as act:
        act.put_counts(frame, published=True)
    yield store
    store.close()
    if store.server is not None:
        store.server.stop()


class TestWhatIf:
    def test_counts_what_is_known_once_and_runs_every_strategy_on_the_same_chance(
        self, known: Store
    ) -> None:
        with known.reading(known.system()) as record:
            now = simulate.present(
                record,
                area=GUANGZHOU,
                at=AT + timedelta(days=300),
                time_zone=ZONE,
                pack_key="guangdong",
            )
        heard: list[int] = []
        found = simulate.what_if(
            now, time_zone=ZONE, pack_key="guangdong",
            pathogen=simulate.pathogen("covid-ba5", reproduction_number=1.5), days=5, replicates=2, tell=heard.append,
        )  # fmt: skip

        assert now.day == date(2022, 10, 20)
        assert len(now.cases) == 48
        assert all(case.county.startswith(GUANGZHOU) for case in now.cases)
        assert heard == [1, 2]
        assert [one.replicates for one in found.comparison.results] == [2] * 6
        past = {tuple(map(tuple, one.film[:13])) for one in found.comparison.results}
        assert len(past) == 1

    def test_begins_with_the_newest_day_of_infections_whatever_else_came_in_since(
        self, known: Store
    ) -> None:
        at = AT + timedelta(days=200)
        school = pl.DataFrame(
            [(GUANGZHOU, "respiratory/school_absences/any/day/s-1", at.date() - timedelta(days=1), 4, "test")],
            schema=["area", "stream", "day", "value", "source"], orient="row",
        )  # fmt: skip
        with known.acting(known.system(), desk="ingest", verb="put", why="test", at=at) as act:
            act.put_counts(school, published=False)

        with known.reading(known.system()) as record:
            now = simulate.present(
                record, area=GUANGZHOU, at=at, time_zone=ZONE, pack_key="guangdong"
            )

        assert now.day == date(2022, 10, 20)

    def test_says_where_nothing_is_known(self, known: Store) -> None:
        with (
            known.reading(known.system()) as record,
            pytest.raises(LookupError, match="no infections on record in the 14 days before"),
        ):
            simulate.present(
                record, area=AreaPath("44.4453."), at=AT, time_zone=ZONE, pack_key="guangdong"
            )
