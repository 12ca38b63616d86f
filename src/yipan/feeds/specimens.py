"""
Bulk files of specimens on their way (consignments, receipts) and of plates (wells, controls among them).

They are judged as the other bulk files of a round are: every row read is accepted or put aside with one reason.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from . import samples
from .samples import INSTANT, NUMBER, TEXT, WHOLE, BulkColumn, BulkReading, number_of

if TYPE_CHECKING:
    import duckdb

_TUBE = ("tube_code", "barcode", "试管", "管码", "试管码")
_LABORATORY = ("lab", "lab_id", "实验室", "检测机构")
CONSIGNMENTS = (
    BulkColumn(name="tube", kind=WHOLE, aliases=_TUBE),
    BulkColumn(name="consignment", kind=TEXT, aliases=("box", "box_id", "转运箱", "箱号")),
    BulkColumn(name="laboratory", kind=TEXT, aliases=_LABORATORY),
    BulkColumn(name="courier", kind=TEXT, aliases=("vehicle", "转运车", "转运单位")),
    BulkColumn(name="seal", kind=TEXT, needed=False, aliases=("封签",)),
    BulkColumn(name="temperature_c", kind=NUMBER, needed=False, aliases=("temperature", "温度")),
    BulkColumn(name="picked_at", kind=INSTANT, aliases=("picked", "取样时间", "转运时间")),
)
RECEIPTS = (
    BulkColumn(name="tube", kind=WHOLE, aliases=_TUBE),
    BulkColumn(name="laboratory", kind=TEXT, aliases=_LABORATORY),
    BulkColumn(
        name="consignment", kind=TEXT, needed=False, aliases=("box", "box_id", "转运箱", "箱号")
    ),
    BulkColumn(name="accession", kind=TEXT, needed=False, aliases=("接收号",)),
    BulkColumn(name="condition", kind=TEXT, aliases=("状态", "接收情况")),
    BulkColumn(name="received_at", kind=INSTANT, aliases=("received", "接收时间")),
)
WELLS = (
    BulkColumn(name="laboratory", kind=TEXT, aliases=_LABORATORY),
    BulkColumn(name="plate", kind=TEXT, aliases=("plate_id", "板号")),
    BulkColumn(name="well", kind=TEXT, aliases=("孔位",)),
    BulkColumn(name="content", kind=TEXT, aliases=("type", "孔内容", "类型")),
    BulkColumn(name="tube", kind=WHOLE, needed=False, aliases=_TUBE),
    BulkColumn(name="instrument", kind=TEXT, aliases=("仪器",)),
    BulkColumn(name="kit", kind=TEXT, aliases=("kit_lot", "lot", "试剂批号")),
    BulkColumn(name="ct_orf", kind=NUMBER, needed=False, aliases=("ct_orf1ab", "orf1ab")),
    BulkColumn(name="ct_n", kind=NUMBER, needed=False, aliases=("ct_ngene",)),
    BulkColumn(name="ct_control", kind=NUMBER, needed=False, aliases=("ct_ic",)),
    BulkColumn(name="started_at", kind=INSTANT, aliases=("started", "上机时间")),
    BulkColumn(name="ended_at", kind=INSTANT, aliases=("ended", "下机时间")),
)  # fmt: skip
CONDITIONS = {
    "accepted": ("ok", "1", "合格", "正常", "接收"), "leak": ("leaked", "渗漏", "破损"),
    "no_label": ("unlabelled", "标签脱落", "无标签"), "mismatch": ("count_mismatch", "数量不符", "信息不符"),
}  # fmt: skip
"""How a tube arrived and what others write for it; only an accepted one is run."""
SAMPLE = "sample"
CONTENTS = {
    SAMPLE: ("specimen", "样本", "标本"), "no_template": ("ntc", "无模板对照", "空白对照"),
    "positive_control": ("pc", "阳性对照", "阳性质控"), "negative_control": ("nc", "extraction_negative", "阴性对照", "阴性质控"),
    "extraction_positive": ("epc", "提取阳性", "提取质控"),
}  # fmt: skip
"""What a well holds and what others write for it: a tube's specimen, or one of the controls."""
MOST_CT = 60.0


def read_consignments(
    engine: "duckdb.DuckDBPyConnection", path: Path, *, tubes: str, until: datetime, time_zone: str,
    already: str | None = None,
) -> BulkReading:  # fmt: skip
    """
    Judge a file of consignments, a row for each tube in a box: which courier took it to which laboratory, and when.

    `tubes` names a relation of the engine with the tube, the street and the last swab of every tube of the round;
    nothing is picked before its last swab. Raises CannotRead as `samples.read_roster`.
    """
    samples.open_table(engine, path, CONSIGNMENTS, time_zone=time_zone)
    engine.execute(
        "create or replace temp view judged as select t.*, s.street, case "
        "when t.tube is null or consignment is null or laboratory is null or courier is null or picked_at is null "
        f"then {number_of(samples.UNREADABLE)} "
        f"when s.tube is null then {number_of(samples.UNKNOWN_TUBE)} "
        f"when picked_at < s.swabbed or epoch_us(picked_at) >= {_micros(until)} "
        f"then {number_of(samples.IMPOSSIBLE_TIME)} else 0 end as row_reason "
        f"from typed t left join {tubes} s on t.tube = s.tube"
    )
    return samples.settle(
        engine,
        columns=("tube", "street", *(c.name for c in CONSIGNMENTS if c.name != "tube")),
        later=samples.later_lines(engine, "tube", number_of(samples.TUBE_SENT_TWICE)),
        already=(already, "tube") if already else None,
    )


def read_receipts(
    engine: "duckdb.DuckDBPyConnection", path: Path, *, tubes: str, until: datetime, time_zone: str,
    already: str | None = None,
) -> BulkReading:  # fmt: skip
    """
    Judge a file of receipts, a row for each tube a laboratory took in: when, and in which condition.

    `tubes` as in `read_consignments`; nothing arrives before its last swab. Raises CannotRead.
    """
    samples.open_table(engine, path, RECEIPTS, time_zone=time_zone)
    samples.word_table(engine, "condition_word", CONDITIONS)
    engine.execute(
        "create or replace temp view judged as select t.* exclude (condition), w.means as condition, s.street, case "
        "when t.tube is null or laboratory is null or t.condition is null or received_at is null "
        f"then {number_of(samples.UNREADABLE)} "
        f"when w.means is null then {number_of(samples.UNKNOWN_CONDITION)} "
        f"when s.tube is null then {number_of(samples.UNKNOWN_TUBE)} "
        f"when received_at < s.swabbed or epoch_us(received_at) >= {_micros(until)} "
        f"then {number_of(samples.IMPOSSIBLE_TIME)} else 0 end as row_reason "
        "from typed t left join condition_word w on lower(trim(t.condition)) = w.word "
        f"left join {tubes} s on t.tube = s.tube"
    )
    return samples.settle(
        engine,
        columns=("tube", "street", *(c.name for c in RECEIPTS if c.name != "tube")),
        later=samples.later_lines(engine, "tube", number_of(samples.TUBE_RECEIVED_TWICE)),
        already=(already, "tube") if already else None,
    )


def read_wells(
    engine: "duckdb.DuckDBPyConnection", path: Path, *, tubes: str, until: datetime, time_zone: str,
    already: str | None = None,
) -> BulkReading:  # fmt: skip
    """
    Judge a file of plates, a row for each well: what is in it and the Ct of each target; empty where nothing rose.

    A sample well names its tube, a control none; a plate lies where its tubes do, so one without any known tube is
    put aside. `already` names a relation with the `spot` of every well known. Raises CannotRead.
    """
    samples.open_table(engine, path, WELLS, time_zone=time_zone)
    samples.word_table(engine, "content_word", CONTENTS)
    known = "coalesce(ct between 0 and {most}, true)".replace("{most}", str(MOST_CT))
    cts = " and ".join(
        known.replace("ct ", f"{name} ", 1) for name in ("ct_orf", "ct_n", "ct_control")
    )
    engine.execute(
        "create or replace temp table told_well as select t.* exclude (content), w.means as content, s.tube as found, "
        "s.street as own_street, (hash(laboratory, plate, well) >> 1)::bigint as spot "
        "from typed t left join content_word w on lower(trim(t.content)) = w.word "
        f"left join {tubes} s on t.tube = s.tube"
    )
    engine.execute(
        "create or replace temp view judged as select t.* exclude (found, own_street), p.street, case "
        "when laboratory is null or plate is null or well is null or instrument is null or kit is null "
        "or started_at is null or ended_at is null "
        f"then {number_of(samples.UNREADABLE)} "
        f"when content is null then {number_of(samples.UNKNOWN_CONTENT)} "
        f"when (content = '{SAMPLE}') <> (t.tube is not null) then {number_of(samples.WELL_AND_TUBE)} "
        f"when t.tube is not null and found is null then {number_of(samples.UNKNOWN_TUBE)} "
        f"when not ({cts}) then {number_of(samples.IMPOSSIBLE_CT)} "
        f"when ended_at < started_at then {number_of(samples.RUN_BACKWARDS)} "
        f"when epoch_us(ended_at) >= {_micros(until)} then {number_of(samples.IMPOSSIBLE_TIME)} "
        f"when p.street is null then {number_of(samples.PLATE_NOWHERE)} else 0 end as row_reason "
        "from told_well t left join (select laboratory, plate, min(own_street) as street from told_well "
        "group by laboratory, plate) p using (laboratory, plate)"
    )
    return samples.settle(
        engine,
        columns=("street", "spot", *(c.name for c in WELLS)),
        later=samples.later_lines(engine, "spot", number_of(samples.WELL_TWICE)),
        already=(already, "spot") if already else None,
    )


def _micros(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)
