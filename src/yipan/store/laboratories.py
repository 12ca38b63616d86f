"""Named queries about specimens on their way and about laboratories, on the views a round's parts make (`store.lake`)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from yipan.store.lake import Row

if TYPE_CHECKING:
    import duckdb

CONSIGNMENT_COLUMNS = {
    "tube": "bigint", "street": "bigint", "consignment": "varchar", "laboratory": "varchar", "courier": "varchar",
    "seal": "varchar", "temperature_c": "double", "picked_at": "timestamp",
}  # fmt: skip
RECEIPT_COLUMNS = {
    "tube": "bigint", "street": "bigint", "laboratory": "varchar", "consignment": "varchar", "accession": "varchar",
    "condition": "varchar", "received_at": "timestamp",
}  # fmt: skip
WELL_COLUMNS = {
    "street": "bigint", "spot": "bigint", "laboratory": "varchar", "plate": "varchar", "well": "varchar",
    "content": "varchar", "tube": "bigint", "instrument": "varchar", "kit": "varchar", "ct_orf": "double",
    "ct_n": "double", "ct_control": "double", "started_at": "timestamp", "ended_at": "timestamp",
}  # fmt: skip
LEGS = ("to_pick_up", "on_the_way", "to_load", "running", "to_publish", "whole")
"""From the last swab to pick-up, receipt, loading, call and publication; `whole` is from the first to the last of these."""


def tube_table(engine: "duckdb.DuckDBPyConnection") -> None:
    """Make the table `known_tube` of the views `samples` and `reswabs`: tube, street, and when its last swab was taken."""
    engine.execute(
        "create or replace temp table known_tube as select tube, min(street) as street, max(sampled_at) as swabbed, "
        "count(*) as people from (select tube, street, sampled_at from samples union all "
        "select tube, street, sampled_at from reswabs) group by tube"
    )


def also_tubes(engine: "duckdb.DuckDBPyConnection", pairs: Sequence[tuple[int, int]]) -> None:
    """Add the duplicates of split tubes to `known_tube`, each as its own tube; `pairs` are (tube, duplicate)."""
    if pairs:
        engine.execute(
            "insert into known_tube select d.duplicate, k.street, k.swabbed, 0 from (select unnest($1::bigint[]) as tube, "
            "unnest($2::bigint[]) as duplicate) d join known_tube k using (tube)",
            [[tube for tube, _ in pairs], [duplicate for _, duplicate in pairs]],
        )


def keep_tubes(engine: "duckdb.DuckDBPyConnection", *, streets: Sequence[int]) -> None:
    """Leave the tubes of these streets in `known_tube`, and make the table `other_tube` of the others."""
    engine.execute(
        "create or replace temp table other_tube as select tube from known_tube "
        "where street not in (select unnest($1::bigint[]))",
        [list(streets)],
    )
    engine.execute("delete from known_tube where tube in (select tube from other_tube)")


def moments(engine: "duckdb.DuckDBPyConnection") -> None:
    """Make the table `moment`: of every tube the laboratory as far as known, and the instant of each step; null unknown."""
    engine.execute(
        "create or replace temp table moment as select k.tube, k.street, "
        "coalesce(l.laboratory, r.laboratory, c.laboratory, '') as laboratory, k.swabbed, c.picked_at as picked, "
        "coalesce(l.received_at, r.received_at) as received, l.loaded_at as loaded, l.called_at as called, "
        "l.published_at as published from known_tube k left join consignments c using (tube) "
        "left join receipts r using (tube) left join latest l using (tube)"
    )


_ENDS = {
    "to_pick_up": ("swabbed", "picked"), "on_the_way": ("picked", "received"), "to_load": ("received", "loaded"),
    "running": ("loaded", "called"), "to_publish": ("called", "published"), "whole": ("swabbed", "published"),
}  # fmt: skip
_ORDER = ("swabbed", "picked", "received", "loaded", "called", "published")


def legs(engine: "duckdb.DuckDBPyConnection", *, at: datetime) -> list[Row]:
    """
    Ask how long each leg takes at each laboratory, from the table `moment`.

    Columns: laboratory, leg, finished, their hours at 50, 90 and 99 %, open, the oldest open in hours, and how many
    took or wait more than 6, 12 and 24 hours. A leg is open for a tube that has its beginning and no later moment.
    """
    now = f"timestamp '{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}'"
    rows: list[Row] = []
    for leg in LEGS:
        begin, end = _ENDS[leg]
        later = _ORDER[_ORDER.index(begin) + 1 :] if leg != "whole" else ("published",)
        still = " and ".join(f"{name} is null" for name in later)
        rows += engine.execute(
            "with t as (select laboratory, epoch("
            f"{end} - {begin}) / 3600.0 as took, case when {still} then epoch({now} - {begin}) / 3600.0 end as age "
            f"from moment where {begin} is not null) select laboratory, '{leg}', count(took), "
            "quantile_cont(took, [0.5, 0.9, 0.99]), count(age), max(age), "
            "count(*) filter (coalesce(took, age) > 6), count(*) filter (coalesce(took, age) > 12), "
            "count(*) filter (coalesce(took, age) > 24) from t where took is not null or age is not null "
            "group by laboratory order by laboratory"
        ).fetchall()
    return rows


def consignments(engine: "duckdb.DuckDBPyConnection") -> list[Row]:
    """
    Ask for the consignments: id, laboratory, courier, picked, tubes, received, refused, and the streets they came from.

    A tube counts as received by its receipt or, where a laboratory sends none, by its result.
    """
    return engine.execute(
        "select c.consignment, min(c.laboratory), min(c.courier), min(c.picked_at), count(*), "
        "count(*) filter (r.tube is not null or l.tube is not null), "
        "count(*) filter (r.condition <> 'accepted'), count(distinct c.street), min(c.street), max(c.temperature_c) "
        "from consignments c left join receipts r using (tube) left join latest l using (tube) "
        "group by c.consignment order by min(c.picked_at), c.consignment"
    ).fetchall()


def balances(engine: "duckdb.DuckDBPyConnection") -> list[Row]:
    """
    Ask for what must be equal at each laboratory: tubes sent there, received in order, refused, sample wells, controls, results.

    Results of tubes run more than once count once; so do wells of one tube.
    """
    return engine.execute(
        "with sent as (select laboratory, count(*) as n from consignments group by laboratory), "
        "got as (select laboratory, count(*) filter (condition = 'accepted') as n, "
        "count(*) filter (condition <> 'accepted') as refused from receipts group by laboratory), "
        "run as (select laboratory, count(distinct tube) filter (content = 'sample') as n, "
        "count(*) filter (content <> 'sample') as controls, count(distinct plate) as plates from wells group by laboratory), "
        "told as (select laboratory, count(*) as n from latest where result <> 'cancelled' group by laboratory), "
        "bare as (select l.laboratory, count(*) as n from latest l left join wells w on l.tube = w.tube "
        "and l.laboratory = w.laboratory where w.tube is null and l.result <> 'cancelled' group by l.laboratory) "
        "select laboratory, coalesce(sent.n, 0), coalesce(got.n, 0), coalesce(got.refused, 0), coalesce(run.n, 0), "
        "coalesce(run.controls, 0), coalesce(run.plates, 0), coalesce(told.n, 0), coalesce(bare.n, 0) "
        "from (select laboratory from sent union select laboratory from got union select laboratory from run "
        "union select laboratory from told) a left join sent using (laboratory) left join got using (laboratory) "
        "left join run using (laboratory) left join told using (laboratory) left join bare using (laboratory) "
        "order by laboratory"
    ).fetchall()


def control_wells(engine: "duckdb.DuckDBPyConnection") -> list[Row]:
    """Ask for every control well in order of run: laboratory, instrument, kit, plate, content, the three Ct, ended."""
    return engine.execute(
        "select laboratory, instrument, kit, plate, content, ct_orf, ct_n, ct_control, ended_at from wells "
        "where content <> 'sample' order by laboratory, instrument, kit, ended_at, plate, well"
    ).fetchall()


def plate_wells(engine: "duckdb.DuckDBPyConnection") -> list[Row]:
    """Ask for the plates that were run: laboratory, plate, instrument, kit, sample wells, begun, ended."""
    return engine.execute(
        "select laboratory, plate, min(instrument), min(kit), count(*) filter (content = 'sample'), min(started_at), "
        "max(ended_at) from wells group by laboratory, plate order by laboratory, plate"
    ).fetchall()


def wells_of(engine: "duckdb.DuckDBPyConnection", *, laboratory: str, plate: str) -> list[Row]:
    """
    Ask for the wells of one plate: well, content, tube, the three Ct, instrument, kit, begun, ended, result of the tube.

    In the order of rows and columns of the plate (A2 before A10).
    """
    return engine.execute(
        "select w.well, w.content, w.tube, w.ct_orf, w.ct_n, w.ct_control, w.instrument, w.kit, w.started_at, w.ended_at, "
        "l.result from (select * from wells where laboratory = $1 and plate = $2) w "
        "left join (select tube, result from latest where tube in (select tube from wells where laboratory = $1 and plate = $2)) l "
        "using (tube) order by w.well[1:1], try_cast(w.well[2:] as integer), w.well",
        [laboratory, plate],
    ).fetchall()


def bare_samples(engine: "duckdb.DuckDBPyConnection", *, below: dict[str, float], otherwise: float) -> list[Row]:  # fmt: skip
    """
    Ask how many sample wells of a plate have no valid internal control and yet a result that is not invalid.

    `below` gives by kit under which Ct the internal control must lie, `otherwise` for any other. Columns:
    laboratory, plate, wells without it, of these with a negative or positive result.
    """
    engine.execute("create or replace temp table kit_limit (kit varchar, below double)")
    if below:
        engine.executemany("insert into kit_limit values (?, ?)", list(below.items()))
    return engine.execute(
        "select w.laboratory, w.plate, count(*), count(*) filter (l.result in ('negative', 'positive', 'weak')) "
        "from wells w left join kit_limit k using (kit) left join latest l on w.tube = l.tube and l.laboratory = w.laboratory "
        "where w.content = 'sample' and (w.ct_control is null or w.ct_control >= coalesce(k.below, $1)) "
        "group by w.laboratory, w.plate order by w.laboratory, w.plate",
        [otherwise],
    ).fetchall()


def paired_results(
    engine: "duckdb.DuckDBPyConnection", pairs: Sequence[tuple[int, int]]
) -> list[Row]:
    """
    Ask what the two tubes of each pair showed: tube, duplicate, and of each laboratory, result, Ct of ORF1ab and N.

    Null while a result is not known.
    """
    if not pairs:
        return []
    engine.execute(
        "create or replace temp table pair as select unnest($1::bigint[]) as tube, unnest($2::bigint[]) as duplicate",
        [[tube for tube, _ in pairs], [duplicate for _, duplicate in pairs]],
    )
    return engine.execute(
        "select p.tube, p.duplicate, a.laboratory, a.result, a.ct_orf, a.ct_n, b.laboratory, b.result, b.ct_orf, b.ct_n "
        "from pair p left join latest a on p.tube = a.tube left join latest b on p.duplicate = b.tube order by p.tube, p.duplicate"
    ).fetchall()


def flow(engine: "duckdb.DuckDBPyConnection") -> list[Row]:
    """
    Ask by laboratory from the table `moment`: tubes waiting inside, on the way, results out, first and last published.

    Columns: laboratory, received and not published, picked and not received, published, the first and last of those.
    """
    return engine.execute(
        "select laboratory, count(*) filter (received is not null and published is null), "
        "count(*) filter (picked is not null and received is null and published is null), "
        "count(published), min(published), max(published) "
        "from moment group by laboratory order by laboratory"
    ).fetchall()


def busiest_hours(engine: "duckdb.DuckDBPyConnection") -> list[Row]:
    """Ask for the most results any laboratory published in an hour by the clock: laboratory, hour, results."""
    return engine.execute(
        "select laboratory, arg_max(hour, n), max(n) from (select laboratory, date_trunc('hour', published) as hour, "
        "count(*) as n from moment where published is not null group by all) group by laboratory order by laboratory"
    ).fetchall()


def street_pools(engine: "duckdb.DuckDBPyConnection") -> list[Row]:
    """Ask for the pools with a valid result by street and people in them: street, people, pools, positive ones."""
    return engine.execute(
        "select street, people, count(*), count(*) filter (result in ('positive', 'weak')) from "
        "(select s.tube, min(s.street) as street, count(*) as people, any_value(l.result) as result "
        "from samples s join latest l using (tube) where l.result in ('negative', 'positive', 'weak') group by s.tube) "
        "group by street, people order by street, people"
    ).fetchall()


def receipts(engine: "duckdb.DuckDBPyConnection") -> list[Row]:
    """Ask when each tube was received: tube, instant."""
    return engine.execute("select tube, received_at from receipts").fetchall()


def boxed_with_others(engine: "duckdb.DuckDBPyConnection") -> set[int]:
    """Ask which tubes travelled in a box with others."""
    rows = engine.execute(
        "select tube from consignments qualify count(*) over (partition by consignment) > 1"
    ).fetchall()
    return {int(tube) for (tube,) in rows}


def following_tubes(engine: "duckdb.DuckDBPyConnection", pairs: Sequence[tuple[int, int]]) -> list[Row]:  # fmt: skip
    """
    Ask for the tubes that follow from others: tube, people, last swab, the tube it follows from.

    Those of single swabs of people held follow from the tube each was in; duplicates of split tubes (`pairs`) from the
    original.
    """
    rows = engine.execute(
        "select r.tube, count(distinct r.person), max(r.sampled_at), any_value(s.tube) from reswabs r "
        "left join (select person, tube from samples where person in (select person from reswabs)) s using (person) "
        "group by r.tube order by r.tube"
    ).fetchall()
    if not pairs:
        return rows
    split = engine.execute(
        "select d.duplicate, count(distinct s.person), max(s.sampled_at), d.tube from "
        "(select unnest($1::bigint[]) as tube, unnest($2::bigint[]) as duplicate) d join "
        "(select tube, person, sampled_at from samples union all select tube, person, sampled_at from reswabs) s using (tube) "
        "group by d.duplicate, d.tube order by d.duplicate",
        [[tube for tube, _ in pairs], [duplicate for _, duplicate in pairs]],
    ).fetchall()
    return rows + split
