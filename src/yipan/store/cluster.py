"""
The named queries a whole province may outgrow one machine for, written once for any engine.

Each is an Ibis expression over views with the columns of `store.lake`; Ibis turns it into the words of an engine. Only
equality joins, filters and windows are used: what every engine answers alike. `spark_job.py` runs them on a cluster.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Engine = Literal["duckdb", "pyspark"]
Views = Mapping[str, Any]
LEAST_OVERLAP_SECONDS = 600

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "roster": {"person": "int64", "street": "int64", "exempt": "int64"},
    "samples": {
        "sample": "int64", "tube": "int64", "person": "int64", "street": "int64", "site": "int64",
        "mode": "int64", "sampled_at": "timestamp(6)",
    },
    "reswabs": {
        "sample": "int64", "tube": "int64", "person": "int64", "street": "int64", "site": "int64",
        "mode": "int64", "sampled_at": "timestamp(6)",
    },
    "results": {
        "tube": "int64", "street": "int64", "laboratory": "string", "result": "string", "plate": "string",
        "ct_orf": "float64", "ct_n": "float64", "published_at": "timestamp(6)", "act": "int64",
    },
    "visits": {"person": "int64", "place": "int64", "since": "int64", "until": "int64"},
    "case_visits": {"person": "int64", "place": "int64", "since": "int64", "until": "int64"},
}  # fmt: skip
"""
The views the queries read. `act` numbers the act that brought the file of a result: the newest counts. Visits are
told in seconds since 1970, `until` null where only the arrival is known. `case_visits` is a view of your own.
"""
SPARK_TYPES = {
    "int64": "bigint", "float64": "double", "string": "string", "timestamp(6)": "timestamp_ntz",
}  # fmt: skip
HOT = ("positive", "weak")
VALID = ("negative", *HOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFile:
    """A file of the lake and the number of the act that brought it."""

    path: str
    act: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterJob:
    """
    What a cluster needs to answer about a round: the files of each view, its columns, and the queries in its words.

    `spark_job.py` runs it where it is written as JSON.
    """

    round: str
    files: Mapping[str, tuple[ClusterFile, ...]]
    columns: Mapping[str, Mapping[str, str]]
    queries: Mapping[str, str]


def spark_job(
    round: str, files: Mapping[str, Sequence[ClusterFile]], names: Sequence[str]
) -> ClusterJob:
    """Return the job that answers these queries on Spark over these files by view. Raises as `sql`."""
    return ClusterJob(
        round=round, files={view: tuple(told) for view, told in files.items()},
        columns={v: {c: SPARK_TYPES[kind] for c, kind in told.items()} for v, told in COLUMNS.items()},
        queries={name: sql(name, engine="pyspark") for name in names},
    )  # fmt: skip


def coverage(views: Views) -> Any:
    """
    Who of the roster was reached, by street: what `lake.coverage` answers.

    Columns: street, due, exempt, sampled, with a valid result, pending, held, to be swabbed again, single negative,
    single positive, visitors.
    """
    import ibis

    roster, samples = views["roster"], views["samples"]
    single = _single(views).select("person", alone=ibis._.result)
    swabs = samples.select("person", "tube").left_join(_told(views), "tube")
    reached = swabs.select("person", "result", seen=ibis.literal(1)).left_join(single, "person")
    reached = reached.select(
        "person", "seen",
        state=ibis.cases(
            (reached.result.isin(HOT) & reached.alone.isin(("negative", "positive")), "single_" + reached.alone),
            else_=reached.result,
        ),
    )  # fmt: skip
    people = roster.left_join(reached, "person")
    due, seen, state = people.exempt == 0, people.seen.notnull(), people.state
    single_states = ("single_negative", "single_positive")

    def count(told: Any) -> Any:
        return told.fill_null(False).cast("int64").sum()

    of_roster = people.group_by("street").agg(
        due=count(due), exempt=count(~due), sampled=count(due & seen),
        with_result=count(due & state.isin((*VALID, *single_states))),
        pending=count(due & seen & state.isnull()), held=count(due & state.isin(HOT)),
        again=count(due & state.isin(("invalid", "cancelled"))),
        single_negative=count(due & (state == "single_negative")),
        single_positive=count(due & (state == "single_positive")), visitors=ibis.literal(0, "int64"),
    )  # fmt: skip
    strange = samples.anti_join(roster, "person").group_by("street").agg(visitors=ibis._.count())
    numbers = [name for name in of_roster.columns if name != "street"]
    beside = strange.select(
        "street", **{n: ibis.literal(0, "int64") for n in numbers if n != "visitors"}, visitors=strange.visitors
    )  # fmt: skip
    both = of_roster.select("street", *numbers).union(beside.select("street", *numbers))
    return both.group_by("street").agg(**{n: both[n].sum() for n in numbers}).order_by("street")


def held(views: Views) -> Any:
    """The positive and weak tubes, with how many people are in each: tube, street, laboratory, result, people."""
    import ibis

    latest, samples = _latest(views), views["samples"]
    hot = latest.filter(latest.result.isin(HOT)).select("tube", "street", "laboratory", "result")
    people = samples.group_by("tube").agg(people=ibis._.count())
    return hot.inner_join(people, "tube").select(*hot.columns, "people").order_by("street", "tube")


def waiting_tubes(views: Views) -> Any:
    """The tubes without a result: tube, street, people in it, when its last swab was taken (`lake.waiting_tubes`)."""
    import ibis

    left = views["samples"].anti_join(_told(views), "tube")
    return (
        left.group_by("tube")
        .agg(street=left.street.min(), people=ibis._.count(), last=left.sampled_at.max())
        .order_by("last", "tube")
    )


def laboratory_counts(views: Views) -> Any:
    """By laboratory and street: tubes, positive ones, without a plate, positive with Ct over 35 (`lake.laboratory_counts`)."""
    import ibis

    latest = _latest(views)
    hot = latest.result.isin(HOT)
    faint = (latest.ct_orf > 35) | (latest.ct_n > 35)

    def count(told: Any) -> Any:
        return told.fill_null(False).cast("int64").sum()

    return (
        latest.group_by("laboratory", "street")
        .agg(
            tubes=ibis._.count(), positive=count(hot), bare=count(latest.plate.isnull()), faint=count(hot & faint)
        )
        .order_by("laboratory", "street")
    )  # fmt: skip


def overlaps(views: Views) -> Any:
    """
    Who was at a place of a case for ten minutes of its visit: person, case, place, since, until, each pair of visits.

    Visits without an end meet nobody.
    """
    import ibis

    told, cases = views["visits"], views["case_visits"]
    cases = cases.filter(cases.until.notnull())
    cases = cases.rename(case="person", case_since="since", case_until="until")
    both = told.filter(told.until.notnull()).inner_join(cases, "place")
    since: Any = ibis.greatest(both.since, both.case_since)
    until: Any = ibis.least(both.until, both.case_until)
    met = both.filter((until - since >= LEAST_OVERLAP_SECONDS) & (both.person != both.case))
    return met.select(
        "person", "case", "place", since=ibis.greatest(met.since, met.case_since),
        until=ibis.least(met.until, met.case_until),
    ).order_by("person", "case", "place", "since", "until")  # fmt: skip


def met(views: Views) -> Any:
    """Who was at a place of somebody found positive in the round, as `overlaps` tells it (`visits.met` of the lake)."""
    import ibis

    single, told, samples = _single(views), _told(views), views["samples"]
    alone = samples.group_by("tube").agg(people=ibis._.count(), person=ibis._.person.max())
    alone = alone.filter(alone.people == 1).inner_join(
        told.filter(told.result == "positive"), "tube"
    )
    alone = alone.select("person").anti_join(single, "person")
    found = single.filter(single.result == "positive").select("person").union(alone, distinct=True)
    return overlaps({**views, "case_visits": views["visits"].semi_join(found, "person")})


QUERIES: Mapping[str, Callable[[Views], Any]] = {
    "coverage": coverage, "held": held, "waiting_tubes": waiting_tubes, "laboratory_counts": laboratory_counts,
    "overlaps": overlaps, "met": met,
}  # fmt: skip


def sql(name: str, *, engine: Engine) -> str:
    """
    Return a query in the words of an engine, over views by the names of `COLUMNS`.

    Raises ValueError for a name that is no query here, and where Ibis, or for its words PySpark, is not installed.
    """
    if name not in QUERIES:
        raise ValueError(f"no query {name} for a cluster; there are {', '.join(QUERIES)}")
    try:
        import ibis

        getattr(ibis, engine)  # its options are there once it is loaded, and its words need them
    except ImportError as lacking:
        raise ValueError(
            f"the words of {engine} need the extra `cluster` of this package: {lacking}"
        ) from lacking
    views = {view: ibis.table(dict(columns), name=view) for view, columns in COLUMNS.items()}
    return str(ibis.to_sql(QUERIES[name](views), dialect=engine))


def _latest(views: Views) -> Any:
    """For each tube the result the newest act brought."""
    import ibis

    results = views["results"]
    nth = ibis.row_number().over(group_by=results.tube, order_by=results.act.desc())
    numbered = results.mutate(nth=nth)
    return numbered.filter(numbered.nth == 0).drop("nth")


def _told(views: Views) -> Any:
    return _latest(views).select("tube", "result")


def _single(views: Views) -> Any:
    """Of everybody swabbed singly while held, what the newest of these swabs shows."""
    import ibis

    swabs = views["reswabs"].select("person", "tube", "sample", "sampled_at")
    told = swabs.left_join(_told(views), "tube").select("person", "sample", "sampled_at", "result")
    nth = ibis.row_number().over(
        group_by=told.person, order_by=(told["sampled_at"].desc(), told["sample"].desc())
    )
    numbered = told.mutate(nth=nth)
    return numbered.filter(numbered.nth == 0).select("person", "result")
