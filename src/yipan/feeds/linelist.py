"""Case line lists: cases under a pseudonym, and who they are held apart."""

import re
from collections.abc import Callable
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from yipan.model import (
    Case,
    Classification,
    DetectionMode,
    Identity,
    Origin,
    Outcome,
    PersonId,
    Severity,
)

from .areas import AreaNames
from .columns import PERSONAL_COLUMNS, Mapping, known_value, unknown_column
from .dates import DateForm, date_form, plain, read_day, read_instant
from .decode import Table, cell_key
from .frame import HIDDEN, Problem, Refused, gathered
from .sniff import Sniffed

_IMPERSONAL = re.compile(r"[\d\-/:.年月日T +]{1,25}|\S{2,15}(?:省|市|区|县|镇|乡|街道)")
_INSTANTS = ("sampled", "reported", "confirmed", "isolated")
_DAYS = ("onset", "born")
_WORDS: dict[str, dict[str, str]] = {
    "classification": {
        "疑似": "suspected", "suspect": "suspected", "临床诊断": "probable", "确诊": "confirmed",
        "确诊病例": "confirmed", "无症状": "asymptomatic", "无症状感染者": "asymptomatic",
        "复阳": "repeat_positive", "排除": "excluded", "discarded": "excluded", "not a case": "excluded",
    },
    "severity": {
        "": "unknown", "不详": "unknown", "无": "none", "轻型": "mild", "轻症": "mild", "普通型": "moderate",
        "中型": "moderate", "重型": "severe", "危重型": "critical", "危重": "critical",
    },
    "outcome": {
        "": "pending", "alive": "pending", "治疗中": "pending", "治愈": "recovered", "痊愈": "recovered",
        "recover": "recovered", "死亡": "died", "dead": "died", "deceased": "died",
    },
    "origin": {
        "": "unknown", "不详": "unknown", "本土": "local", "本地": "local", "外省": "other_province",
        "省外": "other_province", "外省输入": "other_province", "境外": "abroad", "境外输入": "abroad",
    },
}  # fmt: skip
_ENUMS = {
    "classification": Classification, "severity": Severity, "outcome": Outcome, "origin": Origin,
}  # fmt: skip
_READ = (
    "case",
    "area",
    "parent",
    "disease",
    "mode",
    "incident",
    *_INSTANTS,
    *_DAYS,
    *_ENUMS,
    *PERSONAL_COLUMNS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDraft:
    """What a line list holds; `identities` are apart from the cases and joined to them by pseudonym only."""

    read: int
    blank: int
    wrong: tuple[int, ...]
    repeated: int
    cases: tuple[Case, ...]
    identities: tuple[Identity, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]


def read_line_list(
    table: Table,
    sniffed: Sniffed,
    names: AreaNames,
    mapping: Mapping,
    *,
    pseudonym: Callable[[], PersonId],
    people: Dictionary[str, PersonId],
) -> CaseDraft:
    """
    Read a line list row by row.

    A person keeps the pseudonym `people` knows for the case; otherwise rows with the same certificate share a
    new one. No problem or note ever repeats what stands in a personal column.
    """
    rows = table.lazy.sort("row").collect().rows()
    at = {name: position + 1 for name, position in sniffed.columns.items() if name in _READ}
    forms = {
        name: date_form((row[at[name]] for row in rows), order=mapping.date_order)
        for name in (*_INSTANTS, *_DAYS)
        if name in at
    }
    zone = ZoneInfo(mapping.time_zone)
    problems: list[Problem] = []
    notes = [*table.notes, *_unread(table, at)]
    cases: dict[str, tuple[int, dict[str, object], Case]] = {}
    identities: dict[PersonId, Identity] = {}
    by_certificate: dict[str, PersonId] = {}
    wrong: set[int] = set()
    blank = repeated = 0
    for row in rows:
        number = row[0]
        if not any(text.strip() for text in row[1:]):
            blank += 1
            continue
        texts = {
            name: row[at[name]].strip() if name in at else mapping.defaults.get(name, "")
            for name in _READ
        }
        fields, refused = _fields(texts, names, forms, zone)
        for name, why in refused:
            header = table.header[at[name] - 1] if name in at else name
            problems.append(why.at(number, header, _showable(name, texts[name])))
        if refused:
            wrong.add(number)
            continue
        case_id = str(fields["id"])
        certificate = plain(texts["certificate"]).upper()
        person = people.get(case_id) or by_certificate.get(certificate) or pseudonym()
        said = fields | {name: texts[name] for name in PERSONAL_COLUMNS}
        if case_id in cases:
            first, before, _ = cases[case_id]
            if before == said:
                repeated += 1
                notes.append(
                    (number, "", "says again what an earlier row said", "与前面的行完全相同")
                )
            else:
                wrong.update((number, first))
                problems.append(_same_case(number, first, said, before))
            continue
        born = fields.pop("born")
        try:
            case = Case(person=person, **fields)  # type: ignore[arg-type]  # the names are those of Case
        except ValueError:
            wrong.add(number)
            problems.append(_contradiction(number, fields))
            continue
        cases[case_id] = (number, said, case)
        if certificate:
            by_certificate[certificate] = person
        if any(texts[name] for name in PERSONAL_COLUMNS):
            identities.setdefault(
                person,
                Identity(
                    person=person, name=texts["name"], certificate=certificate, phone=texts["phone"],
                    address=texts["address"], born=born,  # type: ignore[arg-type]  # a date or None
                ),
            )  # fmt: skip
    kept = tuple(case for number, _, case in cases.values() if number not in wrong)
    known = {case.person for case in kept}
    return CaseDraft(
        read=len(rows), blank=blank, wrong=tuple(sorted(wrong)), repeated=repeated, cases=kept,
        identities=tuple(who for person, who in identities.items() if person in known),
        problems=tuple(sorted(problems, key=lambda p: p.row)), notes=gathered(notes),
    )  # fmt: skip


def _showable(name: str, text: str) -> str:
    """
    A value as a problem may show it: days, instants, numbers and words that end as areas do.

    Where columns have slipped a name may stand anywhere, so any other text of a line list is not shown.
    """
    if text and (name in PERSONAL_COLUMNS or not _IMPERSONAL.fullmatch(plain(text))):
        return HIDDEN
    return text


def _unread(table: Table, at: dict[str, int]) -> list[tuple[int, str, str, str]]:
    return [
        (1, name, *unknown_column(name))
        for i, name in enumerate(table.header)
        if i + 1 not in at.values() and name.strip()
    ]


def _fields(
    texts: dict[str, str], names: AreaNames, forms: dict[str, DateForm], zone: ZoneInfo
) -> tuple[dict[str, object], list[tuple[str, Refused]]]:
    """The fields of a case from its texts, and what was refused by column."""
    fields: dict[str, object] = {"incident": texts["incident"] or None, "disease": texts["disease"]}
    refused: list[tuple[str, Refused]] = []

    def keep(name: str, value: object, field: str | None = None) -> None:
        if isinstance(value, Refused):
            refused.append((name, value))
        else:
            fields[field or name] = value

    keep("case", texts["case"] or Refused(en="the case has no number", zh="缺少病例编号"), "id")
    keep("area", names.resolve(texts["area"], texts["parent"]))
    if not texts["disease"]:
        refused.append(("disease", Refused(
            en="the disease is missing", zh="缺少病种", suggestion="add a column disease or give a default",
        )))  # fmt: skip
    for name, choices in _ENUMS.items():
        key = cell_key(texts[name])
        word = _WORDS[name].get(key, key.replace(" ", "_"))
        known = {entry.value: entry for entry in choices}
        keep(name, known.get(word) or Refused(
            en=f"is not a known {name}" if key else f"{name} is missing",
            zh=f"不是已知的{name}" if key else f"缺少{name}",
            suggestion=f"one of {', '.join(known)}",
        ))  # fmt: skip
    mode = known_value("mode", texts["mode"] or "any")
    keep("mode", DetectionMode(mode) if mode else Refused(
        en="is not a known mode", zh="不是已知的发现方式",
        suggestion=f"one of {', '.join(entry.value for entry in DetectionMode)}",
    ))  # fmt: skip
    for name in _DAYS:
        if not texts[name]:
            fields[name] = None
            continue
        found = read_day(texts[name], forms.get(name, DateForm()))
        keep(name, found if isinstance(found, Refused) else found[0])
    for name in _INSTANTS:
        keep(name, read_instant(texts[name], forms.get(name, DateForm()), zone))
    return fields, refused


def _same_case(
    number: int, first: int, said: dict[str, object], before: dict[str, object]
) -> Problem:
    differing = ", ".join(name for name in said if said[name] != before[name])
    return Refused(
        en=f"rows {first} and {number} give one case number and differ in {differing}",
        zh=f"第{first}行与第{number}行病例编号相同，但{differing}不同",
        suggestion="keep the right one; a correction comes as a later file",
    ).at(number, "case")


def _contradiction(number: int, fields: dict[str, object]) -> Problem:
    onset: object = fields["onset"]
    if isinstance(onset, date) and fields["classification"] is Classification.ASYMPTOMATIC:
        return Refused(
            en="is asymptomatic and yet has an onset", zh="无症状却有发病日期",
            suggestion="remove the onset or say confirmed",
        ).at(number, "onset", str(onset))  # fmt: skip
    return Refused(
        en="was confirmed before it was sampled",
        zh="确诊早于采样",
        suggestion="check both instants",
    ).at(number, "confirmed", str(fields["confirmed"]))
