"""The files of the lake: every row that is written stands in the file of its city and day, in its order."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yipan.store import lake_files

CITY_OF = {440103001: 4401, 440103002: 4401, 440304001: 4403, 445202001: 4452}
DAY = date(2022, 11, 10)
BEGIN = datetime(2022, 3, 26, 20)  # clocks are changed in Berlin that night


def frame_of(streets, hours) -> pl.DataFrame:
    rng = np.random.default_rng(len(streets))
    return pl.DataFrame(
        {
            "person": rng.integers(1 << 60, size=len(streets)),
            "street": np.array(streets, dtype=np.int64),
            "sampled_at": [BEGIN + timedelta(hours=hour) for hour in hours],
            "laboratory": [None if street % 2 else f"lab-{street}" for street in streets],
            "ct": [None if street % 2 else street / 7 for street in streets],
        },
        schema_overrides={
            "sampled_at": pl.Datetime("us"),
            "laboratory": pl.String,
            "ct": pl.Float64,
        },
    )


def written(folder, frame, **told):
    settled = {
        "put_aside": None, "city_of_street": CITY_OF, "day": DAY, "day_of": "sampled_at", "time_zone": "Asia/Shanghai",
    } | told  # fmt: skip
    return lake_files.write_files(frame, folder=folder, **settled)


@pytest.fixture(params=[1, 5, 1 << 18])
def rows_at_once(request, monkeypatch):
    monkeypatch.setattr(lake_files, "ROWS_AT_ONCE", request.param)
    monkeypatch.setattr(lake_files, "ROW_GROUP", 3)
    monkeypatch.setattr(lake_files, "MANY_DAYS", 2)


class TestWriteFiles:
    @settings(
        max_examples=40,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        deadline=None,
    )
    @given(
        rows=st.lists(
            st.tuples(st.sampled_from(sorted(CITY_OF)), st.integers(0, 200), st.booleans()),
            max_size=30,
        ),
        zone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "UTC"]),
        by_day=st.booleans(),
        run=st.sampled_from([1, 256]),
    )
    def test_keeps_every_row_in_the_file_of_its_city_and_day(
        self, tmp_path_factory, monkeypatch, rows_at_once, rows, zone, by_day, run
    ):
        monkeypatch.setattr(lake_files, "RUN", run)
        frame = frame_of([row[0] for row in rows], [row[1] for row in rows])
        aside = np.array([row[2] for row in rows], dtype=np.bool_)

        found = written(
            tmp_path_factory.mktemp("f"), frame, put_aside=aside, day_of="sampled_at" if by_day else None,
            time_zone=zone,
        )  # fmt: skip

        expected: dict[tuple[int, date], list] = {}
        for row, (street, hour, left_out) in zip(frame.rows(), rows, strict=True):
            local = (BEGIN + timedelta(hours=hour)).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
            if not left_out:
                expected.setdefault((CITY_OF[street], local.date() if by_day else DAY), []).append(
                    row
                )
        held = {(one.of.city, one.of.day): pl.read_parquet(one.file) for one in found}
        assert {key: told.rows() for key, told in held.items()} == expected
        assert all(told.schema == frame.schema for told in held.values())
        assert {(one.of.city, one.of.day): one.rows for one in found} == {
            key: len(told) for key, told in expected.items()
        }
        assert all(one.sha256 == lake_files.content_hash(one.file) for one in found)

    def test_does_not_write_a_street_of_no_city(self, tmp_path):
        for street in (1, 440103003, 999_999_999):
            with pytest.raises(ValueError, match=f"street {street} lies in no city"):
                written(tmp_path, frame_of([440103001, street], [0, 0]))

    def test_looks_streets_far_apart_up_as_well(self, tmp_path):
        far = {1: 7, 1 << 40: 8}

        found = written(tmp_path, frame_of([1, 1 << 40, 1], [0, 0, 0]), city_of_street=far)

        assert [(one.of.city, one.rows) for one in found] == [(7, 2), (8, 1)]

    def test_keeps_random_numbers_bare_and_numbers_in_order_as_differences(self, tmp_path):
        rng = np.random.default_rng(3)
        rows = 20_000
        frame = frame_of([440103001] * rows, [0] * rows).with_columns(
            sample=np.arange(rows), person=rng.integers(1 << 60, size=rows)
        )

        (one,) = written(tmp_path, frame)

        assert one.file.stat().st_size < 8.2 * rows
        assert pl.read_parquet(one.file).equals(frame)

    def test_says_of_a_column_whether_a_value_is_missing(self, tmp_path):
        frame = frame_of([440103001, 440304001], [0, 0])

        found = written(tmp_path, frame)

        schemas = [pq.read_schema(one.file) for one in found]
        missing = [{field.name for field in schema if field.nullable} for schema in schemas]
        assert missing == [{"laboratory", "ct"}] * 2
