"""
Laboratory messages: HL7 v2.5.1 ORU^R01 and FHIR R4 bundles read into results of specimens, and tubes told as FHIR specimens.

Who the specimen is of is left in the message: only its number, what was found, where and when are taken. A correction
carries the order number of what it corrects and stands after it; the last version counts.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from yipan.feeds import file_hash
from yipan.feeds.frame import (
    MOST_PROBLEMS,
    Problem,
    ReadReport,
    Refused,
    file_problem,
)

MOST_BYTES = 256 << 20
CODES: Mapping[str, str] = {
    "260373001": "positive", "10828004": "positive", "260415000": "negative", "260385009": "negative",
    "419984006": "weak", "125154007": "invalid",
}  # fmt: skip
"""SNOMED CT codes of results in the messages read so far. Inconclusive is weak: held, never negative."""
WORDS: tuple[tuple[str, str], ...] = (
    ("not detected", "negative"), ("negative", "negative"), ("inconclusive", "weak"), ("indeterminate", "weak"),
    ("presumptive", "weak"), ("invalid", "invalid"), ("unsatisfactory", "invalid"), ("not performed", "cancelled"),
    ("detected", "positive"), ("positive", "positive"),
)  # fmt: skip
"""What a result says in words, where its code is not known; the first that is in it counts."""
ANSWERS = {"Y", "N", "UNK", "Yes", "No", "Unknown"}
"""Answers to questions asked at order entry, which are no results."""
GONE = {"X", "D", "W", "cancelled", "entered-in-error"}
EARLY = {"P", "I", "R", "S", "O", "N", "preliminary", "registered"}
CORRECTED = {"C", "A", "corrected", "amended"}
_STAMP = re.compile(
    r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(?:(\d\d)(?:\.(\d{1,6})\d*)?)?)?([+-]\d{4})?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoryResult:
    """
    One result of one specimen as a message tells it; a later version of the same order, specimen and test replaces it.

    `result` is one of the results a tube may have. Instants are None where the message tells none.
    """

    order: str
    specimen: str
    test: str
    result: str
    corrected: bool
    laboratory: str
    collected: datetime | None
    received: datetime | None
    reported: datetime | None

    @property
    def key(self) -> tuple[str, str, str]:
        """What a later version of the same result has in common with it."""
        return (self.order, self.specimen, self.test)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoryReading:
    """A file of messages read: the report (its unit is one observation) and every version of a result, in order."""

    report: ReadReport
    versions: tuple[LaboratoryResult, ...]

    @property
    def latest(self) -> tuple[LaboratoryResult, ...]:
        """The last version of each result, in the order in which each was first told."""
        return tuple({one.key: one for one in self.versions}.values())


def is_messages(path: Path) -> bool:
    """Say whether a file begins as HL7 v2 or JSON does."""
    with path.open("rb") as file:
        head = file.read(64).lstrip(b"\xef\xbb\xbf\x0b \r\n\t")
    return head[:4] in {b"MSH|", b"FHS|", b"BHS|"} or head[:1] == b"{"


def read_messages(path: Path, *, time_zone: ZoneInfo) -> LaboratoryReading:
    """
    Read a file of laboratory messages; stamps without an offset are taken in `time_zone`.

    One wrong observation is told with its place and left out; what is no result (answers to questions asked at order
    entry, notes, preliminary results) is counted as blank. Raises CannotRead for a file that is not such messages.
    """
    size = path.stat().st_size if path.is_file() else 0
    if not size:
        raise file_problem(f"{path.name} holds nothing", f"{path.name} 没有内容")
    if size > MOST_BYTES:
        raise file_problem(
            f"{path.name} has {size} bytes; at most {MOST_BYTES} are read at once",
            f"{path.name} 有{size}字节，一次最多读{MOST_BYTES}字节", "send it in parts",
        )  # fmt: skip
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise file_problem(
            f"{path.name} is not UTF-8 at byte {wrong.start}", f"{path.name} 第{wrong.start}字节不是UTF-8"
        ) from None  # fmt: skip
    noted = _Noted()
    body = text.lstrip("\x0b \r\n\t")
    if body.startswith("{"):
        form, found = "fhir", _from_fhir(body, path.name, noted, time_zone)
    elif body[:3] in {"MSH", "FHS", "BHS"}:
        form, found = "hl7v2", _from_hl7(body, noted, time_zone)
    else:
        raise file_problem(
            f"{path.name} begins neither as HL7 v2 (MSH, FHS, BHS) nor as a FHIR bundle",
            f"{path.name} 既不是HL7 v2消息（MSH、FHS、BHS）也不是FHIR资源包",
        )
    versions = tuple(found)
    if not noted.read:
        raise file_problem(
            f"{path.name} holds no observation",
            f"{path.name} 没有检测结果",
            "a message may be cut off",
        )
    report = ReadReport(
        file=path.name, sha256=file_hash(path), format=form, why=f"it begins as {form}", read=noted.read,
        accepted=len(versions), rejected=noted.wrong, blank=noted.read - len(versions) - noted.wrong,
        wrong=noted.wrong, repeated=len(versions) - len({one.key for one in versions}),
        problems=tuple(noted.problems), more_problems=max(0, noted.told - len(noted.problems)),
    )  # fmt: skip
    return LaboratoryReading(report=report, versions=versions)


@dataclass(slots=True)
class _Noted:
    """What was read and what was wrong so far."""

    read: int = 0
    wrong: int = 0
    told: int = 0
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, row: int, column: str, value: str, en: str, zh: str) -> None:
        self.wrong += 1
        self.told += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Refused(en=en, zh=zh).at(row, column, value))


def meaning(codes: Iterable[str], words: Iterable[str]) -> str | None:
    """
    Return what a coded result says, None where it says nothing that is known.

    >>> meaning(["260415000"], []), meaning([], ["Not detected in pooled specimen"]), meaning(["1"], ["blue"])
    ('negative', 'negative', None)
    """
    for code in codes:
        if code in CODES:
            return CODES[code]
    for told in words:
        lower = told.lower()
        for word, result in WORDS:
            if word in lower:
                return result
    return None


# HL7 v2 -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Segment:
    row: int
    fields: list[str]
    component: str

    def get(self, number: int, part: int = 0) -> str:
        """Return a component of a field, both as the standard counts fields and from 0 for components."""
        told = self.fields[number] if number < len(self.fields) else ""
        parts = told.split("~")[0].split(self.component)
        return parts[part].strip() if part < len(parts) else ""


def _from_hl7(body: str, noted: _Noted, time_zone: ZoneInfo) -> Iterator[LaboratoryResult]:
    message: list[_Segment] = []
    separator, component = "|", "^"
    for row, line in enumerate(re.split(r"\r\n|\r|\n", body.replace("\x1c", "").replace("\x0b", "")), start=1):  # fmt: skip
        kind = line[:3]
        if kind == "MSH":
            yield from _of_message(message, noted, time_zone)
            message = []
            separator = line[3:4] or "|"
            component = line[4:5] or "^"
        if not line.strip() or kind in {"FHS", "BHS", "BTS", "FTS"}:
            continue
        fields = line.split(separator)
        if kind == "MSH":
            fields.insert(1, separator)  # the separator is itself the first field
        message.append(_Segment(row=row, fields=fields, component=component))
    yield from _of_message(message, noted, time_zone)


def _of_message(
    message: list[_Segment], noted: _Noted, time_zone: ZoneInfo
) -> Iterator[LaboratoryResult]:
    if not message:
        return
    head = message[0]
    kind = f"{head.get(9)}^{head.get(9, 1)}"
    if head.fields[0] != "MSH" or not kind.startswith("ORU^R01"):
        noted.read += 1
        noted.refuse(
            head.row,
            "MSH-9",
            kind,
            "is not ORU^R01, a laboratory result",
            "不是检验结果消息ORU^R01",
        )
        return
    groups: list[list[_Segment]] = []
    for segment in message:
        if segment.fields[0] == "ORC" or (
            segment.fields[0] == "OBR"
            and (not groups or any(s.fields[0] == "OBR" for s in groups[-1]))
        ):
            groups.append([])
        if groups:
            groups[-1].append(segment)
    if not groups and any(segment.fields[0] == "OBX" for segment in message):
        noted.read += 1
        noted.refuse(
            head.row, "OBR", "", "observations without an order (OBR)", "结果没有对应的申请（OBR）"
        )
    specimen: _Segment | None = None
    for group in groups:
        specimen = next((s for s in group if s.fields[0] == "SPM"), specimen)
        order = next((s for s in group if s.fields[0] == "OBR"), None)
        for segment in group:
            if segment.fields[0] == "OBX":
                noted.read += 1
                found = _of_observation(segment, order, specimen, head, noted, time_zone)
                if found is not None:
                    yield found


def _of_observation(
    told: _Segment, order: _Segment | None, specimen: _Segment | None, head: _Segment, noted: _Noted,
    time_zone: ZoneInfo,
) -> LaboratoryResult | None:  # fmt: skip
    status = told.get(11)
    if told.get(2) not in {"CWE", "CE", "CNE"} or told.get(29) in {"QST", "AOE"} or status in EARLY:
        return None
    if order is None or not (number := order.get(3) or order.get(2)):
        noted.refuse(told.row, "OBR-3", "", "the order has no number", "申请没有编号")
        return None
    result = "cancelled" if status in GONE else meaning((told.get(5), told.get(5, 3)), (told.get(5, 1), told.get(5, 4)))  # fmt: skip
    if result is None:
        noted.refuse(
            told.row,
            "OBX-5",
            told.get(5, 1) or told.get(5),
            "is no result that is known here",
            "不是已知的检测结果",
        )
        return None
    moments = []
    for name, text in (
        ("collected", _first_of(specimen.get(17) if specimen else "", told.get(14))),
        ("received", specimen.get(18) if specimen else ""),
        ("reported", _first_of(order.get(22), told.get(19), head.get(7))),
    ):
        try:
            moments.append(_stamp(text, time_zone))
        except ValueError:
            noted.refuse(told.row, name, text, "is no time stamp like 20221110183000+0800", "不是时间戳，应如20221110183000+0800")  # fmt: skip
            return None
    number_of_specimen = ""
    if specimen is not None:
        parts = specimen.get(2).split("&"), specimen.get(2, 1).split("&")
        number_of_specimen = parts[1][0] or parts[0][0]
    return LaboratoryResult(
        order=number, specimen=number_of_specimen or number, test=told.get(3) or told.get(3, 1), result=result,
        corrected=status in CORRECTED, laboratory=told.get(23) or told.get(15) or head.get(4),
        collected=moments[0], received=moments[1], reported=moments[2],
    )  # fmt: skip


def _first_of(*texts: str) -> str:
    return next((text for text in texts if text), "")


def _stamp(text: str, time_zone: ZoneInfo) -> datetime | None:
    if not text or text == '""':
        return None
    match = _STAMP.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, part, offset = match.groups()
    zone: Any = time_zone
    if offset:
        away = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:]))
        zone = timezone(-away if offset[0] == "-" else away)
    return datetime(
        int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
        int((part or "0").ljust(6, "0")), tzinfo=zone,
    )  # fmt: skip


# FHIR ---------------------------------------------------------------------------------------------------------------


def _from_fhir(
    body: str, name: str, noted: _Noted, time_zone: ZoneInfo
) -> Iterator[LaboratoryResult]:
    try:
        bundle = json.loads(body)
    except (json.JSONDecodeError, RecursionError) as wrong:
        where = f"line {wrong.lineno}, column {wrong.colno}" if isinstance(wrong, json.JSONDecodeError) else "its depth"  # fmt: skip
        raise file_problem(
            f"{name} is not whole JSON at {where}", f"{name} 不是完整的JSON：{where}"
        ) from None
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        told = bundle.get("resourceType") if isinstance(bundle, dict) else type(bundle).__name__
        raise file_problem(
            f"{name} holds {told!s:.40}; expected a Bundle", f"{name} 是{told!s:.40}，应为Bundle"
        )
    entries = [e for e in _listed(bundle.get("entry")) if isinstance(e.get("resource"), dict)]
    by_reference: dict[str, dict[str, Any]] = {}
    for entry in entries:
        resource = entry["resource"]
        by_reference[f"{resource.get('resourceType')}/{resource.get('id')}"] = resource
        if isinstance(entry.get("fullUrl"), str):
            by_reference[entry["fullUrl"]] = resource
    told_of: set[int] = set()
    reports = [
        e["resource"] for e in entries if e["resource"].get("resourceType") == "DiagnosticReport"
    ]
    for row, report in enumerate(reports, start=1):
        for reference in _listed(report.get("result")):
            found = by_reference.get(str(reference.get("reference")))
            noted.read += 1
            if found is None:
                noted.refuse(
                    row, "DiagnosticReport.result", str(reference.get("reference")), "names an observation that is not in the bundle",
                    "引用的检测结果不在资源包内",
                )  # fmt: skip
                continue
            told_of.add(id(found))
            one = _of_resource(found, report, by_reference, noted, row, time_zone)
            if one is not None:
                yield one
    for row, entry in enumerate(entries, start=1):
        resource = entry["resource"]
        if resource.get("resourceType") == "Observation" and id(resource) not in told_of:
            noted.read += 1
            if resource.get("specimen") and not reports:
                one = _of_resource(resource, {}, by_reference, noted, row, time_zone)
                if one is not None:
                    yield one


def _listed(told: Any) -> list[dict[str, Any]]:
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []


def _mapped(told: Any) -> dict[str, Any]:
    return told if isinstance(told, dict) else {}


def _of_resource(
    told: dict[str, Any], report: dict[str, Any], by_reference: Mapping[str, dict[str, Any]], noted: _Noted,
    row: int, time_zone: ZoneInfo,
) -> LaboratoryResult | None:  # fmt: skip
    status = str(told.get("status"))
    value = _mapped(told.get("valueCodeableConcept"))
    coded = _listed(value.get("coding"))
    said = {str(c.get("code")) for c in coded} | {str(c.get("display")) for c in coded}
    if status in EARLY or (not value and status not in GONE) or said & ANSWERS:
        return None
    result = "cancelled" if status in GONE else meaning(
        (str(c.get("code")) for c in coded), [str(c.get("display", "")) for c in coded] + [str(value.get("text", ""))]
    )  # fmt: skip
    if result is None:
        shown = (
            str(coded[0].get("display") or coded[0].get("code"))
            if coded
            else str(value.get("text"))
        )
        noted.refuse(row, "Observation.valueCodeableConcept", shown, "is no result that is known here", "不是已知的检测结果")  # fmt: skip
        return None
    where = _mapped(told.get("specimen")).get("reference") or next(
        (s.get("reference") for s in _listed(report.get("specimen"))), None
    )
    specimen = by_reference.get(str(where), {})
    order = _identified(report) or next((str(b.get("reference")) for b in _listed(report.get("basedOn"))), "") or _identified(told)  # fmt: skip
    number = _identified(specimen) or str(specimen.get("id", ""))
    if not (order or number):
        noted.refuse(
            row, "DiagnosticReport.identifier", "", "the order has no number", "申请没有编号"
        )
        return None
    moments = []
    for name, text in (
        ("collectedDateTime", _mapped(specimen.get("collection")).get("collectedDateTime") or told.get("effectiveDateTime")),
        ("receivedTime", specimen.get("receivedTime")),
        ("issued", told.get("issued") or report.get("issued")),
    ):  # fmt: skip
        try:
            moment = datetime.fromisoformat(str(text)) if text else None
            moments.append(moment if moment is None or moment.tzinfo else moment.replace(tzinfo=time_zone))  # fmt: skip
        except ValueError:
            noted.refuse(row, name, str(text), "is no instant like 2022-11-10T18:30:00+08:00", "不是时刻，应如2022-11-10T18:30:00+08:00")  # fmt: skip
            return None
    performer = next((by_reference.get(str(p.get("reference")), {}) for p in _listed(told.get("performer"))), {})  # fmt: skip
    tests = _listed(_mapped(told.get("code")).get("coding"))
    return LaboratoryResult(
        order=order or number, specimen=number or order, test=str(tests[0].get("code")) if tests else "",
        result=result, corrected=status in CORRECTED, laboratory=str(performer["name"]) if isinstance(performer.get("name"), str) else "",
        collected=moments[0], received=moments[1], reported=moments[2],
    )  # fmt: skip


def _identified(resource: Mapping[str, Any]) -> str:
    return next(
        (str(i["value"]) for i in _listed(resource.get("identifier")) if i.get("value")), ""
    )


# Tubes ---------------------------------------------------------------------------------------------------------------

TUBE_HEAD = ("tube", "laboratory", "result", "plate", "received_at", "published_at")


def tube_rows(reading: LaboratoryReading) -> Iterator[tuple[str, ...]]:
    """
    Yield the latest results as rows of a file of tube results (`TUBE_HEAD`), the specimen's number as the tube's.

    What a tube lacks stays empty, and each observation that was refused is a row without a tube whose plate tells its
    place: both are put aside with their reason when the file is taken in, so that the counts add up.
    """
    for one in reading.latest:
        received = one.received or one.collected or one.reported
        moments = (received, one.reported or received)
        told = (moment.isoformat() if moment else "" for moment in moments)
        yield (one.specimen, one.laboratory, one.result, "", *told)
    for problem in reading.report.problems:
        yield ("", "", problem.value, f"row {problem.row}, {problem.column}", "", "")


def write_tubes(reading: LaboratoryReading, path: Path) -> int:
    """Write the rows of `tube_rows` as CSV and return how many."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(TUBE_HEAD)
        rows = list(tube_rows(reading))
        writer.writerows(rows)
    return len(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class TubeSpecimen:
    """
    A tube as others call it: a specimen of one person, or one in which several swabs are pooled.

    `grouped` is whether it travelled in a box with other tubes; `received` when a laboratory took it in, None unknown.
    `parent` is the tube it follows from: the positive or weak one whose member was swabbed again, or the one it was split
    from; None for any other.
    """

    tube: int
    people: int
    collected: datetime
    received: datetime | None = None
    grouped: bool = False
    parent: int | None = None


def specimen_of(tube: TubeSpecimen) -> dict[str, Any]:
    """
    Return a tube as a FHIR R5 Specimen; `combined` is `pooled` where several people's swabs share it and `grouped`
    where a single one travelled in a box with others. `parent` names the tube it follows from. Nobody is named.

    >>> from datetime import UTC
    >>> told = specimen_of(TubeSpecimen(tube=7, people=10, collected=datetime(2022, 11, 10, tzinfo=UTC)))
    >>> told["combined"], told["identifier"][0]["value"]
    ('pooled', '7')
    """
    made: dict[str, Any] = {
        "resourceType": "Specimen", "id": f"tube-{tube.tube}", "identifier": [{"value": str(tube.tube)}],
        "status": "available", "collection": {"collectedDateTime": tube.collected.isoformat()},
    }  # fmt: skip
    if tube.people > 1 or tube.grouped:
        made["combined"] = "pooled" if tube.people > 1 else "grouped"
    if tube.parent is not None:
        made["parent"] = [{"reference": f"Specimen/tube-{tube.parent}"}]
    if tube.received is not None:
        made["receivedTime"] = tube.received.isoformat()
    return made
