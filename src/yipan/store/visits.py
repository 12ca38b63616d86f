"""Named queries about visits, on the views a round's parts make (`store.lake`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from yipan.store.cluster import LEAST_OVERLAP_SECONDS
from yipan.store.lake import Row

if TYPE_CHECKING:
    import duckdb

VISIT_COLUMNS = {
    "person": "bigint", "street": "bigint", "place": "bigint", "purpose": "varchar", "since": "bigint",
    "until": "bigint", "spot": "bigint",
}  # fmt: skip
"""Seconds since 1970; `until` is null where only the arrival is known."""


def sought_care(
    engine: "duckdb.DuckDBPyConnection", *, purposes: Sequence[str], since: datetime
) -> list[Row]:
    """
    Ask who sought care since a moment and has no valid result: person, street, purpose, arrived, why, when swabbed.

    The newest such visit of each person counts, of one moment the more pressing purpose (`purposes` are in that
    order). The street is that of the roster, of the visit for people who are not on it; the arrival is told in
    seconds since 1970.
    """
    return engine.execute(
        "with mine as (select person, street, purpose, since from visits where since >= $1 and list_contains($2, purpose) "
        "qualify row_number() over (partition by person order by since desc, list_position($2, purpose)) = 1) "
        "select m.person, coalesce(r.street, m.street), m.purpose, m.since, case when s.person is null then 'not_seen' "
        "when l.result is null then 'pending' else l.result end, s.sampled_at from mine m "
        "left join (select person, street from roster where person in (select person from mine)) r on m.person = r.person "
        "left join (select * from samples where person in (select person from mine)) s on m.person = s.person "
        "left join (select tube, result from latest) l on s.tube = l.tube "
        "where l.result is null or l.result in ('invalid', 'cancelled') order by m.person",
        [int(since.timestamp()), list(purposes)],
    ).fetchall()


def met(engine: "duckdb.DuckDBPyConnection") -> list[Row]:
    """
    Ask who was at a place of somebody found, for ten minutes of their visit: person, street, case, place, since, until.

    Found is who is positive by the newest single swab, or alone in a positive tube. `street` is where the place lies.
    Visits without a leaving time meet nobody: how many they are `open_visits` tells.
    """
    _found(engine)
    return engine.execute(
        "with cases as (select person as found, place, since as begun, until as ended from visits "
        "where until is not null and person in (select person from found_person)) "
        "select v.person, v.street, c.found, v.place, greatest(v.since, c.begun), least(v.until, c.ended) "
        "from visits v join cases c using (place) where v.until is not null and v.person <> c.found "
        f"and least(v.until, c.ended) - greatest(v.since, c.begun) >= {LEAST_OVERLAP_SECONDS} order by all"
    ).fetchall()


def open_visits(engine: "duckdb.DuckDBPyConnection") -> tuple[int, int]:
    """Ask how many visits there are, and of these how many have no leaving time."""
    rows = engine.execute("select count(*), count(*) filter (until is null) from visits").fetchall()
    return int(rows[0][0]), int(rows[0][1])


def _found(engine: "duckdb.DuckDBPyConnection") -> None:
    """Make the table `found_person` of the view `latest` and the table `single`."""
    engine.execute(
        "create or replace temp table found_person as select person from single where result = 'positive' union "
        "select any_value(person) from samples where tube in (select tube from latest where result = 'positive') "
        "group by tube having count(*) = 1 and any_value(person) not in (select person from single)"
    )
