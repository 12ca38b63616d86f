"""
Bulk files of a screening round (rosters, swabs, tube results) in CSV or Parquet: checked whole inside the engine.

Twenty million rows never become Python objects: the engine reads, casts and judges them; only the few values
that stand twice pass through here. Every row read is accepted or put aside with one reason.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .decode import cell_key
from .frame import LONGEST_VALUE, CannotRead, Problem

if TYPE_CHECKING:
    import duckdb

INSTANT, WHOLE, NUMBER, TEXT = "instant", "whole", "number", "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkColumn:
    """A column of a bulk file: our name, how its values are read, whether every row needs one, what others call it."""

    name: str
    kind: str
    needed: bool = True
    aliases: tuple[str, ...] = ()


ROSTER = (
    BulkColumn(name="person", kind=WHOLE, aliases=("person_token", "token", "人员")),
    BulkColumn(
        name="street", kind=WHOLE, aliases=("street_code", "town", "街道", "乡镇", "街道代码")
    ),
    BulkColumn(name="exempt", kind=WHOLE, needed=False, aliases=("豁免",)),
)
SAMPLES = (
    BulkColumn(name="sample", kind=WHOLE, aliases=("sample_id", "样本", "样本编号")),
    BulkColumn(name="tube", kind=WHOLE, aliases=("tube_code", "barcode", "试管", "管码", "试管码")),
    BulkColumn(name="person", kind=WHOLE, aliases=("person_token", "token", "人员")),
    BulkColumn(
        name="street", kind=WHOLE, aliases=("street_code", "town", "街道", "乡镇", "街道代码")
    ),
    BulkColumn(name="site", kind=WHOLE, aliases=("site_id", "sampling_site", "采样点")),
    BulkColumn(name="mode", kind=WHOLE, aliases=("tube_mode", "pool_size", "混采模式")),
    BulkColumn(name="sampled_at", kind=INSTANT, aliases=("sampled", "sample_time", "采样时间")),
)
RESULTS = (
    BulkColumn(name="tube", kind=WHOLE, aliases=("tube_code", "barcode", "试管", "管码", "试管码")),
    BulkColumn(name="laboratory", kind=TEXT, aliases=("lab", "lab_id", "实验室", "检测机构")),
    BulkColumn(name="result", kind=TEXT, aliases=("tube_result", "结果", "检测结果")),
    BulkColumn(name="plate", kind=TEXT, needed=False, aliases=("plate_id", "板号")),
    BulkColumn(name="well", kind=TEXT, needed=False, aliases=("孔位",)),
    BulkColumn(name="ct_orf", kind=NUMBER, needed=False, aliases=("ct_orf1ab", "orf1ab")),
    BulkColumn(name="ct_n", kind=NUMBER, needed=False, aliases=("ct_ngene",)),
    BulkColumn(name="ct_control", kind=NUMBER, needed=False, aliases=("ct_ic",)),
    BulkColumn(name="received_at", kind=INSTANT, aliases=("received", "接收时间")),
    BulkColumn(name="loaded_at", kind=INSTANT, needed=False, aliases=("loaded", "上机时间")),
    BulkColumn(name="called_at", kind=INSTANT, needed=False, aliases=("called", "判读时间")),
    BulkColumn(name="published_at", kind=INSTANT, aliases=("published", "发布时间")),
)

NEEDS = (
    BulkColumn(name="person", kind=WHOLE, aliases=("person_token", "token", "人员")),
    BulkColumn(
        name="street", kind=WHOLE, aliases=("street_code", "town", "街道", "乡镇", "街道代码")
    ),
    BulkColumn(name="need", kind=TEXT, needed=False, aliases=("care", "需求")),
    BulkColumn(name="risk", kind=NUMBER, needed=False, aliases=("prior", "风险")),
)

NEED_WORDS = {
    "dialysis": ("透析", "血透"), "chemotherapy": ("化疗", "放化疗"), "pregnant": ("孕产妇", "孕妇"),
    "bedridden": ("失能", "残疾", "卧床"), "chronic": ("慢性病", "慢病"), "appointment": ("预约就诊", "预约"),
}  # fmt: skip
"""The groups registered for care and what others write for them."""

RESULT_WORDS = {
    "negative": ("neg", "0", "-", "阴性", "阴"), "positive": ("pos", "1", "+", "阳性", "阳"),
    "weak": ("weak_positive", "grey", "gray", "弱阳", "弱阳性", "灰区"),
    "invalid": ("inv", "无效", "不合格"), "cancelled": ("canceled", "取消", "作废"),
}  # fmt: skip
"""The results of a tube and what others write for them. A weak one is held, never negative."""

TUBE_SIZES = (1, 5, 10, 20)
"""Swabs in one tube by the specifications; 0 is a household's tube."""

UNREADABLE = "a needed value is missing or cannot be read"
UNKNOWN_STREET = "the street is not in the record"
UNKNOWN_MODE = "the mode is none of 1, 5, 10, 20 and 0 (household)"
IMPOSSIBLE_TIME = "the instant lies outside the round or after the file was read"
TUBE_USED_TWICE = "the tube was used at two sites or in two streets"
OVERFULL_TUBE = "the tube holds more people than its mode"
SAMPLE_TWICE = "the sample stands in the file before"
PERSON_TWICE = "the person was swabbed in this round before"
PERSON_TWICE_ON_ROSTER = "the person stands on the roster before"
UNKNOWN_TUBE = "no accepted sample is in this tube"
UNKNOWN_RESULT = "the result is no result that is known here"
OUT_OF_ORDER = "received, loaded, called and published do not follow each other"
TUBE_TWICE = "the tube has a result in this file before"
ALREADY_HERE = "an earlier file brought the same sample, person or row"
TUBE_OF_EARLIER = "an earlier file filled this tube, elsewhere, for another mode, or up to its mode"
NOT_HELD = "the person is in no positive or weak tube of this round"
NOT_SINGLE = "a swab of somebody held goes into a tube of its own"
UNKNOWN_NEED = "the need is none that is registered for care"
IMPOSSIBLE_RISK = "the risk is not a share from 0 to 1"
TUBE_SENT_TWICE = "the tube stands in a consignment of this file before"
TUBE_RECEIVED_TWICE = "the tube has a receipt in this file before"
UNKNOWN_CONDITION = "the condition is none of accepted, leak, no_label and mismatch"
UNKNOWN_CONTENT = "the well holds neither a sample nor a control that is known here"
WELL_AND_TUBE = "a sample well names its tube, a control well none"
WELL_TWICE = "the well stands in the file before"
IMPOSSIBLE_CT = "a Ct lies outside 0 to 60"
RUN_BACKWARDS = "the run ended before it began"
PLATE_NOWHERE = "no well of the plate holds a tube of this round"
UNKNOWN_PURPOSE = "the purpose is none of emergency, fever_clinic, outpatient, pharmacy and other"
VISIT_BACKWARDS = "the visit ended before it began"
VISIT_TWICE = "the visit stands in the file before"
STREET_OUTSIDE = "the street lies outside the round or the area of whoever sent the file"

REASONS = (
    UNREADABLE, UNKNOWN_STREET, UNKNOWN_MODE, IMPOSSIBLE_TIME, TUBE_USED_TWICE, OVERFULL_TUBE, SAMPLE_TWICE,
    PERSON_TWICE, PERSON_TWICE_ON_ROSTER, UNKNOWN_TUBE, UNKNOWN_RESULT, OUT_OF_ORDER, TUBE_TWICE, ALREADY_HERE,
    TUBE_OF_EARLIER, NOT_HELD, NOT_SINGLE, UNKNOWN_NEED, IMPOSSIBLE_RISK, TUBE_SENT_TWICE, TUBE_RECEIVED_TWICE,
    UNKNOWN_CONDITION, UNKNOWN_CONTENT, WELL_AND_TUBE, WELL_TWICE, IMPOSSIBLE_CT, RUN_BACKWARDS, PLATE_NOWHERE,
    UNKNOWN_PURPOSE, VISIT_BACKWARDS, VISIT_TWICE, STREET_OUTSIDE,
)  # fmt: skip
"""Why a row is put aside; in the engine its number, counted from 1."""
REASONS_ZH: Mapping[str, str] = {
    UNREADABLE: "必填值缺失或无法读取",
    UNKNOWN_STREET: "街道不在记录中",
    UNKNOWN_MODE: "混采模式不是1、5、10、20或0（住户）",
    IMPOSSIBLE_TIME: "时刻不在轮次之内，或晚于文件读入",
    TUBE_USED_TWICE: "同一试管用于两个采样点或两个街道",
    OVERFULL_TUBE: "试管内人数超过混采模式",
    SAMPLE_TWICE: "样本在文件中重复",
    PERSON_TWICE: "该人本轮已采样",
    PERSON_TWICE_ON_ROSTER: "该人在名单中重复",
    UNKNOWN_TUBE: "该试管没有已接受的样本",
    UNKNOWN_RESULT: "结果无法识别",
    OUT_OF_ORDER: "接收、上机、判读、发布的先后不对",
    TUBE_TWICE: "该试管在文件中已有结果",
    ALREADY_HERE: "此前的文件已有同一样本、人员或行",
    TUBE_OF_EARLIER: "此前的文件已用此试管：在别处、为其他模式或已满",
    NOT_HELD: "该人不在本轮任何阳性或弱阳性管中",
    NOT_SINGLE: "被管控人员的复采应单采单管",
    UNKNOWN_NEED: "需求不在登记类别中",
    IMPOSSIBLE_RISK: "风险不是0到1之间的数",
    TUBE_SENT_TWICE: "该试管在文件中已有转运记录",
    TUBE_RECEIVED_TWICE: "该试管在文件中已有接收记录",
    UNKNOWN_CONDITION: "接收情况不是合格、渗漏、无标签或信息不符",
    UNKNOWN_CONTENT: "孔内既不是样本也不是已知的对照",
    WELL_AND_TUBE: "样本孔须写试管，对照孔不写",
    WELL_TWICE: "该孔在文件中重复",
    IMPOSSIBLE_CT: "Ct值不在0到60之间",
    RUN_BACKWARDS: "下机早于上机",
    PLATE_NOWHERE: "该板没有本轮的试管",
    UNKNOWN_PURPOSE: "事由不是急诊、发热门诊、门诊、药店或其他",
    VISIT_BACKWARDS: "离开早于到达",
    VISIT_TWICE: "该次到访在文件中重复",
    STREET_OUTSIDE: "街道不在本轮范围或报送单位辖区内",
}
"""The reasons in Chinese, for the rows put aside and the board."""


def number_of(reason: str) -> int:
    """The number of a reason in the engine."""
    return REASONS.index(reason) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkReading:
    """
    What a bulk file holds once it is judged; its rows wait in the engine's view `accepted` until they are taken.

    `read == accepted + quarantined`, and `reasons` adds up to `quarantined`.
    """

    read: int
    accepted: int
    reasons: Mapping[str, int]

    @property
    def quarantined(self) -> int:
        """How many rows were put aside."""
        return self.read - self.accepted


def read_roster(
    engine: "duckdb.DuckDBPyConnection",
    path: Path,
    *,
    streets: Sequence[int],
    already: str | None = None,
) -> BulkReading:
    """
    Judge a roster: who is due in a round, in which street, exempt (1) or not (0 or empty).

    `streets` are the known ones; `already` names a relation of the engine with the people due by earlier files.
    Raises CannotRead for a file that is no table with these columns.
    """
    open_table(engine, path, ROSTER, time_zone="UTC")
    unknown = unknown_streets(engine, streets)
    engine.execute(
        "create or replace temp view judged as select t.* replace (coalesce(exempt, 0) as exempt), case "
        f"when person is null or street is null then {number_of(UNREADABLE)} "
        f"when {unknown} then {number_of(UNKNOWN_STREET)} else 0 end as row_reason from typed t"
    )
    return settle(
        engine,
        columns=("person", "street", "exempt"),
        later=later_lines(engine, "person", number_of(PERSON_TWICE_ON_ROSTER)),
        already=(already, "person") if already else None,
    )


def read_samples(
    engine: "duckdb.DuckDBPyConnection",
    path: Path,
    *,
    streets: Sequence[int],
    since: datetime,
    until: datetime,
    time_zone: str,
    already: str | None = None,
) -> BulkReading:
    """
    Judge a file of swabs: who went into which tube, where and when.

    Instants must lie from `since` up to `until`. A tube seen at two sites or in two streets, or with more people
    than its mode, is put aside with everybody in it: nobody can tell whose result it would be. Of a sample or
    person that stands twice the first row counts. `already` names a relation with the swabs of earlier files: a tube
    that one of them tells another site, street or mode of, or fills, is put aside as well; rows of people or samples
    that are there already fill no tube again. Raises CannotRead as `read_roster`.
    """
    open_table(engine, path, SAMPLES, time_zone=time_zone)
    unknown = unknown_streets(engine, streets)
    bounds = [int(moment.timestamp() * 1_000_000) for moment in (since, until)]
    engine.execute(
        "create or replace temp view judged as select t.*, case "
        "when sample is null or tube is null or person is null or street is null or site is null "
        f"or mode is null or sampled_at is null then {number_of(UNREADABLE)} "
        f"when {unknown} then {number_of(UNKNOWN_STREET)} "
        f"when mode not in (0, 1, 5, 10, 20) then {number_of(UNKNOWN_MODE)} "
        f"when epoch_us(sampled_at) < {bounds[0]} or epoch_us(sampled_at) >= {bounds[1]} "
        f"then {number_of(IMPOSSIBLE_TIME)} else 0 end as row_reason from typed t"
    )
    engine.execute(
        "create or replace temp table bad_tube as select tube, "
        f"case when min(site) <> max(site) or min(street) <> max(street) then {number_of(TUBE_USED_TWICE)} "
        f"else {number_of(OVERFULL_TUBE)} end as tube_reason from judged where row_reason = 0 group by tube "
        "having min(site) <> max(site) or min(street) <> max(street) or (count(*) > max(mode) and max(mode) > 0)"
    )
    if already:
        _already_here(engine, already, "person", "sample")
        engine.execute(
            f"insert into bad_tube select tube, {number_of(TUBE_OF_EARLIER)} from (select j.tube, "
            "count(*) filter (h.line is null) as n, max(j.mode) as most, min(e.n) as before, "
            "bool_or(j.site <> e.site or j.street <> e.street) or max(j.mode) <> max(e.mode) as other "
            "from judged j join (select tube, count(*) as n, min(site) as site, min(street) as street, "
            f"max(coalesce(mode, 1)) as mode from {already} group by tube) e using (tube) "
            "left join here_line h on j.line = h.line where j.row_reason = 0 group by j.tube) "
            "where (other or (n > 0 and n + before > most and most > 0)) and tube not in (select tube from bad_tube)"
        )
    later = {
        **later_lines(engine, "sample", number_of(SAMPLE_TWICE)),
        **later_lines(engine, "person", number_of(PERSON_TWICE)),
    }
    return settle(
        engine,
        columns=("sample", "tube", "person", "street", "site", "mode", "sampled_at"),
        later=later,
        tubes=True,
        already=(already, "person", "sample") if already else None,
    )


def read_reswabs(
    engine: "duckdb.DuckDBPyConnection",
    path: Path,
    *,
    streets: Sequence[int],
    held: str,
    until: datetime,
    time_zone: str,
    tubes: str,
    already: str | None = None,
) -> BulkReading:
    """
    Judge a file of single swabs of people in a positive or weak tube, in the form of a file of swabs.

    `held` names a relation of the engine with those people and since when each is held; an earlier swab is no
    reswab. `tubes` names one with the tubes used so far. Whoever stays unclear is swabbed again: a person may
    stand here many times, a tube only once. Raises CannotRead as `read_roster`.
    """
    open_table(engine, path, SAMPLES, time_zone=time_zone)
    unknown = unknown_streets(engine, streets).replace("street", "t.street")
    last = int(until.timestamp() * 1_000_000)
    engine.execute(
        "create or replace temp view judged as select t.*, case "
        "when t.sample is null or t.tube is null or t.person is null or t.street is null or t.site is null "
        f"or t.sampled_at is null then {number_of(UNREADABLE)} "
        f"when {unknown} then {number_of(UNKNOWN_STREET)} "
        f"when coalesce(t.mode, 1) <> 1 then {number_of(NOT_SINGLE)} "
        f"when h.person is null then {number_of(NOT_HELD)} "
        f"when t.sampled_at < h.known or epoch_us(t.sampled_at) >= {last} then {number_of(IMPOSSIBLE_TIME)} "
        f"when u.tube is not null then {number_of(TUBE_USED_TWICE)} else 0 end as row_reason "
        f"from typed t left join {held} h on t.person = h.person left join {tubes} u on t.tube = u.tube"
    )
    later = {
        **later_lines(engine, "sample", number_of(SAMPLE_TWICE)),
        **later_lines(engine, "tube", number_of(TUBE_USED_TWICE)),
    }
    return settle(
        engine,
        columns=("sample", "tube", "person", "street", "site", "mode", "sampled_at"),
        later=later,
        already=(already, "sample") if already else None,
    )


def read_needs(
    engine: "duckdb.DuckDBPyConnection", path: Path, *, streets: Sequence[int]
) -> BulkReading:
    """
    Judge a file of people who wait for care, or are at more than the common risk: person, street, need, risk.

    A need is one of the groups registered for care; a risk a probability to be infected, as tracing gives it. One
    of the two must be there. Raises CannotRead as `read_roster`.
    """
    open_table(engine, path, NEEDS, time_zone="UTC")
    unknown = unknown_streets(engine, streets)
    word_table(engine, "need_word", NEED_WORDS)
    engine.execute(
        "create or replace temp view judged as select t.* exclude (need), w.means as need, case "
        f"when person is null or street is null or (t.need is null and risk is null) then {number_of(UNREADABLE)} "
        f"when {unknown} then {number_of(UNKNOWN_STREET)} "
        f"when t.need is not null and w.means is null then {number_of(UNKNOWN_NEED)} "
        f"when risk is not null and not (risk between 0 and 1) then {number_of(IMPOSSIBLE_RISK)} "
        "else 0 end as row_reason from typed t left join need_word w on lower(trim(t.need)) = w.word"
    )
    return settle(
        engine,
        columns=("person", "street", "need", "risk"),
        later=later_lines(engine, "person", number_of(PERSON_TWICE_ON_ROSTER)),
    )


def word_table(
    engine: "duckdb.DuckDBPyConnection", name: str, words: Mapping[str, Sequence[str]]
) -> None:
    """Make a table of the words others write and what they mean."""
    told = [(word, meant) for meant, others in words.items() for word in (meant, *others)]
    engine.execute(f"create or replace temp table {name} (word varchar, means varchar)")
    engine.executemany(f"insert into {name} values (?, ?)", told)


def read_results(
    engine: "duckdb.DuckDBPyConnection", path: Path, *, tubes: str, until: datetime, time_zone: str
) -> BulkReading:
    """
    Judge a file of tube results. `tubes` names a relation of the engine with the tube and street of accepted samples.

    A result before the tube was received, or after `until`, is put aside. Raises CannotRead as `read_roster`.
    """
    open_table(engine, path, RESULTS, time_zone=time_zone)
    word_table(engine, "result_word", RESULT_WORDS)
    last = int(until.timestamp() * 1_000_000)
    engine.execute(
        "create or replace temp view judged as select t.* exclude (result), w.means as result, s.street, case "
        "when t.tube is null or laboratory is null or t.result is null or received_at is null "
        f"or published_at is null then {number_of(UNREADABLE)} "
        f"when w.means is null then {number_of(UNKNOWN_RESULT)} "
        f"when s.tube is null then {number_of(UNKNOWN_TUBE)} "
        f"when epoch_us(published_at) >= {last} then {number_of(IMPOSSIBLE_TIME)} "
        "when received_at > coalesce(loaded_at, published_at) or coalesce(loaded_at, received_at) > "
        "coalesce(called_at, published_at) or coalesce(called_at, received_at) > published_at "
        f"then {number_of(OUT_OF_ORDER)} else 0 end as row_reason "
        "from typed t left join result_word w on lower(trim(t.result)) = w.word "
        f"left join {tubes} s on t.tube = s.tube"
    )
    return settle(
        engine,
        columns=(
            "tube", "street", "laboratory", "result", "plate", "well", "ct_orf", "ct_n", "ct_control",
            "received_at", "loaded_at", "called_at", "published_at",
        ),
        later=later_lines(engine, "tube", number_of(TUBE_TWICE)),
    )  # fmt: skip


def open_table(
    engine: "duckdb.DuckDBPyConnection",
    path: Path,
    columns: Sequence[BulkColumn],
    *,
    time_zone: str,
) -> None:
    """Make the view `raw` of the file as it is, and `typed` of it with our columns, each row with its line."""
    import duckdb

    if not path.is_file() or path.stat().st_size == 0:
        raise _cannot(
            f"{path.name} is not a file with something in it", f"{path.name} 不是有内容的文件"
        )
    shown = str(path).replace("'", "''")
    with path.open("rb") as file:
        begins = file.read(6)
    for magic, what in _NOT_PLAIN.items():
        if begins.startswith(magic):
            raise _cannot(
                f"{path.name} is {what[0]}; expected CSV in UTF-8 or Parquet, not packed",
                f"{path.name} 是{what[1]}；应为未压缩的UTF-8编码CSV或Parquet",
            )
    parquet = begins[:4] == b"PAR1"
    try:
        if parquet:
            engine.execute(
                f"create or replace temp view raw as select * from read_parquet('{shown}', file_row_number=true)"
            )
        else:
            _read_csv(engine, path)
        told = engine.execute("describe raw").fetchall()
    except duckdb.Error as wrong:
        raise _told(str(wrong), path) from None
    ours = [row for row in told if row[0] != BEYOND]
    header = {cell_key(name): (name, kind) for name, kind, *_ in ours}
    beyond = (
        f"nullif(trim(left(\"{BEYOND}\", {LONGEST_TEXT})), '')" if len(ours) < len(told) else "null"
    )
    needed = next((column.name for column in columns if column.needed), "")
    parts, missing = [], []
    for column in columns:
        names = [cell_key(name) for name in (column.name, *column.aliases)]
        found = next((header[name] for name in names if name in header), None)
        if found is None and column.needed:
            missing.append(column.name)
        value = _cast(found, column, time_zone=time_zone)
        if (
            column.name == needed
        ):  # a row with too many values is none of ours, whatever the first say
            value = f"case when {beyond} is null then {value} end"
        parts.append(f"{value} as {column.name}")
    if missing:
        here = ", ".join(name for name, *_ in ours if name != "file_row_number")
        wanted = ", ".join(missing)
        raise _cannot(
            f"{path.name} has no column {wanted}; it has {here}",
            f"{path.name} 缺少列 {wanted}；现有 {here}",
        )
    # A spreadsheet counts the header as row 1.
    engine.execute(
        "create or replace temp view typed as select *, "
        f"{_unreadable(columns, header)} as unreadable from (select file_row_number + 2 as line, "
        f"{', '.join(parts)}, {', '.join(_raws(columns, header))}, {beyond}::varchar as beyond from raw)"
    )


_NOT_PLAIN = {
    b"\x1f\x8b": ("packed by gzip", "gzip压缩文件"), b"PK\x03\x04": ("a zip archive or a workbook", "zip压缩包或工作簿"),
    b"\x28\xb5\x2f\xfd": ("packed by zstd", "zstd压缩文件"), b"\xfd7zXZ": ("packed by xz", "xz压缩文件"),
    b"BZh": ("packed by bzip2", "bzip2压缩文件"), b"\xff\xfe": ("text in UTF-16", "UTF-16编码文本"),
    b"\xfe\xff": ("text in UTF-16", "UTF-16编码文本"),
}  # fmt: skip
"""What files begin with that are not read: a packed one may be far larger than it looks."""


def _read_csv(engine: "duckdb.DuckDBPyConnection", path: Path) -> None:
    """
    Make the table `raw` of a CSV file, every value a text.

    The engine is told the columns and what parts them: guessing, it would try a number of a million digits for minutes.
    Raises duckdb.Error, and CannotRead for two columns of one name or a header that cannot be read.
    """
    import duckdb

    names, comma = _header(path)
    called = [cell_key(name) for name in names]
    twice = [cell for cell in dict.fromkeys(called) if cell and called.count(cell) > 1]
    if twice:
        raise _cannot(
            f"{path.name} has the column {', '.join(twice)} more than once; expected each name once",
            f"{path.name} 的列 {', '.join(twice)} 重复出现；每个列名只应出现一次",
            row=1,
        )
    told = {name if called[i] else f"column {i + 1}": "VARCHAR" for i, name in enumerate(names)}
    told[BEYOND] = "VARCHAR"
    columns = ", ".join(f"{_text(name)}: {_text(kind)}" for name, kind in told.items())
    words = (
        "create or replace temp table raw as select *, row_number() over () - 1 as file_row_number from "
        f"read_csv({_text(str(path))}, header=true, auto_detect=false, delim={_text(comma)}, quote='\"', escape='\"', "
        f"columns={{{columns}}}, null_padding=true, strict_mode=false, compression='none'"
    )
    try:
        engine.execute(f"{words})")
    except duckdb.Error as wrong:
        if "parallel=false" not in str(wrong):  # it asks so of a file with line ends inside quotes
            raise
        engine.execute(f"{words}, parallel=false)")


LONGEST_HEADER = 1 << 20


def _header(path: Path) -> tuple[list[str], str]:
    """The names in the first line of a CSV file, and what parts them. Raises CannotRead."""
    with path.open("rb") as file:
        line = file.readline(LONGEST_HEADER).split(b"\r")[0]
    try:
        text = line.decode("utf-8-sig").rstrip("\n")
    except UnicodeDecodeError:
        raise _told("Line: 1 not utf-8", path) from None
    comma = max(",;\t|", key=text.count)
    try:
        names = next(csv.reader([text], delimiter=comma), [])
    except csv.Error:
        names = []
    return [name.strip() for name in names] or [""], comma


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _told(wrong: str, path: Path) -> CannotRead:
    """Say what the engine found wrong with a file: the line and the fact, never what stands there."""
    line = re.search(r"Line: (\d+)", wrong)
    row = int(line[1]) if line else 0
    size = re.search(r"Maximum line size of (\d+) bytes", wrong)
    if "not utf-8" in wrong:
        en, zh = (
            "holds bytes that are not UTF-8; expected text in UTF-8",
            "含有非UTF-8字节；应为UTF-8编码",
        )
    elif size:
        en = f"has a line longer than {size[1]} bytes; expected shorter ones"
        zh = f"有一行超过{size[1]}字节"
    else:
        first = wrong.splitlines()[0].replace(str(path), path.name)
        en, zh = f"cannot be read as CSV or Parquet: {first}", f"不能作为CSV或Parquet读取：{first}"
    return _cannot(f"{path.name} {en}", f"{path.name} {zh}", row=row)


def _cannot(en: str, zh: str, *, row: int = 0) -> CannotRead:
    return CannotRead(Problem(row=row, column="", value="", reason_en=en, reason_zh=zh))


LONGEST_TEXT = 200
"""A longer text is no name, word or number of anything; as a number or instant it would take minutes to read."""
_TYPES = {WHOLE: "bigint", NUMBER: "double", TEXT: "varchar", INSTANT: "timestamp"}
BEYOND = "beyond the last column"
"""Where the values of a CSV row go for which the header has no column; one that is not empty puts its row aside."""
_NO = {
    WHOLE: "is no whole number", NUMBER: "is no number", INSTANT: "is no instant",
    TEXT: f"is no text of at most {LONGEST_TEXT} letters",
}  # fmt: skip
_Header = Mapping[str, tuple[str, str]]


def _found(column: BulkColumn, header: _Header) -> tuple[str, str] | None:
    """The column of the file that is one of ours, quoted, and its type."""
    names = [cell_key(name) for name in (column.name, *column.aliases)]
    told = next((header[name] for name in names if name in header), None)
    return None if told is None else ('"' + told[0].replace('"', '""') + '"', told[1])


def _raws(columns: Sequence[BulkColumn], header: _Header) -> list[str]:
    """Columns `raw_...` with what stands in the file where one of ours is needed and cannot be read."""
    raws = []
    for column in columns:
        found = _found(column, header)
        if column.needed and found is not None:
            raws.append(f"{found[0]}::varchar as raw_{column.name}")
    return raws


def _unreadable(columns: Sequence[BulkColumn], header: _Header) -> str:
    """Which needed values of a row are missing or cannot be read, with what stands there; null where all can."""
    needed = [c for c in columns if c.needed and _found(c, header) is not None]
    lacks = " or ".join(f"{c.name} is null" for c in needed)
    more = (
        "case when beyond is null then null when regexp_matches(left(beyond, 100), '[0-9]{11}') "
        "then 'more values than the header has columns: (personal)' "
        f"else 'more values than the header has columns: ' || left(beyond, {LONGEST_VALUE}) end"
    )
    told = ", ".join(
        f"case when beyond is not null or {c.name} is not null then null when nullif(trim(left(raw_{c.name}, {LONGEST_TEXT})), '') is null "
        f"then '{c.name} is missing' when regexp_matches(left(raw_{c.name}, 100), '[0-9]{{11}}') "
        f"then '{c.name} {_NO[c.kind]}: (personal)' "
        f"else '{c.name} {_NO[c.kind]}: ' || left(raw_{c.name}, {LONGEST_VALUE}) end"
        for c in needed
    )
    return f"case when {lacks} then concat_ws('; ', {more}, {told}) end"


def _cast(found: tuple[str, str] | None, column: BulkColumn, *, time_zone: str) -> str:
    """
    The expression that reads a column of the file as its kind, null for a value that is none.

    A fraction is no whole number, `now` and `infinity` are no instants.
    """
    if found is None:
        return f"null::{_TYPES[column.kind]}"
    name, kind = '"' + found[0].replace('"', '""') + '"', found[1].partition("(")[0]
    if kind == "VARCHAR":
        return (
            f"case when strlen({name}) <= {LONGEST_TEXT} then "
            f"{_of_text(f'left({name}, {LONGEST_TEXT})', column.kind, time_zone=time_zone)} end"
        )
    numbers = {"DOUBLE", "FLOAT", "DECIMAL"}
    whole = {f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "", "BIG", "HUGE")}  # fmt: skip
    whole = {"INTEGER", "UINTEGER", *whole}
    if column.kind == WHOLE and kind in whole:
        return f"try_cast({name} as bigint)"
    if column.kind == WHOLE and kind in numbers:
        return f"case when {name} = trunc({name}) and abs({name}) < {1 << 53} then try_cast({name} as bigint) end"
    if column.kind == NUMBER and kind in whole | numbers:
        return f"case when isfinite({name}::double) then {name}::double end"
    if column.kind == INSTANT and kind == "TIMESTAMP WITH TIME ZONE":
        return f"case when isfinite({name}) then make_timestamp(epoch_us({name})) end"
    if column.kind == INSTANT and (kind.startswith("TIMESTAMP") or kind == "DATE"):
        local = f"timezone('UTC', timezone('{time_zone}', {name}::timestamp))"
        return f"case when isfinite({name}::timestamp) then {local} end"
    return f"null::{_TYPES[column.kind]}"


def _of_text(name: str, kind: str, *, time_zone: str) -> str:
    """The expression that reads a text as one of our kinds."""
    if kind == TEXT:
        return f"nullif(trim({name}), '')"
    if kind == NUMBER:
        return f"case when isfinite(try_cast({name} as double)) then try_cast({name} as double) end"
    if kind == WHOLE:
        strange = " or ".join(f"contains({name}, '{letter}')" for letter in (".", "e", "E", "_"))
        return (
            f"case when not ({strange}) or regexp_full_match(trim({name}), '[+-]?[0-9]+[.]0*') "
            f"then try_cast({name} as bigint) end"
        )
    offset = f"regexp_matches({name}, '([zZ]|[+-][0-9]{{2}}:?[0-9]{{2}})$')"
    local = f"timezone('UTC', timezone('{time_zone}', try_cast({name} as timestamp)))"
    told = f"make_timestamp(epoch_us(try_cast({name} as timestamptz)))"
    return f"case when not regexp_matches({name}, '^\\s*[0-9]') then null when {offset} then {told} else {local} end"


def unknown_streets(engine: "duckdb.DuckDBPyConnection", streets: Sequence[int]) -> str:
    """
    Return the condition that a row's street is none of these.

    The few unknown streets a file names are sought once: asking every row of every pass costs more.
    """
    rows = engine.execute(
        "select distinct street from typed where street is not null "
        "and street not in (select unnest($1::bigint[]))",
        [list(streets)],
    ).fetchall()
    return f"street in ({', '.join(str(int(row[0])) for row in rows)})" if rows else "false"


def later_lines(engine: "duckdb.DuckDBPyConnection", key: str, reason: int) -> dict[int, int]:
    """Return the lines on which a key stands again, and the reason; the first line of each counts."""
    column: Any = engine.execute(f"select {key} from judged where row_reason = 0").fetchnumpy()[key]
    values = np.sort(np.asarray(column))
    twice = np.unique(values[1:][values[1:] == values[:-1]])
    del column, values
    if not twice.size:
        return {}
    rows = engine.execute(
        f"select line from (select line, row_number() over (partition by {key} order by line) as nth "
        f"from judged where row_reason = 0 and {key} in (select unnest($1::bigint[]))) where nth > 1",
        [twice.tolist()],
    ).fetchall()
    return {int(line): reason for (line,) in rows}


def _already_here(engine: "duckdb.DuckDBPyConnection", earlier: str, *by: str) -> None:
    """Make the table `here_line` of the lines that share one of these keys with a relation of earlier files."""
    shared = " or ".join(f"{key} in (select {key} from {earlier})" for key in by)
    engine.execute(
        f"create or replace temp table here_line as select line from judged where {shared}"
    )


def settle(
    engine: "duckdb.DuckDBPyConnection",
    *,
    columns: Sequence[str],
    later: Mapping[int, int],
    tubes: bool = False,
    already: tuple[str, ...] | None = None,
) -> BulkReading:
    """
    Make the view `accepted` and the small table `quarantined`, and count; a row has the first reason that holds.

    `tubes` says that a table `bad_tube` was made; `already` names a relation of earlier files and the keys of which a
    row must share none with them.
    """
    engine.execute("create or replace temp table bad_line (line bigint, line_reason integer)")
    if later:
        engine.execute(
            "insert into bad_line select unnest($1::bigint[]), unnest($2::integer[])",
            [list(later), list(later.values())],
        )
    joins, reasons = ["left join bad_line l on v.line = l.line"], ["nullif(v.row_reason, 0)"]
    if tubes:
        joins.append("left join bad_tube b on v.tube = b.tube")
        reasons.append("b.tube_reason")
    reasons.append("l.line_reason")
    if already:
        _already_here(engine, *already)
        joins.append("left join here_line h on v.line = h.line")
        reasons.append(f"case when h.line is not null then {number_of(ALREADY_HERE)} end")
    engine.execute(
        f"create or replace temp view settled as select v.*, coalesce({', '.join(reasons)}, 0) as reason "
        f"from judged v {' '.join(joins)}"
    )
    shown = ", ".join(columns)
    engine.execute(
        f"create or replace temp view accepted as select {shown} from settled where reason = 0"
    )
    engine.execute(
        "create or replace temp table quarantined as select line, reason, "
        f"case when reason = {number_of(UNREADABLE)} then unreadable end as unreadable, {shown} "
        "from settled where reason > 0"
    )
    read = engine.execute("select count(*) from raw").fetchall()[0][0]
    counts = engine.execute("select reason, count(*) from quarantined group by reason").fetchall()
    reasons_found = {REASONS[reason - 1]: int(count) for reason, count in sorted(counts)}
    return BulkReading(
        read=int(read), accepted=int(read) - sum(reasons_found.values()), reasons=reasons_found
    )


def write_quarantine(engine: "duckdb.DuckDBPyConnection", path: Path) -> None:
    """
    Write the rows put aside as CSV, each with its line in the file that was read and the reason in both languages.

    `unreadable` names the columns that are missing or cannot be read, with what stands there.
    """
    words, zh = (
        ", ".join("'" + reason.replace("'", "''") + "'" for reason in told)
        for told in (REASONS, [REASONS_ZH[reason] for reason in REASONS])
    )
    shown = str(path).replace("'", "''")
    engine.execute(
        f"copy (select line, [{words}][reason] as reason, [{zh}][reason] as reason_zh, * exclude (line, reason) from quarantined order by line) "
        f"to '{shown}' (format csv, header)"
    )
