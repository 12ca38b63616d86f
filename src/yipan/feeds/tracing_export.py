"""
What tracers know, written for others: Go.Data, SORMAS, and plain tables with HXL tags.

A row that came from a system goes back to it with every column it came with; what has changed since is written
anew in that system's words. What a format cannot hold is not dropped in silence: it is told, with how often.
"""

import csv
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from yipan.model import (
    CarriedRow,
    Case,
    Certainty,
    Classification,
    Exposure,
    FollowUp,
    Gathering,
    Identity,
    OutsideKey,
    PersonTest,
    Severity,
    Venue,
    Visit,
)

from .casewords import COLUMNS, OUTSIDE_WORDS, WORDS, word_of
from .dates import date_form, read_day
from .frame import Refused
from .sheets import header_word

FORMATS = ("godata-csv", "godata-json", "sormas", "csv", "xlsx")
_LNG = "LNG_REFERENCE_DATA_CATEGORY_"
_CATEGORY = {
    "classification": "CASE_CLASSIFICATION", "outcome": "OUTCOME", "certainty": "CERTAINTY_LEVEL", "kind": "EXPOSURE_TYPE",
    "setting": "CONTEXT_OF_TRANSMISSION", "frequency": "EXPOSURE_FREQUENCY", "duration": "EXPOSURE_DURATION",
    "result": "CONTACT_DAILY_FOLLOW_UP_STATUS_TYPE", "test_result": "LAB_TEST_RESULT",
}  # fmt: skip
_SORMAS_WORDS = {
    Classification.SUSPECTED: "SUSPECT", Classification.PROBABLE: "PROBABLE", Classification.CONFIRMED: "CONFIRMED",
    Classification.ASYMPTOMATIC: "CONFIRMED_NO_SYMPTOMS", Classification.REPEAT_POSITIVE: "CONFIRMED",
    Classification.EXCLUDED: "NO_CASE",
}  # fmt: skip
_SORMAS_OUTCOME = {"pending": "NO_OUTCOME", "recovered": "RECOVERED", "died": "DECEASED"}
_SORMAS_CERTAINTY = {
    Certainty.HIGH: "CONFIRMED",
    Certainty.LOW: "UNCONFIRMED",
    Certainty.MEDIUM: "UNCONFIRMED",
    Certainty.UNKNOWN: "",
}

Row = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is to be written. `identities` is empty where no names may leave the house."""

    cases: Sequence[Case] = ()
    exposures: Sequence[Exposure] = ()
    gatherings: Sequence[Gathering] = ()
    visits: Sequence[Visit] = ()
    venues: Sequence[Venue] = ()
    follow_ups: Sequence[FollowUp] = ()
    tests: Sequence[PersonTest] = ()
    carried: Sequence[CarriedRow] = ()
    keys: Sequence[OutsideKey] = ()
    identities: Mapping[str, Identity] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Files as bytes with their rows, and what the format could not hold, as sentences."""

    files: tuple[tuple[str, bytes], ...] = field(repr=False)
    rows: tuple[int, ...]
    losses: tuple[str, ...]


def written(known: Known, *, format: str, zone: ZoneInfo) -> Written:
    """
    Write what is known in a format: godata-csv, godata-json, sormas, csv or xlsx. Raises ValueError for another.

    >>> written(Known(), format="csv", zone=ZoneInfo("Asia/Shanghai")).rows
    (0, 0, 0, 0, 0, 0, 0)
    """
    if format not in FORMATS:
        raise ValueError(
            f"{format} is no format written here; expected one of {', '.join(FORMATS)}"
        )
    lost: Counter[str] = Counter()
    if format.startswith("godata"):
        tables = _godata(known, zone, lost)
        make = _csv if format == "godata-csv" else _json
        ending = format.removeprefix("godata-")
        files = tuple((f"{name}.{ending}", make(rows)) for name, rows in tables.items())
    elif format == "sormas":
        tables = _sormas(known, zone, lost)
        files = tuple(
            (f"{name}.csv", _three_headers(rows, entity))
            for (name, rows), entity in zip(tables.items(), ("CaseData", "Contact"), strict=True)
        )
    else:
        tables = _plain(known, zone, lost)
        files = tuple((f"{name}.csv", _csv(rows, _TAGS[name])) for name, rows in tables.items())
        if format == "xlsx":
            sheets = {name: _lines(rows, _TAGS[name]) for name, rows in tables.items()}
            files = (("tracing.xlsx", _xlsx(sheets)),)
    if not known.identities and any(row.personal for row in known.carried):
        lost["names, numbers and addresses, which were not asked for with a purpose"] = sum(
            bool(row.personal) for row in known.carried
        )
    return Written(
        files=files, rows=tuple(len(rows) for rows in tables.values()),
        losses=tuple(f"left out: {what} ({n} rows)" for what, n in sorted(lost.items()) if n),
    )  # fmt: skip


def _godata(known: Known, zone: ZoneInfo, lost: Counter[str]) -> dict[str, list[Row]]:
    names = _names(known.keys)
    carried = {(row.table, row.node): row for row in known.carried if row.system == "godata"}
    cases = []
    for case in known.cases:
        now = {
            "classification": case.classification, "outcome": case.outcome, "onset": case.onset,
            "reported": _day(case.reported, zone), "isolated": _day(case.isolated, zone),
        }  # fmt: skip
        _count_losses(case, lost)
        fresh = {
            "id": names.get(case.person, case.id), "classification": "classification", "outcomeId": "outcome",
            "dateOfOnset": "onset", "dateOfReporting": "reported",
        }  # fmt: skip
        cases.append(
            _row(carried.get(("case", case.id)), now, fresh, known.identities.get(case.person))
        )
    for case in known.cases:
        # A SORMAS or line-list case goes to Go.Data as a case of its own, with the columns Go.Data knows.
        lost["columns of the system a case came from"] += ("case", case.id) not in carried and any(
            row.node == case.id for row in known.carried
        )
    relationships = []
    for e in known.exposures:
        ends = {f"{end}Person.{name}": value for end in ("source", "target") for name, value in (
            ("id", names.get(getattr(e, end), getattr(e, end))),
            ("type", _LNG + "PERSON_TYPE_" + _kind_of(getattr(e, end), known)),
        )}  # fmt: skip
        now = {
            name: getattr(e, name)
            for name in (
                "first_contact",
                "last_contact",
                "certainty",
                "kind",
                "setting",
                "frequency",
                "duration",
            )
        }
        for name in ("kind", "setting"):
            unsaid = (
                getattr(e, name).value not in {"unknown", "other"}
                and getattr(e, name) not in OUTSIDE_WORDS[name]
            )
            lost[f"{name} of exposure that Go.Data has no word for"] += (
                unsaid and ("pair", e.id) not in carried
            )
        lost["proposals of contacts not yet judged"] += e.state.value == "proposed"
        fresh = ends | {
            "dateOfFirstContact": "first_contact", "contactDate": "last_contact", "certaintyLevelId": "certainty",
            "exposureTypeId": "kind", "socialRelationshipTypeId": "setting", "exposureFrequencyId": "frequency",
            "exposureDurationId": "duration",
        }  # fmt: skip
        relationships.append(_row(carried.get(("pair", e.id)), now, fresh, None))
    contacts = [
        _row(row, {}, {}, known.identities.get(row.node))
        for row in known.carried
        if (row.system, row.table) == ("godata", "contact")
    ]
    events = [
        _row(carried.get(("event", g.id)), {"title": g.title, "first_day": g.first_day, "last_day": g.last_day},
             {"id": names.get(g.id, g.id), "name": "title", "date": "first_day", "endDate": "last_day", "eventCategory": ""}, None)
        for g in known.gatherings
    ]  # fmt: skip
    follow_ups = [
        _row(carried.get(("follow_up", f.id)), {"day": f.day, "result": f.result, "number": f.number},
             {"id": f.id, "contact.id": names.get(f.person, f.person), "personId": names.get(f.person, f.person), "date": "day",
              "index": "number", "statusId": "result"}, None)
        for f in known.follow_ups
    ]  # fmt: skip
    tests = [
        _row(carried.get(("test", t.id)), {"test_result": t.result, "sampled": t.sampled, "tested": t.tested, "resulted": t.resulted},
             {"id": t.id, "personId": names.get(t.person, t.person), "sampleIdentifier": t.id, "dateSampleTaken": "sampled",
              "dateTesting": "tested", "dateOfResult": "resulted", "result": "test_result"}, None)
        for t in known.tests
    ]  # fmt: skip
    lost["visits, for which Go.Data has no table"] += len(known.visits)
    lost["venues, for which Go.Data has no table"] += len(known.venues)
    locations = [_row(row, {}, {}, None) for row in known.carried if row.table == "location"]
    return {
        "cases": cases, "contacts": contacts, "relationships": relationships, "events": events, "follow_ups": follow_ups,
        "lab_results": tests, "locations": locations,
    }  # fmt: skip


def _sormas(known: Known, zone: ZoneInfo, lost: Counter[str]) -> dict[str, list[Row]]:
    names = _names(known.keys)
    carried = {(row.table, row.node): row for row in known.carried if row.system == "sormas"}
    cases, contacts = [], []
    of_person: dict[str, Case] = {case.person: case for case in known.cases}
    for case in known.cases:
        now: dict[str, Any] = {
            "disease": case.disease, "classification": case.classification, "outcome": case.outcome, "onset": case.onset,
            "reported": _day(case.reported, zone),
        }  # fmt: skip
        lost["moments of isolation, for which SORMAS asks a quarantine order"] += (
            case.isolated is not None
        )
        fresh = {
            "uuid": names.get(case.person, case.id), "disease": "disease", "reportDate": "reported",
            "caseClassification": "classification", "outcome": "outcome", "symptoms.onsetDate": "onset",
        }  # fmt: skip
        cases.append(
            _row(
                carried.get(("case", case.id)),
                now,
                fresh,
                known.identities.get(case.person),
                sormas=True,
            )
        )
    for e in known.exposures:
        source = of_person.get(e.source)
        row = carried.get(("contact", e.target))
        if not e.target.startswith("p-") or (source is None and row is None):
            lost["exposures that do not lead from a case to a person"] += 1
            continue
        now = {
            "first_contact": e.first_contact,
            "last_contact": e.last_contact,
            "certainty": e.certainty,
        }
        fresh = {
            "uuid": e.id, "sourceCaseUuid": names.get(e.source, e.source), "disease": source.disease if source else "",
            "contactClassification": "certainty", "firstContactDate": "first_contact", "lastContactDate": "last_contact",
            "person.uuid": names.get(e.target, e.target),
        }  # fmt: skip
        contacts.append(_row(row, now, fresh, known.identities.get(e.target), sormas=True))
    lost["gatherings"] += len(known.gatherings)
    lost["visits"] += len(known.visits)
    lost["venues"] += len(known.venues)
    lost["follow-ups"] += len(known.follow_ups)
    lost["tests"] += len(known.tests)
    return {"cases": cases, "contacts": contacts}


_TAGS: Mapping[str, Mapping[str, str]] = {
    "cases": {"id": "#meta+id", "person": "#meta+person+id", "area": "#adm+code", "disease": "#cause", "classification": "#status+case",
              "onset": "#date+onset", "sampled": "#date+sampled", "reported": "#date+reported", "confirmed": "#date+confirmed",
              "isolated": "#date+isolated", "mode": "#channel+detection", "origin": "#origin", "severity": "#severity",
              "outcome": "#status+outcome", "incident": "#event+id"},
    "exposures": {"id": "#meta+id", "from": "#meta+source+id", "to": "#meta+target+id", "area": "#adm+code", "first_contact": "#date+start",
                  "last_contact": "#date+end", "kind": "#contact+type", "duration": "#contact+duration", "frequency": "#contact+frequency",
                  "setting": "#loc+type", "certainty": "#status+certainty", "state": "#status", "told_by": "#meta+source"},
    "visits": {"id": "#meta+id", "person": "#meta+person+id", "place": "#loc+id", "since": "#date+start", "until": "#date+end",
               "role": "#group+role", "mask": "#indicator+mask", "indoors": "#indicator+indoors"},
    "venues": {"id": "#loc+id", "area": "#adm+code", "name_zh": "#loc+name+i_zh", "name_en": "#loc+name+i_en", "setting": "#loc+type",
               "usual_people": "#capacity", "longitude": "#geo+lon", "latitude": "#geo+lat"},
    "gatherings": {"id": "#meta+id", "area": "#adm+code", "title": "#event+name", "first_day": "#date+start", "last_day": "#date+end",
                   "setting": "#loc+type"},
    "follow_ups": {"id": "#meta+id", "person": "#meta+person+id", "day": "#date", "result": "#status", "number": "#meta+number"},
    "tests": {"id": "#meta+id", "person": "#meta+person+id", "result": "#status+test", "sampled": "#date+sampled", "tested": "#date+tested",
              "resulted": "#date+result", "sample_kind": "#item+sample", "test_kind": "#item+test"},
}  # fmt: skip


def _plain(known: Known, zone: ZoneInfo, lost: Counter[str]) -> dict[str, list[Row]]:
    lost["columns carried along for other systems"] += len(known.carried)
    rename = {"source": "from", "target": "to"}
    nouns: dict[str, Sequence[Any]] = {
        "cases": known.cases, "exposures": known.exposures, "visits": known.visits, "venues": known.venues,
        "gatherings": known.gatherings, "follow_ups": known.follow_ups, "tests": known.tests,
    }  # fmt: skip
    back = {new: old for old, new in rename.items()}
    return {
        name: [
            {column: _text(getattr(noun, back.get(column, column) if name == "exposures" else column), zone) for column in _TAGS[name]}
            for noun in found
        ]
        for name, found in nouns.items()
    }  # fmt: skip


def _row(
    carried: CarriedRow | None, now: Mapping[str, Any], fresh: Mapping[str, str], who: Identity | None, *, sormas: bool = False
) -> Row:  # fmt: skip
    """A row as it came, its changed fields written anew; a new one from `fresh` (column: our field, or the text)."""
    if carried is None:
        return {
            column: _outside(told, now[told], sormas=sormas) if told in now else told
            for column, told in fresh.items()
        }
    made: Row = {}
    for header, text in carried.fields:
        ours = next(
            (
                name
                for name in now
                if header_word(header) in COLUMNS.get(name, ())
                or header_word(header) == f"symptoms{name}date"
            ),
            None,
        )
        made[header] = (
            text
            if ours is None or _same(ours, text, now[ours])
            else _outside(ours, now[ours], sormas=sormas)
        )
    if who is not None:
        held = {
            "name": who.name,
            "phone": who.phone,
            "address": who.address,
            "certificate": who.certificate,
        }
        for header, vault, length in carried.personal:
            if vault == "born":
                made[header] = _born(header, who.born) if length else ""
                continue
            made[header] = held[vault][:length]
            held[vault] = held[vault][length + 1 :] if length else held[vault]
    return made


def _born(header: str, born: date | None) -> str:
    if born is None:
        return ""
    for ending, part in (("dd", born.day), ("mm", born.month), ("yyyy", born.year)):
        if header_word(header).endswith(f"birthdate{ending}"):
            return str(part)
    return born.isoformat()


def _same(name: str, text: str, value: Any) -> bool:
    """Whether a sender's text still says what we now know; blank says nothing, and so do the words for nothing."""
    if name in WORDS:
        return word_of(name, text) == value or (not text and str(getattr(value, "value", value)) in {"unknown", "pending", "not_performed", "suspected", "confirmed"})  # fmt: skip
    if isinstance(value, date):
        clean = text.replace(".", "/") if "." in text[:6] else text
        found = [
            read_day(clean[:10] if "T" in clean else clean, date_form([clean], order=order))
            for order in ("mdy", "dmy")
        ]
        return any(not isinstance(day, Refused) and day[0] == value for day in found)
    return (
        text == ("" if value is None else str(value))
        or value is None
        or name in {"disease", "number"}
    )


def _outside(name: str, value: Any, *, sormas: bool) -> str:
    """A value in the words of the other system; blank where it has none."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if sormas and isinstance(value, Classification):
        return _SORMAS_WORDS[value]
    if sormas and name == "outcome":
        return _SORMAS_OUTCOME[value.value]
    if sormas and isinstance(value, Certainty):
        return _SORMAS_CERTAINTY[value]
    if name in OUTSIDE_WORDS:
        word = OUTSIDE_WORDS[name].get(value)
        return f"{_LNG}{_CATEGORY[name]}_{word}" if word else ""
    return str(value)


def _count_losses(case: Case, lost: Counter[str]) -> None:
    lost["that a case is without symptoms (written as confirmed)"] += (
        case.classification is Classification.ASYMPTOMATIC
    )
    lost["that a case is a repeat positive (written as confirmed)"] += (
        case.classification is Classification.REPEAT_POSITIVE
    )
    lost["severity"] += case.severity is not Severity.UNKNOWN
    lost["how a case was found"] += case.mode.value != "any"
    lost["where a case was infected (local, other province, abroad)"] += (
        case.origin.value != "unknown"
    )


def _kind_of(node: str, known: Known) -> str:
    if not node.startswith("p-"):
        return "EVENT"
    return "CASE" if any(case.person == node for case in known.cases) else "CONTACT"


def _names(keys: Iterable[OutsideKey]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key in keys:
        found.setdefault(key.node, key.key)
    return found


def _day(moment: datetime | None, zone: ZoneInfo) -> date | None:
    return moment.astimezone(zone).date() if moment else None


def _text(value: Any, zone: ZoneInfo) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    return str(value.value) if hasattr(value, "value") else str(value)


def _lines(rows: Sequence[Row], tags: Mapping[str, str] | None = None) -> list[list[str]]:
    header = list(tags) if tags else list(dict.fromkeys(name for row in rows for name in row))
    lines = [header]
    if tags:
        lines.append([tags[name] for name in header])
    return lines + [[row.get(name, "") for name in header] for row in rows]


def _csv(rows: Sequence[Row], tags: Mapping[str, str] | None = None) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(
        [_safe(cell) for cell in line] for line in _lines(rows, tags)
    )
    return out.getvalue().encode("utf-8-sig")


def _safe(cell: str) -> str:
    """A cell no spreadsheet takes for a formula."""
    return (
        f"'{cell}"
        if cell[:1] in {"=", "@"} or (cell[:1] in {"+", "-"} and cell[1:2].isalpha())
        else cell
    )


def _three_headers(rows: Sequence[Row], entity: str) -> bytes:
    lines = _lines(rows)
    above = [_entity_of(name, entity) for name in lines[0]]
    captions = [f"##{name}" if i == 0 else name for i, name in enumerate(lines[0])]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(
        [above, lines[0], captions, *([_safe(c) for c in line] for line in lines[1:])]
    )
    return out.getvalue().encode("utf-8-sig")


def _entity_of(header: str, entity: str) -> str:
    if header.startswith("person."):
        return "Person"
    return entity


def _json(rows: Sequence[Row]) -> bytes:
    return json.dumps([_nested(row) for row in rows], ensure_ascii=False, indent=1).encode()


def _nested(row: Row) -> dict[str, Any]:
    """A row with dotted names as objects within objects, and the ends of a relationship as its list of persons."""
    made: dict[str, Any] = {}
    for name, text in row.items():
        steps = name.split(".")
        at = made
        for step in steps[:-1]:
            at = at.setdefault(step, {}) if isinstance(at.get(step, {}), dict) else at
        at[steps[-1]] = text
    ends = [(made.pop(f"{end}Person", None), end) for end in ("source", "target")]
    if all(isinstance(person, dict) for person, _ in ends):
        made["persons"] = [
            {**person, end: True} for person, end in ends if isinstance(person, dict)
        ]
    return made


def _xlsx(sheets: Mapping[str, Sequence[Sequence[str]]]) -> bytes:
    """A workbook of text cells, one sheet per table: the few parts the format asks for, and no library for it."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:

        def put(name: str, content: str) -> None:
            book.writestr(
                zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), head + content, zipfile.ZIP_DEFLATED
            )

        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
        parts = "".join(
            f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{kind}.worksheet+xml"/>'
            for i in range(1, len(sheets) + 1)
        )
        put("[Content_Types].xml", f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>{parts}</Types>')  # fmt: skip
        put("_rels/.rels", f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>')  # fmt: skip
        listed = "".join(
            f'<sheet name="{escape(name)}" sheetId="{i}" r:id="rId{i}"/>'
            for i, name in enumerate(sheets, start=1)
        )
        put(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{listed}</sheets></workbook>',
        )
        links = "".join(
            f'<Relationship Id="rId{i}" Type="{office}/worksheet" Target="worksheets/sheet{i}.xml"/>'
            for i in range(1, len(sheets) + 1)
        )
        put(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships">{links}</Relationships>',
        )
        for i, lines in enumerate(sheets.values(), start=1):
            rows = "".join(
                f'<row r="{r}">'
                + "".join(
                    f'<c t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
                    for cell in line
                )
                + "</row>"
                for r, line in enumerate(lines, start=1)
            )
            put(
                f"xl/worksheets/sheet{i}.xml",
                f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
            )
    return out.getvalue()
