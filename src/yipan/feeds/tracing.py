"""Files of other tracing systems: cases, contacts, exposures, gatherings, follow-ups, tests and visits."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from yipan.model import (
    Area,
    AreaPath,
    CarriedRow,
    Case,
    Classification,
    Exposure,
    FollowUp,
    FollowUpResult,
    Gathering,
    Identity,
    NodeId,
    Outcome,
    OutsideKey,
    PersonId,
    PersonTest,
    Setting,
    TestResult,
    Venue,
    Visit,
    VisitRole,
    node_id,
)

from .areas import AreaNames
from .casewords import (
    CASE_KEYS,
    COLUMNS,
    CONTACT_KEYS,
    DISEASES,
    EVENT_KEYS,
    FREE_TEXT,
    SOURCE_KEYS,
    TARGET_KEYS,
    WORDS,
    personal_field,
    word_of,
)
from .dates import DateForm, date_form, plain, read_day
from .frame import (
    HIDDEN,
    MOST_PROBLEMS,
    CannotRead,
    Problem,
    ReadReport,
    Refused,
    file_problem,
    gathered,
)
from .reading import file_hash, new_pseudonym
from .sheets import Sheet, header_word, open_sheet

_DAYS = (
    "onset",
    "infected",
    "died",
    "first_contact",
    "last_contact",
    "first_day",
    "last_day",
    "day",
    "tested",
    "resulted",
)
_INSTANTS = ("reported", "sampled", "confirmed", "isolated", "since", "until")
_TABLES = {
    "CaseData": "case", "Contact": "contact", "Event": "event", "EventParticipant": "participant", "Person": "contact",
}  # fmt: skip
_NOT_READ = {
    "SelfReport": "self-reports", "TravelEntry": "travel entries", "Environment": "environments",
}  # fmt: skip
_PLACES = {
    "epidcode": "regions and districts", "isocode": "countries", "publicownership": "facilities", "pointofentrytype": "points of entry",
    "formdate": "campaign forms", "pointofentry": "travel entries", "archived": "infrastructure",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TracingReading:
    """What the files of one outbreak held together; nothing may be committed unless `ok`."""

    reports: tuple[ReadReport, ...]
    cases: tuple[Case, ...] = ()
    identities: tuple[Identity, ...] = field(default=(), repr=False)
    exposures: tuple[Exposure, ...] = ()
    gatherings: tuple[Gathering, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    tests: tuple[PersonTest, ...] = ()
    visits: tuple[Visit, ...] = ()
    venues: tuple[Venue, ...] = ()
    keys: tuple[OutsideKey, ...] = ()
    carried: tuple[CarriedRow, ...] = ()
    areas_of: Dictionary[PersonId, AreaPath] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether no record was wrong and there is something to commit."""
        return not any(r.wrong or (r.problems and not r.accepted) for r in self.reports) and any(
            r.accepted for r in self.reports
        )

    def names(self) -> dict[str, str]:
        """What the files themselves call each person, venue or gathering: the first key of each."""
        found: dict[str, str] = {}
        for key in self.keys:
            found.setdefault(key.node, key.key)
        return found


@dataclass(frozen=True, slots=True)
class _Row:
    """One record with its fields by our names, and what was refused of it."""

    number: int
    cells: tuple[str, ...]
    fields: dict[str, Any]


@dataclass(slots=True)
class _Told:
    problems: list[Problem] = field(default_factory=list)
    notes: list[tuple[int, str, str, str]] = field(default_factory=list)
    wrong: set[int] = field(default_factory=set)

    def refuse(self, number: int, header: str, why: Refused, value: str = "") -> None:
        self.wrong.add(number)
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(why.at(number, header, _showable(value)))


def read_tracing(
    sources: Sequence[Path | tuple[str, bytes]],
    *,
    areas: Iterable[Area] = (),
    area: AreaPath | None = None,
    disease: str | None = None,
    outbreak: str | None = None,
    known: Dictionary[str, NodeId] | None = None,
    pseudonym: Callable[[], PersonId] = new_pseudonym,
    date_order: str | None = None,
    time_zone: str = "Asia/Shanghai",
    bare: bool = False,
    case_numbers: bool = False,
) -> TracingReading:
    r"""
    Read the files of one outbreak together, whatever order they come in, and say everything wrong with them.

    A file is recognised by its columns: Go.Data exports (labels, database names or WHO's cleaned tables),
    SORMAS imports and exports, plain line lists with or without an infector, pairs, visits. `area` is where
    everybody is put whose own area is not known here; `disease` and `outbreak` complete what a file does not
    say. With `bare` cases are named as in their file, without its system before. With `case_numbers` a file of Go.Data
    numbers people as the other files of the outbreak do. `known` gives the people, venues and gatherings already on record by `system:key`. Columns that tell
    who somebody is go to the vault, free text goes nowhere, every other column is carried along.

    Never raises for what stands in a file: the reports say it.

    >>> pairs = ("pairs.csv", b"from,to,exposure\nA,B,school\nA,C,home\n")
    >>> found = read_tracing([pairs], area=AreaPath("44."), disease="measles")
    >>> len(found.exposures), [e.setting.value for e in found.exposures]
    (2, ['school', 'household'])
    """
    opened: list[tuple[str, str, Sheet | Problem, str]] = []
    for source in sources:
        name = source[0] if isinstance(source, tuple) else source.name
        content = source[1] if isinstance(source, tuple) else source
        sha256 = file_hash(content)
        try:
            sheet = open_sheet(content)
            table = _table_of(sheet)
        except CannotRead as refusal:
            opened.append((name, sha256, refusal.problem, ""))
        else:
            opened.append((name, sha256, sheet, table))
    readers = [
        (name, sha256, sheet, table)
        for name, sha256, sheet, table in opened
        if isinstance(sheet, Sheet)
    ]
    reader = _Reader(
        names=AreaNames(areas), area=area, disease=disease, date_order=date_order, zone=ZoneInfo(time_zone),
        pseudonym=pseudonym, known=dict(known or {}),
        outbreak=outbreak or _outbreak_of([name for name, *_ in readers]), bare=bare, case_numbers=case_numbers,
    )  # fmt: skip
    order = (
        "case",
        "contact",
        "event",
        "participant",
        "location",
        "pair",
        "follow_up",
        "test",
        "visit",
    )
    reports: dict[int, ReadReport] = {}
    for index, (name, sha256, found, table) in sorted(
        enumerate(opened), key=lambda entry: order.index(entry[1][3]) if entry[1][3] else -1
    ):
        if isinstance(found, Problem):
            reports[index] = ReadReport(
                file=name, sha256=sha256, format="unreadable", why=found.reason_en, read=0, accepted=0, rejected=0,
                blank=0, problems=(found,),
            )  # fmt: skip
        else:
            reports[index] = reader.read(name, sha256, found, table)
    bad = any(report.wrong or not report.accepted for report in reports.values())
    told = tuple(reports[index] for index in sorted(reports))
    return (
        TracingReading(reports=told) if bad and any(r.wrong for r in told) else reader.reading(told)
    )


def _table_of(sheet: Sheet) -> str:
    """Which table a sheet is, by its row of entities or its columns. Raises CannotRead where none fits."""
    has = {header_word(name) for name in sheet.header}
    if sheet.entities:
        first = sheet.entities[0]
        if first in _NOT_READ:
            raise file_problem(
                f"a SORMAS file of {_NOT_READ[first]}; tracing reads cases, contacts, events and participants",
                f"这是SORMAS的{first}文件；流调只读病例、接触者、事件和参与者", row=1,
            )  # fmt: skip
        if first in _TABLES:
            return _TABLES[first]
    if {"responsibleregion", "pointofentry"} <= has and "personfirstname" not in has:
        raise _not_tracing("travel entries")
    for table, fits in _FITTING:
        if fits(has):
            return table
    if found := next((what for word, what in _PLACES.items() if word in has), None):
        raise _not_tracing(found)
    missing = "a case number (case_id) with a date of onset or report, or two columns of a pair (from, to)"
    raise file_problem(
        f"no columns of cases, contacts, exposures or visits; expected {missing}",
        "找不到病例、接触者、暴露或到访的列", "name the columns so, or see docs/how-to/tracing.md", row=1,
    )  # fmt: skip


def _not_tracing(what: str) -> CannotRead:
    return file_problem(
        f"a file of {what}; tracing reads cases, contacts, events, exposures, follow-ups, tests and visits",
        "这不是流调数据文件", row=1,
    )  # fmt: skip


def _is_line_list(has: set[str]) -> bool:
    dated = any(
        has & set(COLUMNS[name])
        for name in ("onset", "reported", "confirmed", "infected", "sampled")
    )
    known = bool(has & set(CASE_KEYS)) or "personfirstname" in has
    return known and (dated or bool(has & {"classification", "caseclassification"}))


_PAIR_SOURCES = frozenset(SOURCE_KEYS) - {"caseidexternalsystem", "sourcecaseuuid"}
_PAIR_TARGETS = frozenset(TARGET_KEYS) - {"caseid", "id", "contactid"}
_FITTING: tuple[tuple[str, Callable[[set[str]], bool]], ...] = (
    ("pair", lambda has: bool(has & _PAIR_SOURCES and has & _PAIR_TARGETS) and not _is_line_list(has)),
    ("pair", lambda has: {"infector", "caseid"} <= has and not _is_line_list(has)),
    ("visit", lambda has: all(has & set(COLUMNS[name]) for name in ("since", "until", "place"))),
    ("follow_up", lambda has: bool(
        has & {"followupstatus", "dateoffollowup", "statusid"} and has & {"dateoffollowup", "date"}
        and has & {"contactid", "contactuuid", "personid", "contactvisualid"}
    )),
    ("test", lambda has: bool({"sampleidentifier", "datesampletaken"} & has and {"result", "personid"} & has)),
    ("event", lambda has: bool(has & {"eventname", "eventtitle"}) or {"name", "date", "eventcategory"} <= has),
    ("location", lambda has: {"adminlevel", "parentlocationid", "locationid"} <= has and "uuid" not in has),
    ("contact", lambda has: "classification" not in has
        and bool(has & {"contactid", "contactstatus", "wascase", "dateofbecomingcontact"})),
    ("contact", lambda has: {"reportdatetime", "personfirstname"} <= has and "responsibleregion" not in has),
    ("case", _is_line_list),
    ("pair", lambda has: "sourcepersonid" in has),
)  # fmt: skip
"""How a table is known by its columns; the first that fits."""


def _outbreak_of(names: Sequence[str]) -> str:
    stems = [name.rsplit(".", 1)[0] for name in names] or ["outbreak"]
    common = stems[0]
    for stem in stems[1:]:
        while common and not stem.startswith(common):
            common = common[:-1]
    for ending in ("linelist", "line_list", "cases", "contacts"):
        common = common.removesuffix(ending)
    return "".join(sign if sign.isalnum() else "_" for sign in common).strip("_") or "outbreak"


def _showable(text: str) -> str:
    """A value as a problem may show it: dates, numbers and codes; a word might be somebody's name."""
    clean = plain(text)
    coded = (
        any(sign.isdigit() or sign == "_" for sign in clean)
        and len(clean) <= 30
        and " " not in clean
    )
    return text if not text or coded else HIDDEN


@dataclass(slots=True)
class _Reader:
    names: AreaNames
    area: AreaPath | None
    disease: str | None
    date_order: str | None
    zone: ZoneInfo
    pseudonym: Callable[[], PersonId]
    known: dict[str, NodeId]
    outbreak: str
    bare: bool = False
    case_numbers: bool = False
    system: str = ""
    cases: dict[str, Case] = field(default_factory=dict)
    identities: dict[PersonId, Identity] = field(default_factory=dict)
    exposures: dict[str, Exposure] = field(default_factory=dict)
    gatherings: dict[str, Gathering] = field(default_factory=dict)
    follow_ups: dict[str, FollowUp] = field(default_factory=dict)
    tests: dict[str, PersonTest] = field(default_factory=dict)
    visits: dict[str, Visit] = field(default_factory=dict)
    venues: dict[str, Venue] = field(default_factory=dict)
    keys: dict[str, OutsideKey] = field(default_factory=dict)
    carried: dict[str, CarriedRow] = field(default_factory=dict)
    areas_of: dict[PersonId, AreaPath] = field(default_factory=dict)
    infected_by: list[tuple[str, str]] = field(default_factory=list)

    def reading(self, reports: tuple[ReadReport, ...]) -> TracingReading:
        return TracingReading(
            reports=reports, cases=tuple(self.cases.values()), identities=tuple(self.identities.values()),
            exposures=tuple(self.exposures.values()), gatherings=tuple(self.gatherings.values()),
            follow_ups=tuple(self.follow_ups.values()), tests=tuple(self.tests.values()), visits=tuple(self.visits.values()),
            venues=tuple(self.venues.values()), keys=tuple(self.keys.values()), carried=tuple(self.carried.values()), areas_of=dict(self.areas_of),
        )  # fmt: skip

    def read(self, name: str, sha256: str, sheet: Sheet, table: str) -> ReadReport:
        words = [header_word(header) for header in sheet.header]
        self.system = _system_of(sheet, words, self.outbreak)
        if self.case_numbers and self.system == "godata":
            self.system = self.outbreak
        told = _Told()
        at = {ours: _position(words, sheet, aliases) for ours, aliases in COLUMNS.items()}
        forms = self._forms(sheet, at)
        keys_at = {
            "case": CASE_KEYS, "contact": CONTACT_KEYS, "participant": ("personuuid",), "event": EVENT_KEYS,
        }.get(table, CASE_KEYS)  # fmt: skip
        keyed = [position for key in keys_at for position, word in enumerate(words) if word == key]
        if table == "case" and not keyed and self.system != "sormas":
            keyed = _telling_column(sheet)
        ambiguous = _repeated(sheet, keyed[1:])
        for word, position in _dropped(sheet):
            told.notes.append(
                (1, sheet.header[position], f"free text is not kept ({word})", "自由文本不保留")
            )
        blank = 0
        seen: dict[str, tuple[int, tuple[str, ...]]] = {}
        repeated = 0
        if not sheet.rows:
            told.problems.append(Refused(
                en="a header and no rows", zh="只有表头，没有数据", suggestion="was the export filtered?"
            ).at(0, ""))  # fmt: skip
        make = getattr(self, f"_make_{table}")
        for number, cells in sheet.rows:
            if not any(cells):
                blank += 1
                continue
            keys = [
                cells[i] for i in keyed if cells[i] and (i == keyed[0] or cells[i] not in ambiguous)
            ]
            if table in {"case", "contact", "event"} and keys:
                before = seen.setdefault(keys[0], (number, cells))
                if before[0] != number:
                    if before[1] == cells:
                        repeated += 1
                        told.notes.append(
                            (
                                number,
                                "",
                                "says again what an earlier row said",
                                "与前面的行完全相同",
                            )
                        )
                    else:
                        told.refuse(number, sheet.header[keyed[0]], Refused(
                            en=f"rows {before[0]} and {number} have one number and differ",
                            zh=f"第{before[0]}行与第{number}行编号相同但内容不同",
                            suggestion="keep the right one; a correction comes as a later file",
                        ), keys[0])  # fmt: skip
                    continue
            row = _Row(number, cells, {"keys": keys, "words": words, "sheet": sheet, "at": at})
            self._fill(row, sheet, at, forms, table, told)
            if number in told.wrong:
                continue
            try:
                make(row, told)
            except ValueError as wrong:
                told.refuse(number, "", Refused(en=_impersonal(str(wrong)), zh="前后矛盾"))
        count = len(sheet.rows)
        good = count - blank - len(told.wrong)
        accepted = 0 if told.wrong else good
        return ReadReport(
            file=name, sha256=sha256, format=f"{self.system} {table}", why=sheet.why, read=count, accepted=accepted,
            rejected=count - blank - accepted, blank=blank, wrong=len(told.wrong), repeated=repeated if accepted else 0,
            problems=tuple(sorted(told.problems, key=lambda problem: problem.row)), notes=gathered(told.notes),
            more_problems=max(0, len(told.wrong) - MOST_PROBLEMS),
        )  # fmt: skip

    def _forms(self, sheet: Sheet, at: Dictionary[str, int | None]) -> dict[str, DateForm]:
        """How dates are written: one file has one language, so all its columns decide together."""
        columns = {
            name: position for name in (*_DAYS, *_INSTANTS) if (position := at[name]) is not None
        }
        texts = {
            name: [_slashed(cells[position]) for _, cells in sheet.rows]
            for name, position in columns.items()
        }
        dotted = all(
            "." in cells[p] or not cells[p] for p in columns.values() for _, cells in sheet.rows
        )
        together = date_form(text for column in texts.values() for text in column).order
        order = self.date_order or together or ("dmy" if dotted else None)
        return {name: date_form(column, order=order) for name, column in texts.items()}

    def _fill(
        self, row: _Row, sheet: Sheet, at: Dictionary[str, int | None], forms: Dictionary[str, DateForm], table: str,
        told: _Told,
    ) -> None:  # fmt: skip
        for name in _USED[table]:
            position = at[name]
            text = "" if position is None else row.cells[position]
            header = name if position is None else sheet.header[position]
            value: object = text or None
            if name in _DAYS and text:
                found = read_day(_slashed(text), forms[name])
                value = found if isinstance(found, Refused) else found[0]
            elif name in _INSTANTS and text:
                value = _instant(_slashed(text), forms[name], self.zone)
            elif name in _YES_NO and text:
                value = _yes_or_no(text)
            elif name in _NUMBERS and text:
                value = _number(text, *_NUMBERS[name])
            elif name == "venue_setting" and text:
                value = word_of("setting", text) or Setting.OTHER
            elif name in WORDS and text:
                value = word_of(name, text)
                if value is None and name in {"kind", "setting", "origin"}:
                    told.notes.append(
                        (
                            row.number,
                            header,
                            "words not known here were read as other",
                            "未知的词按“其他”读",
                        )
                    )
                    value = None if name == "origin" else word_of(name, "other")
                elif value is None:
                    known = sorted({entry.value for entry in WORDS[name].values()})
                    value = Refused(
                        en=f"is not a known {name.replace('_', ' ')}", zh="不是已知的取值",
                        suggestion=f"one of {', '.join(known)}",
                    )  # fmt: skip
            if isinstance(value, Refused):
                told.refuse(row.number, header, value, text)
                value = None
            row.fields[name] = value

    def _place(self, row: _Row, told: _Told) -> AreaPath | None:
        text, parent = row.fields.get("area") or "", row.fields.get("parent") or ""
        if not text:
            text, parent = parent, ""
        found = self.names.resolve(text, parent, hint=False) if text else None
        if isinstance(found, str):
            return found
        if self.area is not None:
            if text:
                told.notes.append(
                    (
                        row.number,
                        "area",
                        f"areas not known here are taken as {self.area}",
                        f"未知地区按{self.area}处理",
                    )
                )
            return self.area
        told.refuse(row.number, "area", found or Refused(
            en="the area is missing", zh="缺少地区", suggestion="name it with --area"
        ), text)  # fmt: skip
        return None

    def _node(self, keys: Sequence[str], kind: str, area: AreaPath) -> NodeId:
        """The node known under any of these keys, or a new one; all keys lead to it from now on."""
        names = [f"{self.system}:{key}" for key in keys]
        node = next((self.known[name] for name in names if name in self.known), None)
        if node is None:
            node = (
                node_id(self.pseudonym()) if kind == "p" else node_id(f"{kind}-{_digest(*names)}")
            )
        for name, key in zip(names, keys, strict=True):
            if self.known.setdefault(name, node) == node and name not in self.keys:
                self.keys[name] = OutsideKey(
                    id=name, area=area, system=self.system, key=key, node=node
                )
        if node.startswith("p-"):
            self.areas_of.setdefault(PersonId(node), area)
        return node

    def _person(self, row: _Row, area: AreaPath) -> PersonId:
        keys = row.fields["keys"]
        person = PersonId(self._node(keys, "p", area)) if keys else self.pseudonym()
        self.areas_of.setdefault(person, area)
        return person

    def _keep(
        self, row: _Row, table: str, node: str, area: AreaPath, *, who: PersonId | None
    ) -> None:
        """Carry every column that tells nobody, and put those that do into the vault."""
        sheet: Sheet = row.fields["sheet"]
        fields: list[tuple[str, str]] = []
        personal: list[tuple[str, str, int]] = []
        held: dict[str, list[str]] = {
            "name": [],
            "phone": [],
            "address": [],
            "certificate": [],
            "born": [],
        }
        for header, text in zip(sheet.header, row.cells, strict=True):
            if header_word(header.split(" [")[0].split(".")[-1]) in FREE_TEXT:
                continue
            vault = personal_field(header) if _belongs_to_person(table, header) else None
            if vault is None:
                fields.append((header, text))
            elif who is not None:
                personal.append((header, vault, len(text)))
                if text:
                    held[vault].append(text)
        name = f"{self.system}:{table}:{(row.fields['keys'] or [_digest(*row.cells)])[0]}"
        self.carried[name] = CarriedRow(
            id=name, area=area, system=self.system, table=table, node=node, fields=tuple(fields),
            personal=tuple(personal),
        )  # fmt: skip
        if who is not None and any(held.values()) and who not in self.identities:
            self.identities[who] = Identity(
                person=who, name=" ".join(held["name"]), certificate=" ".join(held["certificate"]),
                phone=" ".join(held["phone"]), address=" ".join(held["address"]), born=_birth(held["born"], self.date_order),
            )  # fmt: skip

    def _make_case(self, row: _Row, told: _Told) -> None:
        f = row.fields
        area = self._place(row, told)
        disease = _disease(f["disease"]) or self.disease
        if not disease:
            told.refuse(row.number, "disease", Refused(
                en="the disease is missing", zh="缺少病种", suggestion="fill it in or name it with --disease"
            ))  # fmt: skip
        if self.system == "sormas":
            self._need_names(row, told)
        if not f["keys"]:
            if self.system != "sormas":
                told.refuse(
                    row.number, "case_id", Refused(en="the case has no number", zh="缺少病例编号")
                )
            else:
                f["keys"] = [f"row-{_digest(*sorted(row.cells))}"]
        if row.number in told.wrong or area is None or not disease:
            return
        kind = f["classification"]
        if kind is None:
            kind = (
                Classification.CONFIRMED
                if f["at"]["classification"] is None
                else Classification.SUSPECTED
            )
            told.notes.append(
                (row.number, "classification", f"no classification: read as {kind.value}", "无分类")
            )
        onset = f["onset"] or None
        if kind is Classification.ASYMPTOMATIC and onset is not None:
            told.refuse(row.number, "classification", Refused(
                en="is asymptomatic and yet has an onset", zh="无症状却有发病日期", suggestion="remove the onset or say confirmed",
            ))  # fmt: skip
            return
        sampled, confirmed = f["sampled"], f["confirmed"]
        if sampled and confirmed and sampled > confirmed:
            told.refuse(row.number, "confirmed", Refused(
                en="was confirmed before it was sampled", zh="确诊早于采样", suggestion="check both instants"
            ))  # fmt: skip
            return
        person = self._person(row, area)
        outcome = f["outcome"] or (Outcome.DIED if f["died"] else Outcome.PENDING)
        name = f["keys"][0] if self.bare else f"{self.system}:{f['keys'][0]}"
        self.cases[name] = Case(
            id=name, person=person, area=area, disease=disease, classification=kind, onset=onset, sampled=sampled,
            reported=f["reported"], confirmed=confirmed, isolated=f["isolated"], outcome=outcome,
            **({"origin": f["origin"]} if f["origin"] else {}),
        )  # fmt: skip
        self._keep(row, "case", name, area, who=person)
        if f["infector"]:
            self._pair([f["infector"]], f["keys"][:1], row, area)
        self._samples(row, person, area)

    def _need_names(self, row: _Row, told: _Told) -> None:
        words = row.fields["words"]
        for word, header in (
            ("personlastname", "person.lastName"),
            ("personfirstname", "person.firstName"),
        ):
            if word in words and not row.cells[words.index(word)]:
                told.refuse(row.number, header, Refused(en="is missing", zh="缺失"))
        if "personsex" in words:
            text = row.cells[words.index("personsex")]
            if text and header_word(text) not in {
                "male",
                "female",
                "other",
                "unknown",
                "m",
                "f",
                "男",
                "女",
                "männlich",
                "weiblich",
            }:
                told.refuse(row.number, "person.sex", Refused(
                    en="is not a known sex", zh="不是已知的性别", suggestion="one of MALE, FEMALE, OTHER, UNKNOWN"
                ), "")  # fmt: skip
        for outer, inner in (("responsibleregion", "responsibledistrict"), ("region", "district")):
            if {outer, inner} <= set(words):
                if row.cells[words.index(outer)] and not row.cells[words.index(inner)]:
                    told.refuse(row.number, inner, Refused(
                        en="the district is missing where the region is given", zh="缺少区县"
                    ))  # fmt: skip
                return

    def _make_contact(self, row: _Row, told: _Told) -> None:
        if self.system == "sormas":
            self._need_names(row, told)
        area = self._place(row, told)
        if row.number in told.wrong or area is None:
            return
        words = row.fields["words"]
        keys = row.fields["keys"] or [f"row-{_digest(*sorted(row.cells))}"]
        row.fields["keys"] = keys
        person = self._person(row, area)
        self._keep(row, "contact", person, area, who=person)
        for word in ("sourcecaseuuid", "caseidexternalsystem", "relatedid", "sourceuuid"):
            if word in words and row.cells[words.index(word)]:
                self._pair([row.cells[words.index(word)]], keys[:1], row, area)
                return

    def _make_event(self, row: _Row, told: _Told) -> None:
        f = row.fields
        area = self._place(row, told)
        title = f["title"]
        if not title:
            told.refuse(row.number, "title", Refused(en="the event has no title", zh="缺少名称"))
        if row.number in told.wrong or area is None:
            return
        f["keys"] = f["keys"] or [f"row-{_digest(*sorted(row.cells))}"]
        node = self._node(f["keys"], "g", area)
        self.gatherings[node] = Gathering(
            id=node,
            area=area,
            title=title.strip(),
            first_day=f["first_day"],
            last_day=f["last_day"],
        )
        self._keep(row, "event", node, area, who=None)
        if self.system == "sormas":
            self._participants(row, node, area)

    def _participants(self, row: _Row, event: NodeId, area: AreaPath) -> None:
        """People told of in the row of an event: one block of columns each."""
        words = row.fields["words"]
        for first in [i for i, word in enumerate(words) if word == "personfirstname"]:
            name = " ".join(text for text in row.cells[first : first + 2] if text)
            if not name:
                continue
            keys = [f"participant-{_digest(event, str(first), *row.cells)}"]
            person = PersonId(self._node(keys, "p", area))
            self.identities.setdefault(person, Identity(person=person, name=name))
            self._put_exposure(event, NodeId(person), row, area)

    def _make_participant(self, row: _Row, told: _Told) -> None:
        self._need_names(row, told)
        area = self._place(row, told)
        if row.number in told.wrong or area is None:
            return
        row.fields["keys"] = row.fields["keys"] or [f"row-{_digest(*sorted(row.cells))}"]
        person = self._person(row, area)
        self._keep(row, "participant", person, area, who=person)
        told.notes.append(
            (
                row.number,
                "",
                "participants name no event; they are people without an exposure",
                "参与者未注明事件",
            )
        )

    def _make_location(self, row: _Row, told: _Told) -> None:
        area = self.area or self._place(row, told)
        if area is not None:
            words = row.fields["words"]
            row.fields["keys"] = [row.cells[words.index("locationid")]]
            self._keep(row, "location", row.fields["keys"][0], area, who=None)

    def _make_pair(self, row: _Row, told: _Told) -> None:
        words = row.fields["words"]
        ends: list[list[str]] = []
        used: set[int] = set()
        source_first = self._ends(words, SOURCE_KEYS, used)
        target_first = self._ends(words, TARGET_KEYS, used)
        for positions, header in ((source_first, "source"), (target_first, "target")):
            told_keys = [row.cells[i] for i in positions if row.cells[i]]
            if not told_keys:
                told.refuse(
                    row.number, header, Refused(en=f"the pair has no {header}", zh="缺少一端")
                )
            ends.append(told_keys)
        if row.number in told.wrong:
            return
        if ends[0][0] == ends[1][0]:
            told.refuse(
                row.number, "", Refused(en="leads from somebody to themselves", zh="两端是同一人")
            )
            return
        area = self._pair_area(ends[1][0])
        if area is None:
            told.refuse(row.number, "area", Refused(
                en="nobody's area is known; name it with --area", zh="缺少地区", suggestion="--area 44."
            ))  # fmt: skip
            return
        own = row.fields["words"]
        row.fields["keys"] = [
            row.cells[own.index(w)] for w in ("uuid", "id") if w in own and own.index(w) not in used
        ][:1]
        exposure = self._pair(ends[0], ends[1], row, area)
        self._keep(row, "pair", exposure, area, who=None)

    @staticmethod
    def _ends(words: Sequence[str], aliases: Sequence[str], used: set[int]) -> list[int]:
        found = [
            words.index(alias)
            for alias in aliases
            if alias in words and words.index(alias) not in used
        ]
        ids = found[:1]
        visual = [i for i in found[1:] if "visualid" in words[i]]
        used.update(ids, visual)
        return ids + visual

    def _pair_area(self, key: str) -> AreaPath | None:
        node = self.known.get(f"{self.system}:{key}")
        return self.areas_of.get(PersonId(node), self.area) if node else self.area

    def _pair(
        self, sources: Sequence[str], targets: Sequence[str], row: _Row, area: AreaPath
    ) -> str:
        words = row.fields["words"]
        kinds = []
        for end in ("source", "target"):
            typed = [row.cells[i] for i, word in enumerate(words) if word == f"{end}persontype"]
            kinds.append("g" if typed and "EVENT" in typed[0].upper() else "p")
        source = self._node(sources[:1], kinds[0], area)
        target = self._node(targets[:1], kinds[1], area)
        return self._put_exposure(source, target, row, area)

    def _put_exposure(self, source: NodeId, target: NodeId, row: _Row, area: AreaPath) -> str:
        f = row.fields
        content = {
            name: f[name]
            for name in (
                "first_contact",
                "last_contact",
                "kind",
                "setting",
                "frequency",
                "duration",
                "certainty",
            )
            if f.get(name) is not None
        }
        first, last = content.get("first_contact"), content.get("last_contact")
        if first and last and first > last:
            raise ValueError(f"first contact {first} lies after last contact {last}")
        number = 0
        while (
            name := f"x-{_digest(source, target, *map(str, content.values()), str(number))}"
        ) in self.exposures:
            number += 1
        self.exposures[name] = Exposure(
            id=name, area=area, source=source, target=target, told_by=self.system, **content
        )
        return name

    def _make_follow_up(self, row: _Row, told: _Told) -> None:
        f = row.fields
        words = f["words"]
        keys = [
            row.cells[words.index(w)]
            for w in ("contactuuid", "personid", "contactid", "contactvisualid")
            if w in words
        ]
        keys = [key for key in keys if key]
        if not keys:
            told.refuse(
                row.number,
                "contact_id",
                Refused(en="the follow-up names nobody", zh="缺少被随访人"),
            )
        if f["day"] is None:
            told.refuse(row.number, "date", Refused(en="the follow-up has no day", zh="缺少日期"))
        area = self._pair_area(keys[0]) if keys else None
        if row.number in told.wrong or area is None:
            return
        number = f["number"]
        if number is not None and not (number.isascii() and number.isdigit()):
            told.refuse(row.number, "number", Refused(en="is not a number", zh="不是数字"), number)
            return
        person = PersonId(self._node(keys[:1], "p", area))
        own = [row.cells[words.index(w)] for w in ("uuid", "id") if w in words][:1] or [
            _digest(person, str(f["day"]), *row.cells)
        ]
        f["keys"] = own
        name = f"f-{_digest(self.system, own[0])}"
        self.follow_ups[name] = FollowUp(
            id=name, area=area, person=person, day=f["day"], result=f["result"] or FollowUpResult.NOT_PERFORMED,
            number=int(number) if number else None,
        )  # fmt: skip
        self._keep(row, "follow_up", name, area, who=None)

    def _make_test(self, row: _Row, told: _Told) -> None:
        f = row.fields
        words = f["words"]
        keys = [
            row.cells[words.index(w)]
            for w in ("personid", "personvisualid", "caseid")
            if w in words
        ]
        keys = [key for key in keys if key]
        if not keys:
            told.refuse(
                row.number, "personId", Refused(en="the test names nobody", zh="缺少被检人")
            )
            return
        area = self._pair_area(keys[0])
        if area is None:
            told.refuse(
                row.number,
                "area",
                Refused(en="nobody's area is known; name it with --area", zh="缺少地区"),
            )
            return
        own = [
            row.cells[words.index(w)]
            for w in ("id", "uuid", "sampleidentifier")
            if w in words and row.cells[words.index(w)]
        ]
        f["keys"] = own[:1]
        person = PersonId(self._node(keys[:1], "p", area))
        self._put_test(person, area, row, own[0] if own else _digest(*row.cells))
        self._keep(
            row,
            "test",
            f"t-{_digest(self.system, own[0] if own else _digest(*row.cells))}",
            area,
            who=None,
        )

    def _put_test(self, person: PersonId, area: AreaPath, row: _Row, own: str) -> None:
        f = row.fields
        name = f"t-{_digest(self.system, own)}"
        sampled = f.get("sampled")
        self.tests[name] = PersonTest(
            id=name, area=area, person=person, result=f.get("test_result") or TestResult.PENDING,
            sampled=sampled.astimezone(self.zone).date() if isinstance(sampled, datetime) else None,
            tested=f.get("tested"), resulted=f.get("resulted"), sample_kind=f.get("sample_kind") or "", test_kind=f.get("test_kind") or "",
        )  # fmt: skip

    def _samples(self, row: _Row, person: PersonId, area: AreaPath) -> None:
        """Samples and tests that stand beside a case, block after block, as SORMAS writes them."""
        sheet: Sheet = row.fields["sheet"]
        words = row.fields["words"]
        starts = [i for i, word in enumerate(words) if word in {"sampledatetime", "testdatetime"}]
        for number, start in enumerate(starts):
            block = range(start, starts[number + 1] if number + 1 < len(starts) else len(words))
            said = {words[i]: row.cells[i] for i in reversed(block) if row.cells[i]}
            if not said or not sheet.entities:
                continue
            form = date_form([_slashed(said.get(words[start], ""))], order=self.date_order or "mdy")
            day = read_day(_slashed(said.get(words[start], "")), form)
            fields: dict[str, Any] = {
                "test_result": word_of("test_result", said.get("testresult", "")),
                "tested": None if isinstance(day, Refused) or words[start] != "testdatetime" else day[0],
                "sampled": None if isinstance(day, Refused) or words[start] != "sampledatetime"
                else datetime.combine(day[0], time(), tzinfo=self.zone),
                "sample_kind": said.get("samplematerial"), "test_kind": said.get("testtype"),
            }  # fmt: skip
            self._put_test(
                person,
                area,
                _Row(row.number, row.cells, fields),
                f"{row.fields['keys'][0]}/{number}",
            )

    def _make_visit(self, row: _Row, told: _Told) -> None:
        f = row.fields
        for name in ("person", "place", "since", "until"):
            if f[name] is None:
                told.refuse(
                    row.number, name, Refused(en=f"the visit has no {name}", zh="缺少必填项")
                )
        if row.number in told.wrong:
            return
        area = self._pair_area(f["person"])
        if area is None:
            told.refuse(
                row.number,
                "area",
                Refused(en="nobody's area is known; name it with --area", zh="缺少地区"),
            )
            return
        until = f["until"]
        if (
            until.astimezone(self.zone).time() == time()
            and len(row.cells[f["at"]["until"] or 0]) <= 10
        ):
            until += timedelta(days=1)
        if f["since"] >= until:
            told.refuse(
                row.number,
                "until",
                Refused(en="the visit ends before it begins", zh="离开早于到达"),
            )
            return
        person = PersonId(self._node([f["person"]], "p", area))
        place = self._node([f["place"]], "v", area)
        if f["venue_setting"] or f["venue_people"] or f["venue_longitude"] is not None:
            self._venue(row, place, area)
        name = f"w-{_digest(person, place, f['since'].isoformat(), until.isoformat())}"
        self.visits[name] = Visit(
            id=name,
            area=area,
            person=person,
            place=place,
            since=f["since"],
            until=until,
            role=f["role"] or VisitRole.UNKNOWN,
            mask=f["mask"],
            indoors=f["indoors"],
            told_by=self.system,
        )

    def _venue(self, row: _Row, place: NodeId, area: AreaPath) -> None:
        """Keep what a row tells of its place; a later row may add to it and may not contradict it."""
        f = row.fields
        before = self.venues.get(place)
        told = {
            "setting": f["venue_setting"], "usual_people": f["venue_people"], "longitude": f["venue_longitude"],
            "latitude": f["venue_latitude"],
        }  # fmt: skip
        if (told["longitude"] is None) is not (told["latitude"] is None):
            raise ValueError("a place has a longitude and a latitude, or neither")
        if before is not None:
            for name, value in told.items():
                held = getattr(before, name)
                if value is not None and held not in {None, Setting.UNKNOWN, value}:
                    raise ValueError(
                        f"the {name.replace('_', ' ')} of the place differs from an earlier row"
                    )
                told[name] = held if value is None else value
        # What a home is called in a file may be whose home it is.
        name = "" if told["setting"] is Setting.HOUSEHOLD else f["place"]
        self.venues[place] = Venue(
            id=place, area=before.area if before else area, name_zh=name or "住家", name_en=name or "home",
            **told | {"setting": told["setting"] or Setting.UNKNOWN},
        )  # fmt: skip


_YES_NO = frozenset({"mask", "indoors"})
_YES, _NO = (
    frozenset({"yes", "y", "true", "1", "是", "有"}), frozenset({"no", "n", "false", "0", "否", "无"}),
)  # fmt: skip
_NUMBERS: Dictionary[str, tuple[float, float]] = {
    "venue_people": (1, 1_000_000), "venue_longitude": (-180, 180), "venue_latitude": (-90, 90),
}  # fmt: skip


def _yes_or_no(text: str) -> bool | Refused | None:
    word = header_word(text)
    if word in _YES or word in _NO:
        return word in _YES
    if word in {"unknown", "未知", "不详"}:
        return None
    return Refused(en="is neither yes nor no", zh="不是“是”或“否”", suggestion="yes, no or unknown")


def _number(text: str, least: float, most: float) -> float | int | Refused:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        return Refused(
            en=f"is not a number from {least:g} to {most:g}", zh=f"不是{least:g}到{most:g}之间的数"
        )
    return int(value) if least == 1 else value


_PAIR = ("first_contact", "last_contact", "kind", "setting", "frequency", "duration", "certainty")
_USED: Dictionary[str, tuple[str, ...]] = {
    "case": ("onset", "reported", "sampled", "confirmed", "isolated", "classification", "outcome", "died", "origin",
             "disease", "area", "parent", "infector"),
    "contact": ("area", "parent", "first_contact", "last_contact", "kind", "certainty"),
    "event": ("title", "first_day", "last_day", "area", "parent"),
    "participant": ("area", "parent"),
    "location": (),
    "pair": _PAIR,
    "follow_up": ("day", "number", "result"),
    "test": ("test_result", "sampled", "tested", "resulted", "sample_kind", "test_kind"),
    "visit": ("person", "place", "since", "until", "role", "mask", "indoors", "venue_setting", "venue_people", "venue_longitude",
              "venue_latitude"),
}  # fmt: skip


def _system_of(sheet: Sheet, words: Sequence[str], outbreak: str) -> str:
    has = set(words)
    if {"sampleidentifier", "personid"} <= has:
        return "godata"
    if sheet.entities or has & {
        "personfirstname",
        "responsibleregion",
        "caseidexternalsystem",
        "sourcecaseuuid",
    }:
        return (
            "sormas" if not any(header.startswith("LNG_") for header in sheet.header) else "godata"
        )
    signs = {"visualid", "uuid", "createdby", "outcomeid", "sourceuuid", "contactuuid", "personid", "sourcepersonid",
             "dateofbecomingcase", "createdat", "parentlocationid", "classificationid", "typeofcontact"}  # fmt: skip
    return "godata" if has & signs else outbreak


def _position(words: Sequence[str], sheet: Sheet, aliases: Sequence[str]) -> int | None:
    """The first column that goes by one of these names and says anything at all."""
    silent: int | None = None
    for alias in aliases:
        for position, word in enumerate(words):
            if word in {alias, f"pathogentest{alias}"}:
                if any(cells[position] for _, cells in sheet.rows):
                    return position
                silent = position if silent is None else silent
    return silent


def _telling_column(sheet: Sheet) -> list[int]:
    """The first column, where each of its values is there and stands once: a number by any other name."""
    first = [cells[0] for _, cells in sheet.rows]
    return [0] if first and all(first) and len(set(first)) == len(first) else []


def _repeated(sheet: Sheet, positions: Sequence[int]) -> set[str]:
    counted = Counter(cells[i] for i in positions for _, cells in sheet.rows if cells[i])
    return {text for text, times in counted.items() if times > 1}


def _dropped(sheet: Sheet) -> list[tuple[str, int]]:
    return [
        (header, position)
        for position, header in enumerate(sheet.header)
        if header_word(header.split(" [")[0].split(".")[-1]) in FREE_TEXT
        and any(cells[position] for _, cells in sheet.rows)
    ]


def _belongs_to_person(table: str, header: str) -> bool:
    """In tables that are not of people, only what speaks of somebody is personal: an event's own name is not."""
    bare = header_word(header.rsplit(".", maxsplit=1)[-1])
    if table in {"case", "contact", "participant"}:
        return True
    if table == "location":
        return False
    if table == "event":
        return bare not in {"name", "title"}
    return True


def _slashed(text: str) -> str:
    """Dates with dots or dashes between short numbers, as SORMAS writes them in any language, with slashes."""
    clean = plain(text)
    steps = clean.replace(".", "/").replace("-", "/").split("/")
    if len(steps) == 3 and len(steps[0]) <= 2 and steps[0].isdigit() and steps[1].isdigit():
        return "/".join(steps)
    return clean


def _instant(text: str, form: DateForm, zone: ZoneInfo) -> datetime | Refused:
    if text.endswith("Z") and len(text) > 19:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return Refused(
                en="is not an instant", zh="不是时刻", suggestion="write 2022-10-27T08:30"
            )
        midnight = at.time() == time()
        return datetime.combine(at.date(), time(), tzinfo=zone) if midnight else at.astimezone(UTC)
    found = read_day(text, form)
    if isinstance(found, Refused):
        return found
    day, clock = found
    try:
        at = datetime.fromisoformat(f"{day.isoformat()}T{(clock.strip() or '00:00').zfill(5)}")
    except ValueError:
        return Refused(
            en="has no readable time of day", zh="时间无法读取", suggestion="write 08:30"
        )
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _birth(texts: Sequence[str], order: str | None) -> date | None:
    if len(texts) == 3 and all(text.isdigit() for text in texts):
        try:
            return date(int(texts[2]), int(texts[1]), int(texts[0]))
        except ValueError:
            return None
    for text in texts:
        found = read_day(_slashed(text), date_form([_slashed(text)], order=order))
        if not isinstance(found, Refused):
            return found[0]
    return None


def _disease(text: str | None) -> str | None:
    if not text:
        return None
    return DISEASES.get(header_word(text), text.strip().lower())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def _impersonal(message: str) -> str:
    return message if not any(sign in message for sign in "'\"") else "contradicts itself"
