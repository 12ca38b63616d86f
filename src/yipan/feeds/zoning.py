"""Files about zones: the place register, where cases lived and stayed, rosters of zones, local measures."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from yipan.model import (
    AreaPath,
    CasePlace,
    Identity,
    LocalMeasure,
    MeasureKind,
    PersonId,
    Place,
    Point,
    RegisteredPlace,
    Roster,
    RosterGroup,
    person_id,
)

from . import placewords
from .areas import AreaNames
from .columns import header_key
from .dates import DateForm, date_form, plain, read_instant
from .decode import MISSING, Table, cell_key, read_count
from .frame import HIDDEN, Problem, Refused, file_problem, gathered

LARGEST_NUMBER = 1e6
MOST_TOKENS = 2**63


class ZoningKind(StrEnum):
    """What a file about zones tells: units and residents, where cases were, whom a round must reach, measures taken."""

    REGISTER = "register"
    CASE_PLACES = "case_places"
    ROSTER = "roster"
    MEASURES = "measures"


_OWN: Mapping[ZoningKind, tuple[str, ...]] = {
    ZoningKind.REGISTER: (
        *placewords.PLACE, "id", "residents", "households", "source", "outline", "longitude", "latitude",
    ),
    ZoningKind.CASE_PLACES: (
        *placewords.PLACE, "id", "case", "found", "controlled", "counts", "home_isolated_contact", "isolated", "home",
        "hours", "crowd", "air_changes", "m3_per_person",
    ),
    ZoningKind.ROSTER: (*placewords.PLACE, "zone", "person", "token", "name", "certificate", "phone"),
    ZoningKind.MEASURES: (
        "area", "parent", "id", "kind", "since", "until", "order_level", "people", "reason",
        *dict.fromkeys(name for names in placewords.TERMS.values() for name in names),
    ),
}  # fmt: skip
"""The columns of each kind of file."""
_SIGNS: Mapping[ZoningKind, tuple[frozenset[str], frozenset[str], frozenset[str]]] = {
    ZoningKind.MEASURES: (frozenset({"kind", "since"}), frozenset({"area"}), frozenset()),
    ZoningKind.ROSTER: (frozenset({"zone"}), frozenset({"person", "token"}), frozenset()),
    ZoningKind.CASE_PLACES: (
        frozenset({"case", "found"}), frozenset({"place", "compound", "building"}), frozenset(),
    ),
    ZoningKind.REGISTER: (
        frozenset(), frozenset({"residents", "households"}), frozenset({"place", "compound", "building"}),
    ),
}  # fmt: skip
"""How a kind is known by its header: all of the first, one of the second, one of the third."""
_PERSONAL = ("name", "certificate", "phone")
_SUFFIX = {
    "building": re.compile(r"(?<=.)(?:号楼|号栋|栋|幢|座|楼|号)$"), "unit": re.compile(r"(?<=.)单元$"),
    "floor": re.compile(r"(?<=.)(?:层|楼)$"), "room": re.compile(r"(?<=.)(?:房|室|号)$"),
}  # fmt: skip
_LIST = re.compile(r"[;；、,，]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneKnown:
    """A zone on record as a roster is read against it: its area, its place, and the people its roster has by number."""

    area: AreaPath
    place: Place
    tokens: Mapping[int, PersonId] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoningDraft:
    """What a file about zones holds, row by row; `areas` is where each person in `identities` belongs."""

    read: int
    blank: int
    wrong: tuple[int, ...]
    repeated: int
    nouns: tuple[Any, ...]
    identities: tuple[Identity, ...]
    areas: Mapping[PersonId, AreaPath]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]


def zoning_kind(header: Iterable[str]) -> ZoningKind | None:
    """
    Return what a file with this header tells of zones, None where it tells of something else.

    >>> zoning_kind(["区县", "小区", "楼栋", "居住人数"])
    <ZoningKind.REGISTER: 'register'>
    """
    keys = [header_key(name) for name in header]
    other = {
        header_key(name)
        for name in ("value", "classification", "onset", "数值", "分类", "发病日期")
    }
    if other & set(keys):
        return None
    for kind, (whole, either, also) in _SIGNS.items():
        has = set(_columns(keys, kind))
        if whole <= has and either & has and (not also or also & has):
            return kind
    return None


def _columns(keys: list[str], kind: ZoningKind) -> dict[str, int]:
    found: dict[str, int] = {}
    for ours in _OWN[kind]:
        for theirs in (ours, *placewords.COLUMNS[ours]):
            if header_key(theirs) in keys:
                found[ours] = keys.index(header_key(theirs))
                break
    return found


def read_zoning(
    table: Table,
    kind: ZoningKind,
    names: AreaNames,
    *,
    zone: ZoneInfo,
    date_order: str | None = None,
    columns: Mapping[str, str] | None = None,
    defaults: Mapping[str, str] | None = None,
    zones: Mapping[str, ZoneKnown] | None = None,
    pseudonym: Callable[[], PersonId],
    check: Callable[[LocalMeasure], None] | None = None,
) -> ZoningDraft:
    """
    Read a file about zones row by row; every row is accepted, blank, or wrong with its reason.

    `columns` leads from their header to ours, `defaults` gives our column a value. `zones` are those a roster may
    name; `check` says of a measure whether its kind understands it and raises ValueError where not. Where a case or
    somebody on a roster lives is never repeated in a problem, nor anything that says who somebody is.

    Raises CannotRead where a needed column is missing or two stand for one.
    """
    return _Reader(
        table=table, kind=kind, names=names, zone=zone, date_order=date_order, columns=columns or {},
        defaults=defaults or {}, zones=zones or {}, pseudonym=pseudonym, check=check,
    ).read()  # fmt: skip


_NEEDED: Mapping[ZoningKind, tuple[tuple[str, ...], ...]] = {
    ZoningKind.REGISTER: (("area", "place"), ("place", "compound", "building"), ("residents", "households")),
    ZoningKind.CASE_PLACES: (("case",), ("found",), ("area", "place"), ("place", "compound", "building")),
    ZoningKind.ROSTER: (("zone",), ("person", "token")),
    ZoningKind.MEASURES: (("id",), ("kind",), ("since",), ("area",)),
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _Reader:
    table: Table
    kind: ZoningKind
    names: AreaNames
    zone: ZoneInfo
    date_order: str | None
    columns: Mapping[str, str]
    defaults: Mapping[str, str]
    zones: Mapping[str, ZoneKnown]
    pseudonym: Callable[[], PersonId]
    check: Callable[[LocalMeasure], None] | None
    at: dict[str, int] = field(default_factory=dict)
    forms: dict[str, DateForm] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[tuple[int, str, str, str]] = field(default_factory=list)
    wrong: set[int] = field(default_factory=set)
    found: dict[str, tuple[int, Any]] = field(default_factory=dict)
    identities: dict[PersonId, Identity] = field(default_factory=dict)
    people: dict[int, PersonId] = field(default_factory=dict)
    minted: set[PersonId] = field(default_factory=set)
    repeated: int = 0

    def read(self) -> ZoningDraft:
        self._find_columns()
        rows = self.table.lazy.sort("row").collect().rows()
        for name in (
            "found",
            "controlled",
            "since",
            "until",
            "answered",
            "computed_end",
            "actual_end",
        ):
            if name in self.at:
                self.forms[name] = date_form(
                    (row[self.at[name] + 1] for row in rows), order=self.date_order
                )
        blank = 0
        take = {
            ZoningKind.REGISTER: self._unit, ZoningKind.CASE_PLACES: self._case_place,
            ZoningKind.ROSTER: self._member, ZoningKind.MEASURES: self._measure,
        }[self.kind]  # fmt: skip
        for row in rows:
            number, cells = row[0], row[1:]
            if not any(text.strip() for text in cells):
                blank += 1
                continue
            texts = {
                name: cells[self.at[name]].strip()
                if name in self.at
                else self.defaults.get(name, "")
                for name in _OWN[self.kind]
            }
            said = _Row(reader=self, number=number, texts=texts)
            try:
                take(said)
            except _Wrong:
                continue
            except ValueError as wrong:
                said.refuse("", Refused(en=_told(wrong), zh="与登记规则不符"))
        kept = {key: noun for key, (number, noun) in self.found.items() if number not in self.wrong}
        nouns, areas = self._gathered(kept)
        return ZoningDraft(
            read=len(rows), blank=blank, wrong=tuple(sorted(self.wrong)), repeated=self.repeated, nouns=nouns,
            identities=tuple(who for person, who in self.identities.items() if person in areas), areas=areas,
            problems=tuple(sorted(self.problems, key=lambda one: one.row)),
            notes=gathered([*self.table.notes, *self.notes]),
        )  # fmt: skip

    def _find_columns(self) -> None:
        header = self.table.header
        keys = [header_key(name) for name in header]
        for position, key in enumerate(keys):
            if key and key in keys[:position]:
                first = keys.index(key)
                raise file_problem(
                    f"two columns bear one name: {first + 1} and {position + 1}", f"第{first + 1}列和第{position + 1}列同名",
                    "rename or remove one of them", row=1, column=header[position],
                )  # fmt: skip
        given = {header_key(theirs): ours for theirs, ours in self.columns.items()}
        known = _columns([key if key not in given else "" for key in keys], self.kind)
        for theirs, ours in given.items():
            if theirs not in keys:
                raise file_problem(
                    f"the mapping names a column {theirs!r} the file does not have",
                    f"映射里的列“{theirs}”文件中没有",
                    row=1,
                )
            if ours not in _OWN[self.kind]:
                raise file_problem(
                    f"the mapping names {ours!r}, which no file of {self.kind.value} has", f"“{ours}”不是这类文件的列",
                    f"one of {', '.join(_OWN[self.kind])}", row=1,
                )  # fmt: skip
            known[ours] = keys.index(theirs)
        has = {*known, *self.defaults}
        for choice in _NEEDED[self.kind]:
            if not has & set(choice):
                listed = " or ".join(choice)
                raise file_problem(
                    f"no column for {listed}; the columns are {', '.join(header[:12])}", f"找不到这一列：{'或'.join(choice)}",
                    f"name it {choice[0]} or {placewords.COLUMNS[choice[0]][-1]}, or pass a mapping", row=1,
                )  # fmt: skip
        self.at = known
        self.notes += [
            (1, name, "this column is not read", "此列未读")
            for position, name in enumerate(header)
            if position not in known.values() and name.strip()
        ]

    def _put(self, row: "_Row", key: str, noun: Any, what: str) -> None:
        """Keep a noun under its key; said again the same it is a note, said otherwise both rows are wrong."""
        if key not in self.found:
            self.found[key] = (row.number, noun)
            return
        first, before = self.found[key]
        if before == noun:
            self.repeated += 1
            self.notes.append(
                (row.number, "", "says again what an earlier row said", "与前面的行完全相同")
            )
            return
        self.wrong.add(first)
        row.refuse("", Refused(
            en=f"rows {first} and {row.number} tell of one {what} and contradict each other",
            zh=f"第{first}行与第{row.number}行说的是同一{_SAID[what]}，却互相矛盾",
            suggestion="keep the right one; a correction comes as a later file",
        ))  # fmt: skip

    def _unit(self, row: "_Row") -> None:
        where = row.place()
        residents, households = row.whole("residents"), row.whole("households")
        outline, point = row.outline(), row.point()
        row.stop()
        assert where is not None
        key = row.texts["id"] or f"u-{_digest(str(where))}"
        unit = RegisteredPlace(
            id=key, area=where.area, place=where, residents=residents, households=households,
            source=row.texts["source"] or "register", outline=outline, point=point,
        )  # fmt: skip
        same = self.found.get(f"place {where}")
        if same is not None and same[1].id != key:
            self.wrong.add(same[0])
            row.refuse("id", Refused(
                en=f"rows {same[0]} and {row.number} give one place two numbers", zh=f"第{same[0]}行与第{row.number}行同一地点有两个编号",
                suggestion="a unit stands in the register once",
            ))  # fmt: skip
            return
        self._put(row, f"place {where}", unit, "unit")
        named = self.found.setdefault(f"id {key}", (row.number, unit))
        if named[1].place != where:
            self.wrong.add(named[0])
            row.refuse("id", Refused(
                en=f"rows {named[0]} and {row.number} give two places one number", zh=f"第{named[0]}行与第{row.number}行编号相同而地点不同",
            ))  # fmt: skip

    def _case_place(self, row: "_Row") -> None:
        where = row.place()
        case = row.text("case")
        found, controlled = (
            row.instant(name, needs_clock=True) for name in ("found", "controlled")
        )
        if found is None and not row.wrong("found"):
            row.refuse(
                "found",
                Refused(en="is missing", zh="缺少发现时间", suggestion="write 2022-10-27 08:30"),
            )
        told = {
            name: row.number_of(name) for name in ("hours", "crowd", "air_changes", "m3_per_person")
        }
        counts, home = row.yes("counts", default=True), row.yes("home", default=True)
        home_isolated, isolated = (
            row.yes(name, default=False) for name in ("home_isolated_contact", "isolated")
        )
        if found is not None and controlled is not None and controlled < found:
            row.refuse("controlled", Refused(en="lies before found", zh="早于发现时间"))
        row.stop()
        assert where is not None
        assert found is not None
        key = row.texts["id"] or f"cp-{_digest(case, str(where))}"
        self._put(row, key, CasePlace(
            id=key, area=where.area, case=case, place=where, found=found, controlled=controlled,
            hours=told["hours"], people=told["crowd"], air_changes=told["air_changes"],
            m3_per_person=told["m3_per_person"], counts=bool(counts), home=bool(home),
            home_isolated_contact=bool(home_isolated), isolated=bool(isolated),
        ), "stay")  # fmt: skip

    def _member(self, row: "_Row") -> None:
        zone = row.text("zone")
        known = self.zones.get(zone)
        if known is None and zone:
            near = ", ".join(sorted(self.zones)[:5]) or "none"
            row.refuse("zone", Refused(
                en="is no zone in force here", zh="不是此处现行的风险区", suggestion=f"zones in force: {near}",
            ))  # fmt: skip
        token = row.token()
        told = row.texts["person"]
        if told and not re.fullmatch(r"p-[0-9a-f]{12,32}", told):
            row.refuse("person", Refused(
                en="is no pseudonym", zh="不是人员化名", suggestion="p- and 12 to 32 hex digits; a screening number goes under token",
            ))  # fmt: skip
        if not told and token is None and not row.wrong("token"):
            row.refuse("token", Refused(
                en="names nobody: neither token nor person is given", zh="没有人员编号或化名", suggestion="the number the swabs bear",
            ))  # fmt: skip
        row.stop()
        assert known is not None
        where = row.place(within=known)
        row.stop()
        assert where is not None
        person = person_id(told) if told else self._person(token, known)
        if token is not None and self.people.setdefault(token, person) != person:
            row.refuse("token", Refused(en="is given to two people", zh="同一编号给了两个人"))
            row.stop()
        self._put(row, f"{zone}|{person}", (zone, person, token, where), "person")
        if any(row.texts[name] for name in _PERSONAL):
            self._identify(row, person)

    def _identify(self, row: "_Row", person: PersonId) -> None:
        """Keep who a new person is; of somebody known already the vault keeps what it has."""
        if person not in self.minted:
            self.notes.append((
                row.number, "", "is known already; who they are is left as it is", "已有档案，身份信息保持不变",
            ))  # fmt: skip
            return
        self.identities.setdefault(person, Identity(
            person=person, name=row.texts["name"], certificate=plain(row.texts["certificate"]).upper(),
            phone=row.texts["phone"],
        ))  # fmt: skip

    def _person(self, token: int | None, known: ZoneKnown) -> PersonId:
        assert token is not None
        if token not in self.people:
            others = (one.tokens.get(token) for one in self.zones.values())
            person = known.tokens.get(token) or next(filter(None, others), None)
            if person is None:
                person = self.pseudonym()
                self.minted.add(person)
            self.people[token] = person
        return self.people[token]

    def _measure(self, row: "_Row") -> None:
        key, kind_text = row.text("id"), row.text("kind")
        kind = _KIND_OF.get(cell_key(kind_text)) or _KIND_OF.get(
            cell_key(kind_text).replace(" ", "_")
        )
        if kind is None and kind_text:
            row.refuse("kind", Refused(
                en="is no kind of measure", zh="不是已知的措施种类", suggestion=f"one of {', '.join(MeasureKind)}",
            ))  # fmt: skip
        area = row.area()
        since, until = row.instant("since"), row.instant("until")
        if since is None and not row.wrong("since"):
            row.refuse(
                "since",
                Refused(en="is missing", zh="缺少开始时间", suggestion="write 2022-10-27 08:30"),
            )
        if since is not None and until is not None and until < since:
            row.refuse("until", Refused(en="lies before since", zh="早于开始时间"))
        people = row.whole("people")
        level = row.word("order_level") or "county"
        if level not in placewords.WORDS["order_level"]:
            row.refuse("order_level", Refused(
                en="is no level of command", zh="不是指挥层级", suggestion=f"one of {', '.join(placewords.WORDS['order_level'])}",
            ))  # fmt: skip
        terms = {} if kind is None else self._terms(row, kind)
        row.stop()
        assert kind is not None
        assert area is not None
        assert since is not None
        reason = row.texts["reason"]
        measure = LocalMeasure(
            id=key, area=area, kind=kind, since=since, until=until, order_level=level, people=people,
            reason=None if cell_key(reason) in {"none", "无"} else reason or "unknown", terms=terms,
        )  # fmt: skip
        if self.check is not None:
            self.check(measure)
        self._put(row, key, measure, "measure")

    def _terms(self, row: "_Row", kind: MeasureKind) -> dict[str, Any]:
        terms: dict[str, Any] = {}
        for name in placewords.TERMS[kind]:
            if name in _MAY_BE_NONE and cell_key(row.texts[name]) in _NONE:
                terms[name] = None
                continue
            value = row.term(name)
            if value is not None:
                terms[placewords.TERM_NAMES.get(name, name)] = value
            elif name in placewords.NEEDED_TERMS.get(kind, ()) and not row.wrong(name):
                row.refuse(name, Refused(
                    en=f"is missing; a {kind.value} needs it", zh=f"缺少；{placewords.KINDS[kind][0]}须填写",
                    suggestion="write none where it is known that there is none" if name in _MAY_BE_NONE else "",
                ))  # fmt: skip
        others = {n for names in placewords.TERMS.values() for n in names} - set(
            placewords.TERMS[kind]
        )
        for name in sorted(others):
            if row.texts[name] and cell_key(row.texts[name]) not in MISSING:
                row.refuse(name, Refused(
                    en=f"says nothing of a {kind.value}", zh=f"{placewords.KINDS[kind][0]}没有这一项",
                    suggestion="leave it empty, or correct the kind",
                ))  # fmt: skip
        return terms

    def _gathered(
        self, kept: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], dict[PersonId, AreaPath]]:
        if self.kind is not ZoningKind.ROSTER:
            unique = {noun.id: noun for noun in kept.values()}
            return tuple(unique.values()), {}
        groups: dict[str, dict[Place, list[PersonId]]] = {}
        tokens: dict[str, list[tuple[int, PersonId]]] = {}
        areas: dict[PersonId, AreaPath] = {}
        for zone, person, token, where in kept.values():
            groups.setdefault(zone, {}).setdefault(where, []).append(person)
            areas[person] = self.zones[zone].area
            if token is not None:
                tokens.setdefault(zone, []).append((token, person))
        rosters = tuple(
            Roster(
                id=zone, area=self.zones[zone].area, tokens=tuple(sorted(tokens.get(zone, ()))),
                groups=tuple(
                    RosterGroup(place=where, people=tuple(sorted(people)))
                    for where, people in sorted(several.items(), key=lambda one: str(one[0]))
                ),
            )
            for zone, several in sorted(groups.items())
        )  # fmt: skip
        return rosters, areas


class _Wrong(Exception):
    """A row was refused; what was wrong stands in the report."""


_SAID = {"unit": "单元", "stay": "停留", "person": "人员", "measure": "措施"}
_KIND_OF = {
    cell_key(word): MeasureKind(kind)
    for kind, words in placewords.KINDS.items()
    for word in (kind, *words)
}
_WORD_OF = {
    column: {cell_key(word): ours for ours, words in values.items() for word in (ours, *words)}
    for column, values in placewords.WORDS.items()
}
_WORD_OF["origin_level"] = _WORD_OF["area_level"] = _WORD_OF["zone_levels"] = _WORD_OF["level"]
_NUMBERS = frozenset({"test_hours", "days", "closed_hours"})
_WHOLES = frozenset({"turned_back", "met_conditions"})
_MAY_BE_NONE = frozenset({"approved_by", "case_link", "diversion"})
_NONE = frozenset({"none", "nobody", "无", "没有", "未批准"})
_YES_NO = frozenset({"exposure_recorded", "urgent", "refused", "alternative", "conditions_met"})
_TIMES = frozenset({"answered", "computed_end", "actual_end"})


def _spot(*told: str) -> Point | None:
    """Return longitude and latitude in degrees, None for what is neither."""
    try:
        longitude, latitude = (float(one) for one in told)
    except ValueError:
        return None
    return (longitude, latitude) if abs(longitude) <= 180 and abs(latitude) <= 90 else None


@dataclass(slots=True, kw_only=True)
class _Row:
    """One row being read: its texts by our columns, and what was refused in it."""

    reader: _Reader
    number: int
    texts: Mapping[str, str]
    refused: set[str] = field(default_factory=set)

    def refuse(self, column: str, why: Refused) -> None:
        """Put a problem of a column on the report; values that tell where somebody lives are not shown."""
        header = self.reader.table.header
        at = self.reader.at.get(column)
        text = self.texts.get(column, "") if column else ""
        hidden = column in _PERSONAL or (
            column in placewords.PLACE[2:]
            and self.reader.kind in {ZoningKind.CASE_PLACES, ZoningKind.ROSTER}
        )
        shown = HIDDEN if text and hidden else text
        self.reader.problems.append(
            why.at(self.number, header[at] if at is not None else column, shown)
        )
        self.reader.wrong.add(self.number)
        self.refused.add(column)

    def wrong(self, column: str) -> bool:
        """Whether a column was refused."""
        return column in self.refused

    def stop(self) -> None:
        """Leave the row where anything in it was refused."""
        if self.refused:
            raise _Wrong

    def text(self, column: str) -> str:
        """Return a text that must be there."""
        text = self.texts[column]
        if not text or cell_key(text) in MISSING:
            self.refuse(column, Refused(en="is missing", zh="缺失"))
            return ""
        return text

    def area(self) -> AreaPath | None:
        """Return the area the row names, None where it was refused."""
        found = self.reader.names.resolve(self.texts["area"], self.texts.get("parent", ""))
        if isinstance(found, Refused):
            self.refuse("area", found)
            return None
        return found

    def place(self, *, within: ZoneKnown | None = None) -> Place | None:
        """Return where the row speaks of: an expression, or an area with steps; the zone itself where nothing is said."""
        told = {
            name: self.texts[name] for name in ("compound", "building", "unit", "floor", "room")
        }
        told = {name: text for name, text in told.items() if cell_key(text) not in MISSING}
        if self.texts["place"]:
            return self._expression(told, within)
        if within is not None and not told:
            return within.place
        base = within.place.parts[0] if within is not None and not self.texts["area"] else None
        area = base.area if base is not None else self.area()
        if area is None:
            return None
        if base is not None:
            told = {
                **{
                    name: str(getattr(base, name))
                    for name in ("compound", "building", "unit")
                    if getattr(base, name) is not None
                },
                **told,
            }
        words: list[str] = [area]
        for name, step in (("compound", "compound"), ("building", "building"), ("unit", "unit"),
                           ("floor", "floors"), ("room", "rooms")):  # fmt: skip
            if name not in told:
                continue
            bare = plain(told[name])
            if name in _SUFFIX:
                bare = _SUFFIX[name].sub("", bare)
            number = name in {"floor", "room"} and re.fullmatch(r"[B0-9,-]+", bare)
            words += [
                step,
                bare if number else '"' + bare.replace("\\", "\\\\").replace('"', '\\"') + '"',
            ]
        return self._made(" ".join(words), next(reversed(told), "area"), within)

    def _expression(self, told: Mapping[str, str], within: ZoneKnown | None) -> Place | None:
        if told:
            self.refuse("place", Refused(
                en=f"stands beside {', '.join(told)}; a row says where in one way", zh="地点只用一种写法",
                suggestion="leave one of them empty",
            ))  # fmt: skip
            return None
        found = self._made(self.texts["place"], "place", within)
        if found is not None and self.texts["area"]:
            area = self.area()
            if area is not None and not found.area.startswith(area):
                self.refuse("place", Refused(en=f"lies outside {area}", zh=f"不在{area}之内"))
                return None
        return found

    def _made(self, text: str, column: str, within: ZoneKnown | None) -> Place | None:
        try:
            found = Place(expression=text)
            inside = within is None or within.place.overlaps(found)
            known = found.area
        except ValueError:
            self.refuse(column, Refused(
                en="is no place that can be read", zh="地点无法读取",
                suggestion='like "44.4401.440105. compound 桃源居 building 1 room 1204", or columns area, compound, building, unit, floor, room',
            ))  # fmt: skip
            return None
        resolved = self.reader.names.resolve(known, hint=False)
        if isinstance(resolved, Refused):
            self.refuse(column, Refused(
                en=f"lies in {known}, which {resolved.en}", zh=f"所在的{known}{resolved.zh}",
            ))  # fmt: skip
            return None
        if not inside:
            self.refuse(column, Refused(en="lies outside the zone", zh="不在该风险区内"))
            return None
        return found

    def whole(self, column: str) -> int | None:
        """Return a count, None where nobody said."""
        text = self.texts[column]
        found = read_count(text)
        if isinstance(found, Refused):
            self.refuse(column, found)
            return None
        return found[0]

    def token(self) -> int | None:
        """Return the number by which swabs know somebody."""
        text = plain(self.texts["token"])
        if not text or cell_key(text) in MISSING:
            return None
        if not re.fullmatch(r"\d{1,19}", text) or int(text) >= MOST_TOKENS:
            self.refuse("token", Refused(
                en="is no person number of a screening file", zh="不是采样用的人员编号", suggestion="a whole number, as the swabs bear it",
            ))  # fmt: skip
            return None
        return int(text)

    def outline(self) -> tuple[Point, ...] | None:
        """Return a ring of corners: `lon,lat lon,lat ...` or WKT; None where nobody said."""
        text = self.texts["outline"]
        if cell_key(text) in MISSING:
            return None
        wkt = re.fullmatch(r"\s*POLYGON\s*\(\(([^()]+)\)\)\s*", text, re.IGNORECASE)
        told = wkt.group(1).split(",") if wkt else text.replace(";", " ").split()
        corners = [
            _spot(*(one.split() if wkt else one.split(","))) for one in told if len(one.strip()) > 2
        ]
        if len(corners) > 1 and corners[0] == corners[-1]:
            corners.pop()
        if None in corners or len(set(corners)) < 3:
            self.refuse("outline", Refused(
                en="is no ring of at least three corners in degrees", zh="不是至少三个角点的轮廓（经纬度）",
                suggestion="write 113.31,23.09 113.32,23.09 113.32,23.10 (WGS84), or POLYGON ((113.31 23.09, ...))",
            ))  # fmt: skip
            return None
        return tuple(one for one in corners if one is not None)

    def point(self) -> Point | None:
        """Return longitude and latitude, None where nobody said either."""
        told = [self.texts["longitude"], self.texts["latitude"]]
        if all(cell_key(one) in MISSING for one in told):
            return None
        found = _spot(*told)
        if found is None:
            self.refuse("longitude", Refused(
                en="longitude and latitude are no spot in degrees", zh="经纬度不成立", suggestion="write both in degrees (WGS84)",
            ))  # fmt: skip
        return found

    def number_of(self, column: str) -> float | None:
        """Return a number at least 0, None where nobody said."""
        text = cell_key(self.texts[column])
        if text in MISSING:
            return None
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not (re.fullmatch(r"\d+(?:\.\d+)?", text) and 0 <= value <= LARGEST_NUMBER):
            self.refuse(column, Refused(
                en="is no number from 0 to 1,000,000", zh="不是0到1000000的数", suggestion="write 1.5, without a unit",
            ))  # fmt: skip
            return None
        return value

    def yes(self, column: str, *, default: bool | None) -> bool | None:
        """Return yes or no, the default where nobody said."""
        text = cell_key(self.texts[column])
        if text in MISSING and text not in placewords.NO:
            return default
        if text in placewords.YES:
            return True
        if text in placewords.NO:
            return False
        self.refuse(
            column,
            Refused(
                en="is neither yes nor no",
                zh="不是“是”或“否”",
                suggestion="write yes, no, 是 or 否",
            ),
        )
        return default

    def instant(self, column: str, *, needs_clock: bool = False) -> datetime | None:
        """Return an instant, None where nothing is said or it was refused."""
        text = self.texts[column]
        if cell_key(text) in MISSING:
            return None
        form = self.reader.forms.get(column, DateForm())
        found = read_instant(text, form, self.reader.zone, needs_clock=needs_clock)
        if isinstance(found, Refused):
            self.refuse(column, found)
            return None
        return found

    def word(self, column: str) -> str:
        """Return our word for a text of fixed values, the text itself where it is none of them."""
        text = self.texts[column]
        return _WORD_OF.get(column, {}).get(
            cell_key(text), text if cell_key(text) not in MISSING else ""
        )

    def term(self, column: str) -> Any:
        """Return the value of a term by what its column holds, None where it is not said."""
        if column in _NUMBERS:
            return self.number_of(column)
        if column in _WHOLES:
            return self.whole(column)
        if column in _YES_NO:
            return self.yes(column, default=None)
        if column in _TIMES:
            at = self.instant(column)
            return None if at is None else at.isoformat()
        text = self.texts[column]
        if cell_key(text) in MISSING:
            return None
        if column == "zone_levels":
            parts = [part.strip() for part in _LIST.split(text) if part.strip()]
            return [_WORD_OF["zone_levels"].get(cell_key(part), part) for part in parts]
        if column == "phases":
            return self._phases(text)
        return self.word(column) or None

    def _phases(self, text: str) -> list[list[Any]] | None:
        found: list[list[Any]] = []
        for part in filter(None, (one.strip() for one in _LIST.split(plain(text)))):
            match = re.fullmatch(r"(\w+)\s*[:： ]\s*(\d{1,3})", part)
            if match is None:
                self.refuse("phases", Refused(
                    en="is no list of places with days", zh="不是“地点:天数”的列表", suggestion="write central_isolation:5; home_isolation:3",
                ))  # fmt: skip
                return None
            found.append([match[1], int(match[2])])
        return found


def _digest(*parts: str) -> str:
    return sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def _told(wrong: ValueError) -> str:
    """What a noun or rule said against a row, without the id in front and in one line."""
    return re.sub(r"^measure [^:]{0,80}: ", "", str(wrong)).splitlines()[0][:200]
