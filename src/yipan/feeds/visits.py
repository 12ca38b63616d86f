"""
Bulk files of visits: who was at which place from when until when, as codes at doors and clinics' registers tell.

They are judged as the other bulk files of a round are: every row read is accepted or put aside with one reason.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from . import samples
from .samples import INSTANT, TEXT, WHOLE, BulkColumn, BulkReading, number_of

if TYPE_CHECKING:
    import duckdb

VISITS = (
    BulkColumn(name="person", kind=WHOLE, aliases=("person_token", "token", "人员")),
    BulkColumn(
        name="street", kind=WHOLE, aliases=("street_code", "town", "街道", "乡镇", "街道代码")
    ),
    BulkColumn(name="place", kind=WHOLE, aliases=("place_id", "venue", "场所", "场所编号")),
    BulkColumn(name="purpose", kind=TEXT, needed=False, aliases=("reason", "事由", "就诊类型")),
    BulkColumn(
        name="arrived_at", kind=INSTANT, aliases=("arrived", "scanned_at", "到达时间", "扫码时间")
    ),
    BulkColumn(name="left_at", kind=INSTANT, needed=False, aliases=("left", "离开时间")),
)
OTHER = "other"
PURPOSES = {
    "emergency": ("急诊",), "fever_clinic": ("fever", "发热门诊", "发热"), "outpatient": ("clinic", "门诊", "就诊"),
    "pharmacy": ("药店", "购药"), OTHER: ("venue", "场所", "其他"),
}  # fmt: skip
"""What somebody came for and what others write for it; by the first three care was sought."""


def read_visits(
    engine: "duckdb.DuckDBPyConnection", path: Path, *, streets: Sequence[int], since: datetime, until: datetime,
    time_zone: str, already: str | None = None,
) -> BulkReading:  # fmt: skip
    """
    Judge a file of visits, a row for each: person, street of the place, place, purpose, arrived, left.

    Arrivals lie from `since` up to `until`. Who only scanned a code at the door has no leaving time: it stays unknown
    and is never made up. A purpose that is not told is `other`. Of a visit that stands twice the first row counts;
    `already` names a relation with the `spot` of every visit known. Instants are kept as seconds since 1970.
    Raises CannotRead as `samples.read_roster`.
    """
    samples.open_table(engine, path, VISITS, time_zone=time_zone)
    unknown = samples.unknown_streets(engine, streets)
    samples.word_table(engine, "purpose_word", PURPOSES)
    bounds = [int(moment.timestamp() * 1_000_000) for moment in (since, until)]
    engine.execute(
        f"create or replace temp view judged as select t.* exclude (purpose), coalesce(w.means, '{OTHER}') as purpose, "
        "epoch_us(arrived_at) // 1000000 as since, epoch_us(left_at) // 1000000 as until, "
        "(hash(person, place, arrived_at) >> 1)::bigint as spot, case "
        "when person is null or street is null or place is null or arrived_at is null "
        f"then {number_of(samples.UNREADABLE)} "
        f"when {unknown} then {number_of(samples.UNKNOWN_STREET)} "
        f"when t.purpose is not null and w.means is null then {number_of(samples.UNKNOWN_PURPOSE)} "
        f"when epoch_us(arrived_at) < {bounds[0]} or epoch_us(arrived_at) >= {bounds[1]} "
        f"or epoch_us(left_at) >= {bounds[1]} then {number_of(samples.IMPOSSIBLE_TIME)} "
        f"when left_at < arrived_at then {number_of(samples.VISIT_BACKWARDS)} else 0 end as row_reason "
        "from typed t left join purpose_word w on lower(trim(t.purpose)) = w.word"
    )
    return samples.settle(
        engine,
        columns=("person", "street", "place", "purpose", "since", "until", "spot"),
        later=samples.later_lines(engine, "spot", number_of(samples.VISIT_TWICE)),
        already=(already, "spot") if already else None,
    )
