"""The queries for a cluster: the answers of the plain ones, on DuckDB always and on Spark where it is installed."""

import dataclasses
import importlib.util
import json
import shutil
import sys
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from swabs import put_frame
from yipan.store import cluster, lake, spark_job
from yipan.store import visits as been

OPENED = datetime(2022, 11, 10, tzinfo=UTC).replace(tzinfo=None)
STREETS = (440103001, 440103002, 440304001)
CITY_OF = {street: street // 100_000 for street in STREETS}
ACTS = {"b1": 4, "b2": 5, "b3": 6, "b4": 7, "b5": 9, "b6": 8}
WORDS = ("negative", "positive", "weak", "invalid", "cancelled")


def made_up(rng):
    """A round with everything in it: visitors, exempt people, tubes without a result, corrections, single swabs."""
    person = np.arange(1, 301)
    street = np.array(STREETS)[person % 3]
    swabbed = rng.permutation(person)[:240]
    tube = rng.integers(1, 60, size=260)
    who = np.concatenate((swabbed, np.arange(900, 920)))
    of_tube = np.array(STREETS)[tube % 3]
    roster = pl.DataFrame(
        {"person": person, "street": street, "exempt": (person % 17 == 0).astype(np.int64)}
    )
    swabs = pl.DataFrame({
        "sample": np.arange(260), "tube": tube, "person": who, "street": of_tube, "site": tube, "mode": tube * 0,
        "sampled_at": [OPENED + timedelta(minutes=int(m)) for m in rng.integers(0, 600, size=260)],
    })  # fmt: skip
    reswabs = pl.DataFrame({
        "sample": np.arange(1000, 1060), "tube": np.arange(2000, 2060), "person": rng.choice(swabbed, 60),
        "street": np.array(STREETS)[np.arange(60) % 3], "site": np.arange(60), "mode": np.ones(60, np.int64),
        "sampled_at": [OPENED + timedelta(days=1, minutes=int(m)) for m in rng.integers(0, 9, size=60)],
    })  # fmt: skip

    def told(tubes):
        tubes = np.asarray(tubes)
        word = np.array(WORDS)[rng.integers(0, len(WORDS), size=tubes.size)]
        at = [OPENED + timedelta(days=2)] * tubes.size
        return pl.DataFrame({
            "tube": tubes, "street": np.array(STREETS)[tubes % 3], "laboratory": [f"lab-{t % 2}" for t in tubes],
            "result": word, "plate": ["p" if t % 5 else None for t in tubes], "well": [None] * tubes.size,
            "ct_orf": [30.0 + t % 9 if t % 4 else None for t in tubes], "ct_n": [None] * tubes.size,
            "ct_control": [None] * tubes.size, "received_at": at, "loaded_at": at, "called_at": at, "published_at": at,
        }, schema_overrides={"well": pl.String, "ct_n": pl.Float64, "ct_control": pl.Float64})  # fmt: skip

    first = told([t for t in np.unique(tube) if t % 7])
    again, singles = told(range(8, 20)), told(range(2000, 2050))
    return {
        "b1": ("roster", roster), "b2": ("samples", swabs), "b3": ("results", first),
        "b4": ("reswabs", reswabs), "b5": ("results", again), "b6": ("results", singles),
    }  # fmt: skip


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """A lake with such a round, visits beside it, and the files of each view."""
    home = lake.Lake(folder=tmp_path_factory.mktemp("lake"), memory_mb=300, threads=1)
    rng = np.random.default_rng(8)
    files: dict[str, list[cluster.ClusterFile]] = {}
    for batch, (kind, frame) in made_up(rng).items():
        for part in put_frame(
            home, frame, batch=batch, round="r", kind=kind, city_of_street=CITY_OF, day=date(2022, 11, 10)
        ):  # fmt: skip
            files.setdefault(kind, []).append(cluster.ClusterFile(path=part.path, act=ACTS[batch]))
    for name, number in (("visits", 400), ("case_visits", 30)):
        since = rng.integers(0, 20_000, size=number)
        ends = since + rng.integers(60, 4000, size=number)
        pl.DataFrame({
            "person": rng.integers(1, 90, size=number), "place": rng.integers(1, 8, size=number), "since": since,
            "until": [end if end % 9 else None for end in ends.tolist()], "street": [STREETS[0]] * number,
            "purpose": ["other"] * number, "spot": np.arange(number),
        }).write_parquet(home.folder / f"{name}.parquet")  # fmt: skip
        files[name] = [cluster.ClusterFile(path=f"{name}.parquet", act=1)]
    return home, files


@pytest.fixture(scope="module")
def on_duckdb(held):
    home, files = held
    with home.engine() as engine:
        for view, columns in cluster.COLUMNS.items():
            acts = ", ".join(f"('{file.path}', {file.act})" for file in files[view])
            paths = ", ".join(f"'{home.folder / file.path}'" for file in files[view])
            engine.execute(
                f"create view {view} as select {', '.join(columns)} from read_parquet([{paths}], filename=true, "
                f"hive_partitioning=false) p join (values {acts}) v(path, act) on ends_with(p.filename, v.path)"
            )
        return {
            name: engine.execute(cluster.sql(name, engine="duckdb")).fetchall()
            for name in cluster.QUERIES
        }


@pytest.fixture(scope="module")
def plain(held):
    """What the plain queries of the lake say."""
    home, files = held
    kinds = {
        "roster": lake.ROSTER_COLUMNS,
        "samples": lake.SAMPLE_COLUMNS,
        "results": lake.RESULT_COLUMNS,
        "reswabs": lake.SAMPLE_COLUMNS,
        "visits": been.VISIT_COLUMNS,
    }
    with home.engine() as engine:
        for kind, columns in kinds.items():
            home.view(engine, kind, [file.path for file in files[kind]], columns=columns)
        lake.latest_results(engine, {b: ACTS[b] for b in ("b3", "b5", "b6")})
        lake.single_results(engine)
        people = dict(engine.execute("select tube, count(*) from samples group by tube").fetchall())
        return {
            "coverage": sorted(lake.coverage(engine)),
            "held": [(*row[:4], people[row[0]]) for row in lake.held(engine) if row[0] in people],
            "waiting_tubes": lake.waiting_tubes(engine),
            "laboratory_counts": lake.laboratory_counts(engine),
            "met": sorted(
                (person, case, place, since, until)
                for person, _, case, place, since, until in been.met(engine)
            ),
        }


class TestOnDuckdb:
    @pytest.mark.parametrize(
        "name", ["coverage", "held", "waiting_tubes", "laboratory_counts", "met"]
    )
    def test_answers_as_the_query_of_the_lake(self, on_duckdb, plain, name):
        assert plain[name]
        assert on_duckdb[name] == plain[name]

    def test_finds_every_overlap_of_ten_minutes(self, held, on_duckdb):
        home, _ = held
        visits, cases = (
            pl.read_parquet(home.folder / f"{n}.parquet").rows() for n in ("visits", "case_visits")
        )
        expected = [
            (person, case, place, max(since, begins), min(until, ends))
            for person, place, since, until, *_ in visits
            for case, where, begins, ends, *_ in cases
            if until
            and ends
            and where == place
            and person != case
            and min(until, ends) - max(since, begins) >= 600
        ]

        assert len(expected) > 20
        assert on_duckdb["overlaps"] == sorted(expected)

    def test_says_what_is_lacking(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "ibis", None)

        with pytest.raises(ValueError, match="the words of pyspark need the extra `cluster`"):
            cluster.sql("held", engine="pyspark")

    def test_knows_no_other_query(self):
        with pytest.raises(ValueError, match="no query gaps for a cluster; there are coverage"):
            cluster.sql("gaps", engine="duckdb")


@pytest.fixture(scope="module")
def spark():
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]").appName("test").config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1").config("spark.sql.shuffle.partitions", "2").getOrCreate()
    )  # fmt: skip
    yield session
    session.stop()


LACKS = [
    what
    for what, there in (
        ("PySpark (the extra `cluster`)", importlib.util.find_spec("pyspark")),
        ("Java", shutil.which("java")),
    )
    if not there
]


@pytest.mark.spark
@pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::ResourceWarning", "ignore::DeprecationWarning"
)
@pytest.mark.skipif(bool(LACKS), reason=f"{' and '.join(LACKS)} not installed: see `make spark`")
class TestOnSpark:
    def test_answers_as_on_duckdb(self, held, on_duckdb, spark, tmp_path):
        home, files = held
        told = dataclasses.asdict(cluster.spark_job("r", files, list(cluster.QUERIES)))
        job = json.loads(json.dumps(told))

        spark_job.run(spark, job, str(home.folder), str(tmp_path))

        for name, rows in on_duckdb.items():
            answer = pl.read_parquet(tmp_path / name / "*.parquet")
            assert sorted(map(tuple, answer.rows())) == sorted(rows), name
