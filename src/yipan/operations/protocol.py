"""The text in force in an area: who adopted it and when, what it asks, what was left open and how it was settled."""

from dataclasses import dataclass
from datetime import datetime

from yipan.model import Adoption, AreaPath, ancestors_of, check_area
from yipan.protocol import Profile, ProtocolError, Protocols, protocols
from yipan.protocol.keys import CHOICES, choice_said
from yipan.protocol.telling import RulebookTold, TextTold, rulebook_told, texts_told
from yipan.store import Record
from yipan.store.tables.zoning import ADOPTIONS

DISEASE = "covid-19"
"""Of several diseases whose texts are adopted, the one shown where none is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedText:
    """
    A text as a command adopted it: where, from when, what holds for running clocks, known since when, by whose act.

    `holds` says that it is the one in force in the area asked about; `until` is when the next one of the same command
    took its place, None while none has.
    """

    id: str
    version: str
    name_zh: str
    name_en: str
    area: AreaPath
    at: datetime
    until: datetime | None
    policy: str
    profile: str
    known_from: datetime
    act: int
    by: str
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Something the texts leave open, what the jurisdiction decided, and why, in words of both languages."""

    name: str
    name_zh: str
    name_en: str
    value_zh: str
    value_en: str
    because_zh: str
    because_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """
    What holds in an area at an instant, as known at the moment asked about.

    `adopted` are the texts the commands at and above the area adopted, in order of time; `text` the numbers of the
    one in force, None where no command adopted any. `in_effect` is the text in effect by its own date, which a command
    may not have adopted yet. `texts` are every text of the disease with publication and effect.
    """

    area: AreaPath
    at: datetime
    disease: str
    adopted: tuple[AdoptedText, ...]
    text: RulebookTold | None
    in_effect: str | None
    texts: tuple[TextTold, ...]
    profile: str | None
    choices: tuple[Choice, ...]


def here(record: Record, *, area: AreaPath, at: datetime, disease: str | None = None) -> Here:
    """Return which text holds in an area at `at` by adoption, which by its date, and what was decided with it."""
    check_area(record.viewer, area)
    books = protocols()
    found = record.nouns(ADOPTIONS, where={"area": [*ancestors_of(area), area]})
    wanted = disease or DISEASE
    own = [one for one in found if books.versions[one.version].disease == wanted]
    nearest = max((len(one.area) for one in own), default=0)
    held = [one for one in own if len(one.area) == nearest and one.at <= at]
    last = max(held, key=lambda one: (one.at, one.id), default=None)
    profile = books.profile(last.profile) if last else None
    try:
        in_effect = books.at(at, disease=wanted, area=area).id
    except ProtocolError:
        in_effect = None
    return Here(
        area=area, at=at, disease=wanted,
        adopted=tuple(
            _told(record, one, own, books, holds=last is not None and one.id == last.id)
            for one in sorted(own, key=lambda one: (one.at, one.id))
        ),
        text=rulebook_told(books.rulebook(last.version)) if last else None, in_effect=in_effect,
        texts=tuple(one for one in texts_told(books) if one.disease == wanted),
        profile=profile.id if profile else None, choices=choices(profile) if profile else (),
    )  # fmt: skip


def choices(profile: Profile) -> tuple[Choice, ...]:
    """
    Return what a jurisdiction settled where the texts leave something open.

    >>> [one.value_en for one in choices(protocols().profile("guangdong-2022")) if one.name == "transition_policy"]
    ['may only get shorter']
    """
    told = []
    for name, value in profile.values.items():
        words, chosen = CHOICES[name], choice_said(value)
        because = profile.because.get(name, ("", ""))
        told.append(Choice(
            name=name, name_zh=words[0], name_en=words[1], value_zh=chosen[0], value_en=chosen[1],
            because_zh=because[0], because_en=because[1],
        ))  # fmt: skip
    return tuple(told)


def _told(
    record: Record, one: Adoption, every: list[Adoption], books: Protocols, *, holds: bool
) -> AdoptedText:
    later = [other.at for other in every if other.area == one.area and other.at > one.at]
    version = record.versions(ADOPTIONS, one.id)[-1]
    acts = record.acts(after=version.act - 1, limit=1)
    text = books.versions[one.version]
    return AdoptedText(
        id=one.id, version=one.version, name_zh=text.name_zh, name_en=text.name_en, area=one.area, at=one.at,
        until=min(later, default=None), policy=one.policy, profile=one.profile, known_from=version.known_from,
        act=version.act, by=acts[0].user if acts and acts[0].number == version.act else "", holds=holds,
    )  # fmt: skip
