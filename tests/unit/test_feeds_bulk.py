"""The fast road for bulk files answers exactly as the plain one, and leaves to it what it cannot read."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from places import TENTH
from swabs import put_frame
from yipan.feeds import bulk, keys, samples
from yipan.store.lake import DamagedLake, Lake, NamedFile

STREETS = (440103001, 440103002, 440304001)
UNTIL = TENTH + timedelta(hours=20)
ZONE = "Asia/Shanghai"
FEW = st.integers(1, 6)
SWAB = st.tuples(
    st.integers(1, 9), FEW, st.integers(1, 9), st.sampled_from([*STREETS, 999_999_999]), st.integers(1, 2),
    st.sampled_from([0, 1, 5, 7]), st.integers(-2, 24),
)  # fmt: skip
RESULT = st.tuples(
    FEW, st.sampled_from(["阴性", "POS", " weak", "?"]), st.integers(0, 3), st.integers(0, 3), st.integers(0, 40)
)  # fmt: skip


def swab_frame(rows) -> pl.DataFrame:
    names = ("sample", "tube", "person", "street", "site", "mode", "hour")
    frame = pl.DataFrame(rows, schema=names, orient="row")
    start = int(TENTH.timestamp())
    return frame.with_columns(
        pl.from_epoch(start + pl.col("hour") * 3600, time_unit="s").dt.replace_time_zone("UTC").alias("sampled_at")
    ).drop("hour")  # fmt: skip


def taken(rows):
    """What of these rows could have been taken in: a tube is of one site, street and mode, a sample one swab."""
    places, samples_here = {}, {}
    return [
        row for row in rows
        if places.setdefault(row[1], row[3:6]) == row[3:6] and samples_here.setdefault(row[0], row) == row
    ]  # fmt: skip


def plain(folder: Path, judge, path: Path, *, earlier: pl.DataFrame | None = None, **options):
    """Judge by the plain road; return the counts and the rows accepted and put aside, in order."""
    with Lake(folder=folder / "lake", memory_mb=300, threads=1).engine() as engine:
        if earlier is not None:
            earlier.write_parquet(folder / "earlier.parquet")
            engine.execute(
                f"create view earlier as select * from read_parquet('{folder}/earlier.parquet')"
            )
            options["already"] = "earlier"
        reading = judge(engine, path, streets=STREETS, **options)
        accepted = engine.execute("select * from accepted order by all").fetchall()
        aside = engine.execute("select line, reason from quarantined order by line").fetchall()
    return reading, accepted, [(line, samples.REASONS[number - 1]) for line, number in aside]


def fast(judged: bulk.Judged):
    return (
        judged.reading,
        sorted(judged.accepted.rows()),
        judged.aside.select("line", "reason").rows(),
    )


class TestSwabs:
    @pytest.mark.slow
    @settings(max_examples=25)
    @given(
        rows=st.lists(SWAB, min_size=1, max_size=14), before=st.lists(SWAB, max_size=4).map(taken)
    )
    def test_are_judged_as_by_the_plain_road(self, tmp_path_factory, rows, before):
        folder = tmp_path_factory.mktemp("swabs")
        path = folder / "s.parquet"
        swab_frame(rows).write_parquet(path)
        known = swab_frame(before) if before else None
        when = {"since": TENTH, "until": UNTIL, "time_zone": ZONE}

        expected = plain(folder, samples.read_samples, path, earlier=known, **when)
        found = bulk.swabs(
            path, streets=STREETS, **when, earlier=bulk.Earlier.of(known) if before else bulk.NOTHING
        )  # fmt: skip

        assert fast(found) == expected

    @pytest.mark.parametrize(
        "form", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%:z", "%Y-%m-%d %H:%M"]
    )
    def test_of_csv_are_judged_as_by_the_plain_road(self, tmp_path, form):
        rows = [(100 + i, i // 3, i, STREETS[0], 1, 5, 1 + i % 3) for i in range(40)]
        rows[7] = (100, 9, 2, 999_999_999, 1, 5, 2)
        rows[9] = (101, 9, 2, STREETS[0], 1, 5, 2)
        path = tmp_path / "s.csv"
        swab_frame(rows).with_columns(pl.col("sampled_at").dt.strftime(form)).write_csv(path)
        when = {"since": TENTH, "until": UNTIL + timedelta(hours=12), "time_zone": ZONE}

        found = bulk.swabs(path, streets=STREETS, **when)

        assert found is not None
        assert fast(found) == plain(tmp_path, samples.read_samples, path, **when)

    @pytest.mark.parametrize(
        "row",
        [
            "五百,1,1,440103001,1,5,2022-11-10 18:00",
            "1,1,1,440103001,1,5,31/02/2022",
            "1.0,1,1,440103001,1,5,2022-11-10 18:00",
        ],
    )
    def test_that_hold_anything_unreadable_are_left_to_the_plain_road(self, tmp_path, row):
        path = tmp_path / "s.csv"
        path.write_text(
            f"sample,tube,person,street,site,mode,sampled_at\n9,9,9,440103001,1,5,2022-11-10 18:00\n{row}\n",
            encoding="utf-8",
        )

        assert bulk.swabs(path, streets=STREETS, since=TENTH, until=UNTIL, time_zone=ZONE) is None

    def test_without_a_value_are_put_aside_as_unreadable(self, tmp_path):
        path = tmp_path / "s.parquet"
        frame = swab_frame([(1, 1, 1, STREETS[0], 1, 5, 1), (2, 1, 2, STREETS[0], 1, 5, 1)])
        frame.with_columns(pl.Series("person", [1, None], dtype=pl.Int64)).write_parquet(path)
        when = {"since": TENTH, "until": UNTIL, "time_zone": ZONE}

        found = bulk.swabs(path, streets=STREETS, **when)

        assert found.reading.reasons == {samples.UNREADABLE: 1}
        assert fast(found) == plain(tmp_path, samples.read_samples, path, **when)


class TestRoster:
    @pytest.mark.slow
    @settings(max_examples=12)
    @given(
        rows=st.lists(st.tuples(FEW, st.sampled_from([*STREETS, 1]), st.sampled_from([0, 1, None])), min_size=1, max_size=12)
    )  # fmt: skip
    def test_is_judged_as_by_the_plain_road(self, tmp_path_factory, rows):
        folder = tmp_path_factory.mktemp("roster")
        path = folder / "r.parquet"
        schema = {"person": pl.Int64, "street": pl.Int32, "exempt": pl.Int8}
        pl.DataFrame(rows, schema=schema, orient="row").write_parquet(path)

        assert fast(bulk.roster(path, streets=STREETS)) == plain(folder, samples.read_roster, path)


class TestResults:
    @pytest.mark.slow
    @settings(max_examples=15)
    @given(rows=st.lists(RESULT, min_size=1, max_size=10))
    def test_are_judged_as_by_the_plain_road(self, tmp_path_factory, rows):
        folder = tmp_path_factory.mktemp("results")
        path = folder / "t.parquet"
        start = int(TENTH.timestamp())
        moments = [
            pl.from_epoch(start + hours * 3600, time_unit="s").dt.replace_time_zone("UTC").alias(name)
            for name, hours in (
                ("received_at", pl.col("a")), ("loaded_at", pl.col("b")), ("published_at", pl.col("c")),
            )
        ]  # fmt: skip
        pl.DataFrame(rows, schema=("tube", "result", "a", "b", "c"), orient="row").with_columns(
            pl.lit("lab-a").alias("laboratory"), *moments
        ).write_parquet(path)
        tubes, street_of = (
            np.array([1, 2, 3, 4]),
            np.array([STREETS[0], STREETS[1], STREETS[2], STREETS[0]]),
        )
        with Lake(folder=folder / "lake", memory_mb=300, threads=1).engine() as engine:
            engine.execute("create table tubes as select unnest([1, 2, 3, 4]) as tube, "
                           f"unnest([{', '.join(map(str, street_of))}]) as street")  # fmt: skip
            reading = samples.read_results(engine, path, tubes="tubes", until=UNTIL, time_zone=ZONE)
            accepted = engine.execute("select * from accepted order by all").fetchall()

        found = bulk.results(path, tubes=tubes, street_of=street_of, until=UNTIL, time_zone=ZONE)

        assert (found.reading, sorted(found.accepted.rows(), key=str)) == (
            reading,
            sorted(accepted, key=str),
        )


@pytest.fixture(params=[keys.FEW, 0], ids=["plain", "compiled"])
def way(request, monkeypatch):
    monkeypatch.setattr(keys, "FEW", request.param)
    return request.param


FIXTURE_ONCE = {
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
}


def pieces(column, cut):
    """A column as a reader may give it: in pieces."""
    return [column[:cut], column[cut:cut], column[cut:]]


class TestKeys:
    @settings(max_examples=60, **FIXTURE_ONCE)
    @given(
        values=st.lists(st.integers(-(2**63), 2**63 - 1) | FEW, max_size=60),
        among=st.sets(st.integers(-(2**63), 2**63 - 1) | FEW, max_size=40),
        bits=st.integers(0, 5),
        cut=st.integers(0, 60),
    )
    def test_match_as_a_dictionary_says(self, way, values, among, bits, cut):
        held = keys.bucketed([np.array(sorted(among), dtype=np.int64)], bits=bits)
        asked = np.array(values, dtype=np.int64)
        mine = keys.bucketed(pieces(asked, cut), bits=bits)
        place = {value: i for i, value in enumerate(held.keys.tolist())}

        found = keys.matched_in(mine, held.keys, held.begins)

        assert sorted(mine.row.tolist()) == list(range(len(values)))
        assert asked[mine.row].tolist() == mine.keys.tolist()
        assert found.tolist() == [place.get(v, -1) for v in mine.keys.tolist()]
        assert keys.matched(asked, held.keys).tolist() == [place.get(v, -1) for v in values]
        assert keys.seen_before(asked, held.keys).tolist() == [v in among for v in values]
        rows = np.arange(len(values))[::2]
        assert mine.row[keys.places_in(mine, rows, asked[rows])].tolist() == rows.tolist()
        there = np.sort(held.keys[np.abs(held.keys.astype(float)) < 2**40])
        assert keys.places_of(asked, there).tolist() == [
            there.tolist().index(v) if v in there else -1 for v in values
        ]
        assert all(
            keys.bucket_of(int(v), bits=bits) == bucket
            for bucket in range(1 << bits)
            for v in held.keys[held.begins[bucket] : held.begins[bucket + 1]]
        )

    @settings(max_examples=60, **FIXTURE_ONCE)
    @given(
        values=st.lists(st.integers(-(2**62), 2**62) | FEW, max_size=60),
        bits=st.integers(0, 5),
        cut=st.integers(0, 60),
        data=st.data(),
    )
    def test_repeat_as_said_one_by_one(self, way, values, bits, cut, data):
        bad = np.array([data.draw(st.booleans()) for _ in values], dtype=np.bool_)
        asked = pieces(np.array(values, dtype=np.int64), cut)
        fine = [i for i in range(len(values)) if not bad[i]]
        expected = [i for n, i in enumerate(fine) if values[i] in [values[j] for j in fine[:n]]]

        assert keys.again(asked, bad=bad).tolist() == expected
        assert (
            keys.again(asked, bad=bad, buckets=keys.bucketed(asked, bits=bits)).tolist() == expected
        )

    @settings(max_examples=60, **FIXTURE_ONCE)
    @given(
        rows=st.lists(
            st.tuples(
                FEW, st.integers(1, 2), st.integers(1, 2), st.sampled_from([0, 1, 5]), st.booleans()
            ),
            min_size=1,
            max_size=20,
        )
    )
    def test_gather_tubes_as_said_tube_by_tube(self, way, rows):
        columns = [np.array(column) for column in zip(*rows, strict=True)]
        cut = len(rows) // 3
        tube, site, street, mode = (pieces(column, cut) for column in columns[:4])

        found = keys.tubes_of(tube, site=site, street=street, mode=mode, bad=columns[4])
        at_once = keys.tubes_of(tube, site=site, street=street, mode=mode)
        less = keys.without(at_once, np.flatnonzero(columns[4]), (tube, site, street, mode))

        assert found.tube.tolist() == sorted({row[0] for row in rows})
        assert found.by_row(found.tube).tolist() == [row[0] for row in rows]
        for at, mine in enumerate(found.tube.tolist()):
            fine = [r for r in rows if r[0] == mine and not r[4]]
            for told in (found, less):
                assert told.people[at] == len(fine)
                assert bool(told.differs[at]) == (len({(r[1], r[2]) for r in fine}) > 1)
                assert told.mode[at] == max((r[3] for r in fine), default=0)
                if fine:
                    assert (told.site[at], told.street[at]) == fine[0][1:3]

    @settings(max_examples=40, **FIXTURE_ONCE)
    @given(
        people=st.lists(
            st.tuples(st.integers(0, 2), st.booleans(), st.integers(-1, 3)), max_size=30
        )
    )
    def test_count_codes_as_one_by_one(self, way, people):
        codes = np.array([0, 1, 1, 2], dtype=np.uint8)
        street = np.array([p[0] for p in people], dtype=np.int16)
        exempt = np.array([p[1] for p in people], dtype=np.uint8)
        tube = np.array([p[2] for p in people], dtype=np.int32)

        counts = keys.count_codes(street, exempt, tube, codes, streets=3, codes=4)

        expected = np.zeros((3, 2, 4), dtype=np.int64)
        for where, spared, mine in people:
            expected[where, int(spared), codes[mine] if mine >= 0 else 3] += 1
        assert counts.tolist() == expected.tolist()


class TestLake:
    def test_copied_is_whole_and_a_file_cut_short_is_named(self, tmp_path):
        home = Lake(folder=tmp_path / "screening")
        frame = pl.DataFrame(
            {"person": [1, 2], "street": [STREETS[0], STREETS[2]], "exempt": [0, 1]}
        )
        parts = put_frame(
            home, frame, batch="b", round="r", kind="roster", city_of_street={s: s // 100_000 for s in STREETS},
            day=TENTH.date(),
        )  # fmt: skip
        named = [NamedFile(path=part.path, rows=part.rows) for part in parts]
        other = Lake(folder=tmp_path / "other")

        assert home.copy_files(named, other.folder) == 2
        assert other.faults(named) == ()
        first, second = (other.folder / part.path for part in parts)
        first.write_bytes(first.read_bytes()[:-20])
        second.unlink()
        cut, gone = other.faults([named[0], NamedFile(path=parts[1].path, rows=7)])
        assert (cut.path, cut.rows) == (parts[0].path, 1)
        assert cut.what.startswith("cannot be read (")
        assert str(tmp_path) not in cut.what
        assert (gone.path, gone.what, gone.rows) == (parts[1].path, "is not there", 7)

    def test_of_an_older_version_whose_pages_were_damaged_is_told_so(self, tmp_path):
        home = Lake(folder=tmp_path / "screening")
        frame = pl.DataFrame(
            {
                "person": np.random.default_rng(1).permutation(5000),
                "street": [STREETS[0]] * 5000,
                "exempt": [0] * 5000,
            }
        )
        file = home.folder / "lake" / "older.parquet"
        file.parent.mkdir(parents=True)
        frame.write_parquet(file, compression="zstd", compression_level=1)
        whole = bytearray(file.read_bytes())
        whole[200:4000] = bytes(3800)
        file.write_bytes(whole)

        (fault,) = home.faults([NamedFile(path="lake/older.parquet", rows=5000)])

        assert fault.path == "lake/older.parquet"
        assert fault.what.startswith("cannot be read (")

    def test_whose_values_were_changed_is_told_so_by_its_content_hash(self, tmp_path):
        home = Lake(folder=tmp_path / "screening")
        person = np.random.default_rng(1).integers(1 << 40, 1 << 60, size=500)
        frame = pl.DataFrame({"person": person, "street": [STREETS[0]] * 500, "exempt": [0] * 500})
        (part,) = put_frame(
            home, frame, batch="b", round="r", kind="roster", city_of_street={s: s // 100_000 for s in STREETS},
            day=TENTH.date(),
        )  # fmt: skip
        named = [NamedFile(path=part.path, rows=500, sha256=part.sha256)]
        file = home.folder / part.path
        assert home.faults(named) == ()
        home.check(named)
        whole = bytearray(file.read_bytes())
        at = whole.find(int(person[7]).to_bytes(8, "little"))
        whole[at] ^= 1
        file.write_bytes(whole)

        (fault,) = home.faults(named)

        assert home.read([part.path], ["person"])["person"][7] == person[7] ^ 1
        assert fault.what == "is not as it was written (its content hash is another)"
        with pytest.raises(DamagedLake, match="500 rows are on record"):
            home.check(named)

    def test_writes_nothing_into_a_city_that_is_not_there(self, tmp_path):
        home = Lake(folder=tmp_path / "screening")
        frame = pl.DataFrame({"person": [1], "street": [7], "exempt": [0]})

        with pytest.raises(ValueError, match="street 7 lies in no city"):
            put_frame(
                home,
                frame,
                batch="b",
                round="r",
                kind="roster",
                city_of_street={1: 1},
                day=TENTH.date(),
            )
