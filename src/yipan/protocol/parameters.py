"""Numbers of a protocol: dated, sourced, layered. Read strictly; every error names file and line."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from yipan.model import area_path
from yipan.packs.yaml_text import Loader
from yipan.protocol.keys import key_of, said, value_said

UNITS = frozenset({
    "none", "names", "days", "hours", "count", "share", "text", "phases", "bands", "level", "ct", "trigger",
})  # fmt: skip
CONFIDENCES = frozenset({"high", "medium", "low", "memory", "conflict"})
LAYERS = ("nation", "province", "city", "county")
MAY_DIFFER = frozenset({"never", "stricter", "looser", "both"})
AMBIGUITIES = frozenset({
    "start_instant", "late_closing_round", "gap_of_three_days", "lookback_days", "isolation_day_one",
    "isolated_positives_reset", "community", "screening_limit_measured_to", "transition_policy", "low_scope",
    "equality_at_threshold", "overdue_grace_hours", "care_suspension_hours", "time_limits_start", "tests_past_at_intake",
    "essential_venues", "urgent_care_hours", "rectification_hours",
})  # fmt: skip
"""What the texts leave open. Code holds no default for any of them: a jurisdiction profile says."""

EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
"""From when a text holds whose effect is not known: always, unless a dated one holds."""
TRANSITIONS = ("only_shorter", "as_started")
_NUMBERS = frozenset({"days", "hours", "count", "share", "ct"})
_LEAF_NEEDS = {"value", "unit", "source", "confidence"}
_LEAF_MAY = {
    "from", "published", "checked", "may_differ", "stricter", "floor", "ceiling", "note", "exceptions",
}  # fmt: skip
_VERSION_NEEDS = {
    "name_zh", "name_en", "disease", "jurisdiction", "layer", "published", "from", "checked", "source",
    "confidence",
}  # fmt: skip


class ProtocolError(ValueError):
    """A protocol is not as it must be; the message begins with file and line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceptional:
    """A value that replaces the general one where every circumstance in `when` holds."""

    when: Mapping[str, Any]
    value: Any
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """
    One number or list of a protocol version, with everything needed to trust and find it.

    `published` is as precise as it is known: `2022-06-28`, `2015-05`, `2009` or `unknown`. `effective` is `EARLIEST`
    where it is not known.
    """

    key: str
    value: Any
    unit: str
    effective: datetime
    published: str
    source: tuple[str, ...]
    confidence: str
    checked: date
    may_differ: str
    version: str
    layer: str
    where: str
    stricter: str | None = None
    floor: float | None = None
    ceiling: float | None = None
    removed: bool = False
    exceptions: tuple[Exceptional, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A published text: its own leaves only. What it amends is found through `Protocols.rulebook`."""

    id: str
    name_zh: str
    name_en: str
    disease: str
    jurisdiction: str
    layer: str
    published: str
    effective: datetime
    amends: str | None
    confidence: str
    where: str
    area: str | None = None
    note: str = ""
    leaves: Mapping[str, Parameter] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """A version with all it amends resolved. Immutable: a what-if is `rulebook.with_value(key, value)`."""

    id: str
    name_zh: str
    name_en: str
    disease: str
    layer: str
    effective: datetime
    published: str
    lineage: tuple[str, ...]
    parameters: Mapping[str, Parameter] = field(repr=False)
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)

    def has(self, key: str) -> bool:
        """Say whether this rulebook sets `key`; a removed parameter is not set."""
        return key in self.parameters

    def leaf(self, key: str) -> Parameter:
        """Return the parameter with its provenance. Raises ProtocolError where the rulebook sets none."""
        try:
            return self.parameters[key]
        except KeyError:
            raise ProtocolError(
                f"{self.id} sets no {key}; it is not known and is not guessed"
            ) from None

    def value(self, key: str, **circumstances: Any) -> Any:
        """
        Return the value of a parameter, or of its one exception that applies under the circumstances.

        Raises ProtocolError where the rulebook sets none, or where two exceptions apply at once.

        >>> protocols().rulebook("cn-covid-20m").value("zone.high.quiet_days")
        5
        """
        leaf = self.leaf(key)
        applying = [
            one for one in leaf.exceptions
            if all(circumstances.get(name) == wanted for name, wanted in one.when.items())
        ]  # fmt: skip
        if len(applying) > 1:
            places = " and ".join(one.where for one in applying)
            raise ProtocolError(
                f"{places}: two exceptions to {key} apply at once under {circumstances}; say which one holds"
            )
        return applying[0].value if applying else leaf.value

    def get(self, key: str) -> Any:
        """Return the value of a parameter, or None where this rulebook sets none."""
        return self.parameters[key].value if key in self.parameters else None

    def with_value(self, key: str, value: Any) -> "Rulebook":
        """Return a changed copy of one number; this rulebook stays as it is."""
        return replace(
            self, parameters={**self.parameters, key: replace(self.leaf(key), value=value)}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """
    What one jurisdiction decided where the texts leave something open, and why it did.

    `because` gives for each name the reason in Chinese and in English.
    """

    id: str
    values: Mapping[str, Any]
    where: str
    because: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def value(self, name: str) -> Any:
        """Return what the jurisdiction decided. Raises ProtocolError where it decided nothing."""
        if name not in AMBIGUITIES:
            raise ProtocolError(f"{name!r} is not one of the open questions {sorted(AMBIGUITIES)}")
        if name not in self.values:
            raise ProtocolError(
                f"{self.where}: profile {self.id} does not say {name}; the text leaves it open, so the "
                "jurisdiction must decide before this rule can be used"
            )
        return self.values[name]

    def one_of(self, name: str, allowed: Iterable[Any]) -> Any:
        """Return what the jurisdiction decided; raise ProtocolError where that is nothing the rule understands."""
        value = self.value(name)
        choices = list(allowed)
        if value not in choices:
            told = ", ".join(str(one) for one in choices)
            raise ProtocolError(f"{self.where}: {name} {value!r}; expected one of {told}")
        return value

    def said(self, name: str) -> str:
        """Return `name = value`, the form in which a ruling names an assumption."""
        return f"{name} = {self.value(name)}"

    def with_value(self, name: str, value: Any) -> "Profile":
        """Return a changed copy of one decision."""
        if name not in AMBIGUITIES:
            raise ProtocolError(f"{name!r} is not one of the open questions {sorted(AMBIGUITIES)}")
        return replace(self, values={**self.values, name: value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between two rulebooks: None stands for a parameter the book does not set."""

    key: str
    before: Any
    after: Any
    unit: str
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocols:
    """All versions and profiles that were read together."""

    versions: Mapping[str, Version]
    profiles: Mapping[str, Profile]
    sources: Mapping[str, str]

    def rulebook(self, version: str) -> Rulebook:
        """
        Resolve a version through all it amends.

        Raises ProtocolError for an unknown version, a cycle of amendments, or a lower layer that departs from
        a higher one further than the higher one allows.
        """
        chain: list[Version] = []
        name: str | None = version
        while name is not None:
            if name not in self.versions:
                place = chain[-1].where if chain else "protocols"
                raise ProtocolError(
                    f"{place}: there is no version {name!r}; known: {sorted(self.versions)}"
                )
            if name in [one.id for one in chain]:
                circle = " -> ".join([*(one.id for one in chain), name])
                raise ProtocolError(
                    f"{self.versions[name].where}: amendments go round in a circle: {circle}"
                )
            chain.append(self.versions[name])
            name = chain[-1].amends
        resolved: dict[str, Parameter] = {}
        for one in reversed(chain):
            for key, leaf in one.leaves.items():
                kept = resolved.get(key)
                if kept is not None and LAYERS.index(leaf.layer) > LAYERS.index(kept.layer):
                    _check_departure(kept, leaf)
                if leaf.removed:
                    resolved.pop(key, None)
                else:
                    resolved[key] = _inheriting(leaf, kept)
        top = chain[0]
        return Rulebook(
            id=top.id, name_zh=top.name_zh, name_en=top.name_en, disease=top.disease, layer=top.layer,
            effective=top.effective, published=top.published, lineage=tuple(one.id for one in chain),
            parameters=resolved, sources=self.sources,
        )  # fmt: skip

    def at(self, moment: datetime, *, disease: str, area: str | None = None) -> Rulebook:
        """
        Return the rulebook in effect at `moment` for a disease, by date of effect.

        With an `area` path, texts of lower layers that hold there and amend the national text in effect are put on
        it, the lowest layer last; a provincial text that amends an older national one has lapsed. When a command
        adopted a text is another moment; see `Adopted`. Raises ProtocolError where none was in effect.

        >>> moment = datetime.fromisoformat("2022-11-15T08:00:00+08:00")
        >>> protocols().at(moment, disease="covid-19", area="44.4403.").id
        'cn-covid-20m'
        """
        if moment.tzinfo is None:
            raise ValueError(f"{moment} has no time zone")
        running = [
            one
            for one in self.versions.values()
            if one.disease == disease and one.effective <= moment
        ]
        national = [one for one in running if one.layer == "nation"]
        if not national:
            raise ProtocolError(
                f"no national protocol for {disease} was in effect at {moment.isoformat()}"
            )
        newest = max(national, key=lambda one: one.effective)
        local = [
            one for one in running
            if area is not None and one.area is not None and area.startswith(one.area)
            and newest.id in self.rulebook(one.id).lineage
        ]  # fmt: skip
        lowest = max(
            local, key=lambda one: (LAYERS.index(one.layer), one.effective), default=newest
        )
        return self.rulebook(lowest.id)

    def profile(self, name: str) -> Profile:
        """Return a jurisdiction profile by its id."""
        if name not in self.profiles:
            raise ProtocolError(f"there is no profile {name!r}; known: {sorted(self.profiles)}")
        return self.profiles[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """
    A rulebook, the moment this command adopted it, and what it decided for clocks already running.

    `policy` is `only_shorter`, `as_started`, or None where the command recorded nothing and its profile decides.
    """

    rulebook: Rulebook
    at: datetime
    policy: str | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError(f"adoption of {self.rulebook.id} at {self.at} has no time zone")
        if self.policy not in {*TRANSITIONS, None}:
            raise ValueError(
                f"transition policy {self.policy!r}; expected only_shorter or as_started"
            )

    def decided(self, profile: Profile) -> str:
        """Return what holds for clocks already running: as recorded at adoption, else as the profile says."""
        return self.policy or str(profile.one_of("transition_policy", TRANSITIONS))


def change_said(change: Change) -> tuple[str, str]:
    """
    Return what a change means for whom, in Chinese and in English.

    >>> books = protocols()
    >>> changes = differences(books.rulebook("cn-covid-9ed"), books.rulebook("cn-covid-20m"))
    >>> [change_said(one)[1] for one in changes if one.key == "zone.high.quiet_days"]
    ['high-risk zones: days in a row without a new infection: 7 days -> 5 days (2 days shorter)']
    """
    name_zh, name_en = said(change.key)
    before_zh, before_en = value_said(change.before, change.unit)
    after_zh, after_en = value_said(change.after, change.unit)
    if change.after is None:
        return (
            f"{name_zh}：不再规定（原为{before_zh}）",
            f"{name_en}: no longer set (was {before_en})",
        )
    if change.before is None:
        return f"{name_zh}：新规定为{after_zh}", f"{name_en}: newly set, {after_en}"
    zh, en = f"{name_zh}：由{before_zh}改为{after_zh}", f"{name_en}: {before_en} -> {after_en}"
    days = _days(change.after, change.unit), _days(change.before, change.unit)
    if days[0] is not None and days[1] is not None and days[0] != days[1]:
        more = days[0] - days[1]
        zh += f"（{'延长' if more > 0 else '缩短'}{abs(more):g}天）"
        en += f" ({abs(more):g} days {'longer' if more > 0 else 'shorter'})"
    return zh, en


def _days(value: Any, unit: str) -> float | None:
    """Return how many days a value lasts, None where it is no length of time."""
    if unit == "days" and isinstance(value, int | float):
        return float(value)
    if unit == "phases" and all("days" in one for one in value):
        return float(sum(one["days"] for one in value))
    return None


def differences(before: Rulebook, after: Rulebook) -> tuple[Change, ...]:
    """
    Return what a change of version changes, by key; None where a book does not set the parameter.

    >>> books = protocols()
    >>> changes = differences(books.rulebook("cn-covid-9ed"), books.rulebook("cn-covid-20m"))
    >>> [(one.before, one.after) for one in changes if one.key == "zone.high.quiet_days"]
    [(7, 5)]
    """
    found = []
    for key in sorted({*before.parameters, *after.parameters}):
        old, new = before.parameters.get(key), after.parameters.get(key)
        if (old and old.value) != (new and new.value) or (old is None) is not (new is None):
            told = new or old
            assert told is not None
            found.append(Change(
                key=key, before=old.value if old else None, after=new.value if new else None, unit=told.unit,
                source=told.source,
            ))  # fmt: skip
    return tuple(found)


def protocols(folder: Path | None = None) -> Protocols:
    """
    Read every protocol that comes with Yipan, or all under a folder of one's own, checked whole.

    Raises ProtocolError naming file and line.

    >>> "cn-covid-9ed" in protocols().versions
    True
    """
    if folder is None:
        return _bundled()
    return _read(folder)


@cache
def _bundled() -> Protocols:
    """Read the packs of Yipan once; what comes of it is immutable."""
    return _read(resources.files("yipan.packs") / "protocols")


def _read(root: Traversable) -> Protocols:
    if not root.is_dir():
        raise ProtocolError(f"{root.name}: there is no such folder of protocols")
    texts: dict[str, str] = {}
    for pack in sorted(root.iterdir(), key=lambda one: one.name):
        if pack.is_dir():
            for file in sorted(pack.iterdir(), key=lambda one: one.name):
                if file.name.endswith(".yaml"):
                    texts[f"{pack.name}/{file.name}"] = file.read_text(encoding="utf-8")
    return read_protocols(texts)


def read_protocols(texts: Mapping[str, str]) -> Protocols:
    """
    Read protocols from texts by file name.

    A file is a topic: `sources`, `versions` (heads), `parameters` (by version, by key) and `profiles`, each
    optional. Raises ProtocolError naming file and line.
    """
    files = {name: _compose(name, text) for name, text in texts.items()}
    sources = _sources(files)
    heads: dict[str, Version] = {}
    profiles: dict[str, Profile] = {}
    dates: dict[str, date] = {}
    for name, (loader, root) in files.items():
        top = _entries(name, loader, root)
        for key, node in _entries(name, loader, top.get("versions")).items():
            if key in heads:
                raise ProtocolError(f"{_at(name, node)}: version {key!r} was given before")
            heads[key] = _version(name, loader, key, node, sources, dates)
        for key, node in _entries(name, loader, top.get("profiles")).items():
            profiles[key] = _profile(name, loader, key, node)
    leaves: dict[str, dict[str, Parameter]] = {key: {} for key in heads}
    for name, (loader, root) in files.items():
        for version, block in _entries(
            name, loader, _entries(name, loader, root).get("parameters")
        ).items():
            if version not in heads:
                raise ProtocolError(
                    f"{_at(name, block)}: parameters for {version!r}, which no file declares"
                )
            for key, node in _entries(name, loader, block).items():
                if key in leaves[version]:
                    raise ProtocolError(
                        f"{_at(name, node)}: {version} sets {key} here and at {leaves[version][key].where}"
                    )
                leaves[version][key] = _leaf(
                    name, loader, key, node, heads[version], sources, dates[version]
                )
    found = Protocols(
        versions={key: replace(head, leaves=leaves[key]) for key, head in heads.items()},
        profiles=profiles, sources=sources,
    )  # fmt: skip
    for key in heads:
        found.rulebook(key)
    return found


def _sources(files: Mapping[str, tuple[Loader, yaml.Node | None]]) -> dict[str, str]:
    """Collect the source lists of all files, and see that no file has a section of another name."""
    sources: dict[str, str] = {}
    for name, (loader, root) in files.items():
        for key, node in _entries(name, loader, root).items():
            if key not in {"topic", "sources", "versions", "parameters", "profiles"}:
                raise ProtocolError(f"{_at(name, node)}: unknown key {key!r} in a topic file")
            if key == "sources":
                for source, text in _entries(name, loader, node).items():
                    if source in sources:
                        raise ProtocolError(
                            f"{_at(name, text)}: source {source!r} was given before"
                        )
                    sources[source] = str(loader.construct_object(text))
    return sources


def _at(name: str, node: yaml.Node) -> str:
    return f"{name}:{node.start_mark.line + 1}"


def _compose(name: str, text: str) -> tuple[Loader, yaml.Node | None]:
    loader = Loader(text)
    try:
        return loader, loader.get_single_node()
    except yaml.MarkedYAMLError as wrong:
        line = wrong.problem_mark.line + 1 if wrong.problem_mark else 1
        raise ProtocolError(f"{name}:{line}: not YAML: {wrong.problem}") from None


def _entries(name: str, loader: Loader, node: yaml.Node | None) -> dict[str, yaml.Node]:
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise ProtocolError(f"{_at(name, node)}: expected a mapping")
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        word = str(loader.construct_object(key))
        if word in found:
            raise ProtocolError(f"{_at(name, key)}: key {word!r} stands here twice")
        found[word] = value
    return found


def _plain(loader: Loader, node: yaml.Node) -> Any:
    return loader.construct_object(node, deep=True)


def _keys(where: str, given: Iterable[str], needs: set[str], may: set[str]) -> None:
    missing, unknown = sorted(needs - set(given)), sorted(set(given) - needs - may)
    if unknown:
        raise ProtocolError(f"{where}: unknown key {unknown[0]!r}; known are {sorted(needs | may)}")
    if missing:
        raise ProtocolError(f"{where}: missing {missing[0]!r}; a number without it must not run")


def _moment(where: str, value: Any) -> datetime:
    if value == "unknown":
        return EARLIEST
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ProtocolError(f"{where}: {value!r} is not an instant") from None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ProtocolError(
            f"{where}: from is {value}; expected a full instant with its offset, or unknown"
        )
    return value


def _day(where: str, value: Any) -> date:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ProtocolError(f"{where}: {value!r} is not a date")
    return value


def _published(where: str, value: Any) -> str:
    """Return when a text was published, as precisely as it is known: a day, a month, a year, or unknown."""
    text = value.isoformat() if isinstance(value, date) else str(value)
    if text != "unknown" and not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", text):
        raise ProtocolError(
            f"{where}: published {value!r}; expected a day, a month, a year, or unknown"
        )
    return text


def _sourced(
    where: str, value: Any, confidence: Any, sources: Mapping[str, str]
) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ProtocolError(f"{where}: source must be a list of at least one source id")
    for one in value:
        if one not in sources:
            raise ProtocolError(f"{where}: source {one!r} is not declared in any sources block")
    if confidence not in CONFIDENCES:
        raise ProtocolError(
            f"{where}: confidence {confidence!r}; expected one of {sorted(CONFIDENCES)}"
        )
    return tuple(value)


def _version(
    name: str, loader: Loader, key: str, node: yaml.Node, sources: Mapping[str, str],
    dates: dict[str, date],
) -> Version:  # fmt: skip
    where = _at(name, node)
    entries = _entries(name, loader, node)
    _keys(where, entries, _VERSION_NEEDS, {"amends", "note", "area"})
    raw = {word: _plain(loader, value) for word, value in entries.items()}
    _sourced(where, raw["source"], raw["confidence"], sources)
    if raw["layer"] not in LAYERS:
        raise ProtocolError(f"{where}: layer {raw['layer']!r}; expected one of {list(LAYERS)}")
    dates[key] = _day(where, raw["checked"])
    return Version(
        id=key, name_zh=raw["name_zh"], name_en=raw["name_en"], disease=raw["disease"],
        jurisdiction=raw["jurisdiction"], layer=raw["layer"], published=_published(where, raw["published"]),
        effective=_moment(where, raw["from"]), amends=raw.get("amends"), confidence=raw["confidence"],
        where=where, area=_version_area(where, raw), note=raw.get("note", ""),
    )  # fmt: skip


def _version_area(where: str, raw: Mapping[str, Any]) -> str | None:
    """Return where a text holds; one below the nation says so, and amends another."""
    if raw["layer"] == "nation":
        if "area" in raw:
            raise ProtocolError(f"{where}: a text of the nation holds everywhere and names no area")
        return None
    for need in ("area", "amends"):
        if need not in raw:
            raise ProtocolError(f"{where}: a text of the {raw['layer']} needs {need!r}")
    try:
        return area_path(str(raw["area"]))
    except ValueError as wrong:
        raise ProtocolError(f"{where}: {wrong}") from None


def _registered(where: str, key: str, raw: Mapping[str, Any], *, removed: bool) -> None:
    """Raise where no rule reads a parameter, or its unit or value is not what the rule expects."""
    found = key_of(key)
    if found is None:
        raise ProtocolError(f"{where}: no rule reads a parameter {key!r}; it would change nothing")
    if removed:
        return
    unit, value = raw["unit"], raw["value"]
    if unit not in UNITS:
        raise ProtocolError(f"{where}: unknown unit {unit!r}; known are {sorted(UNITS)}")
    if unit != found[0].unit:
        raise ProtocolError(f"{where}: {key} is given in {unit}; the rule reads {found[0].unit}")
    numbers = list(_flat(value))
    if unit in _NUMBERS and not all(
        isinstance(one, int | float) and not isinstance(one, bool) and one >= 0 for one in numbers
    ):
        raise ProtocolError(f"{where}: {key} is {value!r}; expected a number of {unit}, 0 or more")
    if unit in {"names", "phases"} and not isinstance(value, list):
        raise ProtocolError(f"{where}: {key} is {value!r}; expected a list")
    if unit in {"bands", "trigger"} and not isinstance(value, dict):
        raise ProtocolError(f"{where}: {key} is {value!r}; expected a mapping")
    if unit == "phases":
        from yipan.protocol.primitives import phase_spec

        for one in value:
            try:
                phase_spec(one)
            except ProtocolError as wrong:
                raise ProtocolError(f"{where}: {wrong}") from None
    if unit == "trigger" and not {"operator", "value", "counted"} <= set(value):
        raise ProtocolError(f"{where}: {key} is {value!r}; expected operator, value and counted")


def _flat(value: Any) -> Iterable[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _flat(one)
    else:
        yield value


def _leaf(
    name: str, loader: Loader, key: str, node: yaml.Node, head: Version, sources: Mapping[str, str],
    checked: date,
) -> Parameter:  # fmt: skip
    where = _at(name, node)
    entries = _entries(name, loader, node)
    removed = "removed" in entries
    _keys(
        where, entries, {"removed", "source", "confidence"} if removed else _LEAF_NEEDS, _LEAF_MAY
    )
    raw = {word: _plain(loader, value) for word, value in entries.items()}
    source = _sourced(where, raw["source"], raw["confidence"], sources)
    _registered(where, key, raw, removed=removed)
    may = raw.get("may_differ", "inherit")
    if may != "inherit" and may not in MAY_DIFFER:
        raise ProtocolError(f"{where}: may_differ {may!r}; expected one of {sorted(MAY_DIFFER)}")
    if raw.get("stricter") not in {None, "higher", "lower"}:
        raise ProtocolError(f"{where}: stricter {raw['stricter']!r}; expected higher or lower")
    exceptions = []
    for one in entries["exceptions"].value if "exceptions" in entries else ():
        _keys(_at(name, one), _entries(name, loader, one), {"when", "value"}, set())
        told = _plain(loader, one)
        exceptions.append(Exceptional(when=told["when"], value=told["value"], where=_at(name, one)))
    for index, one in enumerate(exceptions):
        for other in exceptions[index + 1 :]:
            if one.when == other.when:
                raise ProtocolError(
                    f"{one.where} and {other.where}: two exceptions to {key} apply at once; say which one holds"
                )
    return Parameter(
        key=key, value=raw.get("value"), unit=raw.get("unit", "none"),
        effective=_moment(where, raw["from"]) if "from" in raw else head.effective,
        published=_published(where, raw["published"]) if "published" in raw else head.published,
        source=source, confidence=raw["confidence"],
        checked=_day(where, raw["checked"]) if "checked" in raw else checked,
        may_differ=may, version=head.id, layer=head.layer, where=where, stricter=raw.get("stricter"),
        floor=raw.get("floor"), ceiling=raw.get("ceiling"), removed=removed, exceptions=tuple(exceptions),
        note=raw.get("note", ""),
    )  # fmt: skip


def _profile(name: str, loader: Loader, key: str, node: yaml.Node) -> Profile:
    values, because = {}, {}
    for word, value in _entries(name, loader, node).items():
        where = _at(name, value)
        if word not in AMBIGUITIES:
            raise ProtocolError(
                f"{where}: unknown key {word!r}; a profile may say {sorted(AMBIGUITIES)}"
            )
        entries = _entries(name, loader, value)
        _keys(where, entries, {"value", "because"}, {"because_zh"})
        values[word] = _plain(loader, entries["value"])
        en = str(_plain(loader, entries["because"]))
        zh = _plain(loader, entries["because_zh"]) if "because_zh" in entries else en
        because[word] = (str(zh), en)
    return Profile(id=key, values=values, where=_at(name, node), because=because)


def _inheriting(leaf: Parameter, kept: Parameter | None) -> Parameter:
    """Return a leaf that says nothing on departures with what the amended one said, else `never`."""
    if leaf.may_differ != "inherit":
        return leaf
    if kept is None:
        return replace(leaf, may_differ="never")
    return replace(
        leaf,
        may_differ=kept.may_differ,
        stricter=leaf.stricter or kept.stricter,
        floor=leaf.floor if leaf.floor is not None else kept.floor,
        ceiling=leaf.ceiling if leaf.ceiling is not None else kept.ceiling,
    )


def _check_departure(higher: Parameter, lower: Parameter) -> None:
    """Raise where a lower layer departs from a higher one further than the higher one allows."""
    if lower.value == higher.value and not lower.removed:
        return
    said = f"{lower.where}: {lower.version} sets {lower.key} to {lower.value}, {higher.version} to {higher.value}"
    if higher.may_differ in {"never", "inherit"}:
        raise ProtocolError(f"{said}; a lower layer may not differ")
    if (
        lower.removed
        or not isinstance(lower.value, int | float)
        or not isinstance(higher.value, int | float)
    ):
        raise ProtocolError(f"{said}; only numbers can be compared for being stricter or looser")
    if higher.stricter is None:
        raise ProtocolError(f"{said}; {higher.where} does not say which direction is stricter")
    stricter = (lower.value > higher.value) is (higher.stricter == "higher")
    if higher.may_differ != "both" and stricter is not (higher.may_differ == "stricter"):
        raise ProtocolError(f"{said}; a lower layer may only be {higher.may_differ}")
    if higher.floor is not None and lower.value < higher.floor:
        raise ProtocolError(f"{said}; the floor is {higher.floor}")
    if higher.ceiling is not None and lower.value > higher.ceiling:
        raise ProtocolError(f"{said}; the ceiling is {higher.ceiling}")
