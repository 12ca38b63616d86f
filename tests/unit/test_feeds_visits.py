"""Bulk files of visits: judged row by row, counts that add up, nothing made up."""

from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from yipan.feeds import samples, visits
from yipan.feeds.frame import CannotRead

HEAD = "person,street,place,purpose,arrived_at,left_at"
STREETS = (440103001, 440103002)
OPENED = datetime(2022, 11, 10, tzinfo=UTC)


def read(engine, path, **more):
    return visits.read_visits(
        engine, path, streets=STREETS, since=OPENED - timedelta(days=14), until=OPENED + timedelta(days=1),
        time_zone="Asia/Shanghai", **more,
    )  # fmt: skip


@pytest.fixture
def engine():
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def table(path, *rows, head=HEAD):
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


class TestVisits:
    def test_are_accepted_or_put_aside_with_one_reason_and_add_up(self, engine, tmp_path):
        file = table(
            tmp_path / "v.csv",
            "1,440103001,70,发热门诊,2022-11-10 18:00,2022-11-10 19:00",
            "1,440103001,70,,2022-11-10 18:00,2022-11-10 19:30",  # the same visit again
            "2,440103001,70,,2022-11-10T10:05:00Z,",  # only scanned at the door
            "3,440199001,70,,2022-11-10 18:00,",
            "4,440103002,70,haircut,2022-11-10 18:00,",
            "5,440103002,70,药店,2022-11-10 18:00,2022-11-10 17:00",
            "6,440103002,70,,2022-10-01 18:00,",
            "7,440103002,70,,2022-11-10 18:00,2022-11-12 18:00",
            "8,440103002,soup,,2022-11-10 18:00,",
        )

        told = read(engine, file)

        assert (told.read, told.accepted) == (9, 2)
        assert told.reasons == {
            samples.VISIT_TWICE: 1, samples.UNKNOWN_STREET: 1, samples.UNKNOWN_PURPOSE: 1,
            samples.VISIT_BACKWARDS: 1, samples.IMPOSSIBLE_TIME: 2, samples.UNREADABLE: 1,
        }  # fmt: skip
        assert sum(told.reasons.values()) == told.quarantined

    def test_keep_instants_as_seconds_and_an_unknown_end_unknown(self, engine, tmp_path):
        file = table(
            tmp_path / "v.csv",
            "1,440103001,70,急诊,2022-11-10 18:00,2022-11-10 19:00",
            "2,440103001,70,,2022-11-10T10:05:00Z,",
        )
        read(engine, file)

        rows = engine.execute(
            "select person, purpose, since, until from accepted order by person"
        ).fetchall()

        ten = int(datetime(2022, 11, 10, 10, tzinfo=UTC).timestamp())
        assert rows == [(1, "emergency", ten, ten + 3600), (2, "other", ten + 300, None)]

    def test_of_an_earlier_file_stay_where_they_are(self, engine, tmp_path):
        file = table(tmp_path / "v.csv", "1,440103001,70,,2022-11-10 18:00,")
        read(engine, file)
        engine.execute("create table known as select * from accepted")

        assert read(engine, file, already="known").reasons == {samples.ALREADY_HERE: 1}

    @pytest.mark.parametrize(
        "content", [b"", b"a,b\n1,2\n", b"\x1f\x8bxx", b"person,street\xff,place,arrived_at\n", b"person,person\n"]
    )  # fmt: skip
    def test_in_no_table_are_refused(self, engine, tmp_path, content):
        file = tmp_path / "v.csv"
        file.write_bytes(content)

        with pytest.raises(CannotRead, match=r"v\.csv"):
            read(engine, file)
