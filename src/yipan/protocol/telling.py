"""Protocols told to people: each number and each change in words, for every door alike."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yipan.protocol.keys import said, value_said
from yipan.protocol.parameters import EARLIEST, Protocols, Rulebook, change_said, differences


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTold:
    """One text: what it is called, what it amends, when it was published and from when it holds; None: not known."""

    id: str
    name_zh: str
    name_en: str
    disease: str
    layer: str
    area: str | None
    amends: str | None
    published: str
    effective: datetime | None
    confidence: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterTold:
    """One number in words of both languages, with all that is needed to trust and find it."""

    key: str
    says_zh: str
    says_en: str
    value: Any
    unit: str
    effective: datetime | None
    published: str
    source: tuple[str, ...]
    confidence: str
    version: str
    where: str
    may_differ: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RulebookTold:
    """A text with all it amends resolved, its numbers in order of their keys, and its sources in full."""

    id: str
    name_zh: str
    name_en: str
    lineage: tuple[str, ...]
    parameters: tuple[ParameterTold, ...]
    sources: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTold:
    """One difference between two texts, and what it means for whom."""

    key: str
    before: Any
    after: Any
    unit: str
    source: tuple[str, ...]
    says_zh: str
    says_en: str


def texts_told(books: Protocols) -> tuple[TextTold, ...]:
    """
    Return every text there is, by disease and from when it holds.

    >>> from yipan.protocol import protocols
    >>> [one.id for one in texts_told(protocols()) if one.disease == "covid-19"][:2]
    ['cn-covid-8ed', 'cn-covid-9ed']
    """
    return tuple(
        TextTold(
            id=one.id, name_zh=one.name_zh, name_en=one.name_en, disease=one.disease, layer=one.layer, area=one.area,
            amends=one.amends, published=one.published, effective=_known(one.effective), confidence=one.confidence,
            note=one.note,
        )
        for one in sorted(books.versions.values(), key=lambda each: (each.disease, each.effective))
    )  # fmt: skip


def rulebook_told(book: Rulebook) -> RulebookTold:
    """
    Return a rulebook in words.

    >>> from yipan.protocol import protocols
    >>> told = rulebook_told(protocols().rulebook("ebola"))
    >>> [one.says_en for one in told.parameters if one.key == "outbreak.quiet_days"]
    ['days without a case until the outbreak is over: 42 days']
    """
    parameters = []
    for key, one in sorted(book.parameters.items()):
        name, value = said(key), value_said(one.value, one.unit)
        parameters.append(ParameterTold(
            key=key, says_zh=f"{name[0]}：{value[0]}", says_en=f"{name[1]}: {value[1]}", value=one.value, unit=one.unit,
            effective=_known(one.effective), published=one.published, source=one.source, confidence=one.confidence,
            version=one.version, where=one.where, may_differ=one.may_differ, note=one.note,
        ))  # fmt: skip
    named = {source for one in parameters for source in one.source}
    return RulebookTold(
        id=book.id, name_zh=book.name_zh, name_en=book.name_en, lineage=book.lineage, parameters=tuple(parameters),
        sources={key: text for key, text in sorted(book.sources.items()) if key in named},
    )  # fmt: skip


def changes_told(before: Rulebook, after: Rulebook) -> tuple[ChangeTold, ...]:
    """
    Return what changes from one rulebook to another, and for whom.

    >>> from yipan.protocol import protocols
    >>> books = protocols()
    >>> changes_told(books.rulebook("cn-covid-9ed"), books.rulebook("cn-covid-20m"))[0].key
    'person.close_contact'
    """
    return tuple(
        ChangeTold(
            key=one.key, before=one.before, after=one.after, unit=one.unit, source=one.source,
            says_zh=change_said(one)[0], says_en=change_said(one)[1],
        )
        for one in differences(before, after)
    )  # fmt: skip


def _known(moment: datetime) -> datetime | None:
    return None if moment == EARLIEST else moment
