"""The watch: sentinels and what they must report, alerts and what was decided about them, rules in force."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from ._checks import require_aware, require_text
from .areas import AreaPath, area_path
from .counts import Counted, Interval, Stream
from .proposals import Sentence
from .tasks import WrongStep
from .users import Duty


class SentinelKind(StrEnum):
    """What kind of place or channel a sentinel is."""

    FEVER_CLINIC = "fever_clinic"
    HEALTH_CENTRE = "health_centre"
    PHARMACY = "pharmacy"
    SCHOOL = "school"
    CARE_HOME = "care_home"
    LABORATORY = "laboratory"
    HOTLINE = "hotline"
    WASTEWATER = "wastewater"
    VECTOR = "vector"
    SEARCH = "search"

    @property
    def channel(self) -> "Channel":
        """
        The channel of the provincial plans it belongs to.

        >>> SentinelKind.WASTEWATER.channel.value
        'environment'
        """
        return CHANNELS[self]


class Channel(StrEnum):
    """The channels of the provincial plans for multi-channel surveillance."""

    SYNDROME = "syndrome"
    PATHOGEN = "pathogen"
    ENVIRONMENT = "environment"
    SECTOR = "sector"
    SOCIETY = "society"


CHANNELS: dict[SentinelKind, Channel] = {
    SentinelKind.FEVER_CLINIC: Channel.SYNDROME,
    SentinelKind.HEALTH_CENTRE: Channel.SYNDROME,
    SentinelKind.LABORATORY: Channel.PATHOGEN,
    SentinelKind.WASTEWATER: Channel.ENVIRONMENT,
    SentinelKind.VECTOR: Channel.ENVIRONMENT,
    SentinelKind.PHARMACY: Channel.SECTOR,
    SentinelKind.SCHOOL: Channel.SECTOR,
    SentinelKind.CARE_HOME: Channel.SECTOR,
    SentinelKind.HOTLINE: Channel.SOCIETY,
    SentinelKind.SEARCH: Channel.SOCIETY,
}
"""Which channel each kind of sentinel belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentinel:
    """
    A place or channel that watches, and what it owes: every stream each day, zeros too, by an hour of the next day.

    `due_hour` is local time (0 to 23); a sentinel of `working_days_only` owes nothing for days off. `call` is the duty
    in its area that rings it when it is silent, `office` who is rung, by function and never by name. It
    reports from `since` up to `until`.
    """

    id: str
    area: AreaPath
    kind: SentinelKind
    name: Sentence
    streams: tuple[Stream, ...]
    due_hour: int
    since: date
    until: date | None = None
    working_days_only: bool = False
    call: Duty = Duty.EPIDEMIOLOGIST
    office: str = ""

    def __post_init__(self) -> None:
        require_text("id", self.id)
        area_path(self.area)
        if not self.streams:
            raise ValueError(f"sentinel {self.id} reports no stream; then it is none")
        if not 0 <= self.due_hour <= 23:
            raise ValueError(f"sentinel {self.id} owes its report by hour {self.due_hour}; 0 to 23")
        if self.until is not None and self.until <= self.since:
            raise ValueError(f"sentinel {self.id} ends on {self.until}, not after {self.since}")

    @property
    def place(self) -> AreaPath:
        """
        Where a log-in for this sentinel alone is at home: a step below its area that no area has.

        Raises ValueError for an id that is no step of a path.
        """
        return area_path(f"{self.area}{_PLACE}{self.id}.")

    def owes(self, day: date) -> bool:
        """Whether the sentinel is in service on a day; whether the day is a working day its calendar says."""
        return self.since <= day and (self.until is None or day < self.until)


_PLACE = "--"


def sentinel_at(place: AreaPath) -> str | None:
    """
    Return the id of the sentinel whose place a path is, None for the path of an area.

    >>> sentinel_at(area_path("44.4401.--s-1.")), sentinel_at(area_path("44.4401."))
    ('s-1', None)
    """
    last = place[:-1].rpartition(".")[2]
    return last.removeprefix(_PLACE) if last.startswith(_PLACE) else None


class AlertState(StrEnum):
    """Where an alert stands."""

    NEW = "new"
    WATCHED = "watched"
    VERIFYING = "verifying"
    EVENT = "event"
    CLOSED = "closed"


ALERT_STEPS: dict[AlertState, frozenset[AlertState]] = {
    AlertState.NEW: frozenset({AlertState.WATCHED, AlertState.VERIFYING, AlertState.CLOSED}),
    AlertState.WATCHED: frozenset({AlertState.VERIFYING, AlertState.CLOSED}),
    AlertState.VERIFYING: frozenset({AlertState.EVENT, AlertState.CLOSED, AlertState.WATCHED}),
    AlertState.EVENT: frozenset(),
    AlertState.CLOSED: frozenset({AlertState.WATCHED}),
}
"""The one table of allowed steps of an alert; a closed one may be taken up again, an event lives on as an incident."""


class Triage(StrEnum):
    """What an office holds an alert to be."""

    NOISE = "noise"
    DATA_FAULT = "data_fault"
    WATCH = "watch"
    VERIFY = "verify"
    EVENT = "event"
    NO_EVENT = "no_event"


TRIAGE_LEADS_TO: dict[Triage, AlertState] = {
    Triage.NOISE: AlertState.CLOSED,
    Triage.DATA_FAULT: AlertState.CLOSED,
    Triage.WATCH: AlertState.WATCHED,
    Triage.VERIFY: AlertState.VERIFYING,
    Triage.EVENT: AlertState.EVENT,
    Triage.NO_EVENT: AlertState.CLOSED,
}
"""The state each judgement leads to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertStep:
    """One judgement of an alert: what, when, by whom, and why in words."""

    held: Triage
    at: datetime
    by: str
    reason: str

    def __post_init__(self) -> None:
        require_aware("at", self.at)
        require_text("by", self.by)
        require_text("reason", self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """
    One cause that stood out, from the first day to the last, joined from the findings of every round.

    `seen` counts the rounds that found it; `p_value` is the smallest met, `q_value` that of the newest. `task` is the id of its verification,
    `incident` of the event it became. While `snoozed_until` lies ahead it asks for nothing; a snooze always has an end.
    """

    id: str
    area: AreaPath
    disease: str
    first_day: date
    last_day: date
    opened: datetime
    streams: tuple[str, ...]
    p_value: float
    q_value: float
    explanation: Sentence
    method: str
    seen: int = 1
    state: AlertState = AlertState.NEW
    steps: tuple[AlertStep, ...] = ()
    snoozed_until: datetime | None = None
    task: str = ""
    incident: str = ""

    def __post_init__(self) -> None:
        require_text("id", self.id)
        require_text("disease", self.disease)
        area_path(self.area)
        require_aware("opened", self.opened)
        require_aware("snoozed_until", self.snoozed_until)
        if self.first_day > self.last_day:
            raise ValueError(f"alert {self.id} ends on {self.last_day} before it began")

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to judge it."""
        return self.state in {AlertState.NEW, AlertState.WATCHED, AlertState.VERIFYING}

    def judged(self, step: AlertStep) -> "Alert":
        """Return the alert after a judgement, or raise WrongStep naming both states."""
        to = TRIAGE_LEADS_TO[step.held]
        if to not in ALERT_STEPS[self.state]:
            raise WrongStep(
                f"alert {self.id} is {self.state.value} and cannot be held {step.held.value}; "
                f"from there it can become {sorted(s.value for s in ALERT_STEPS[self.state]) or 'nothing else'}"
            )
        return replace(self, state=to, steps=(*self.steps, step), snoozed_until=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindMethod:
    """
    The method by which one kind of stream is judged: what is counted, per which interval.

    >>> KindMethod.parse("ili_visits/week=Farrington flexible").told
    'ili_visits/week=Farrington flexible'
    """

    counted: Counted
    interval: Interval
    method: str

    def __post_init__(self) -> None:
        require_text("method", self.method)

    @property
    def told(self) -> str:
        """The kind and its method as text; `KindMethod.parse` reads it back."""
        return f"{self.counted}/{self.interval}={self.method}"

    @classmethod
    def parse(cls, text: str) -> "KindMethod":
        """Return what text says, or raise ValueError saying which part is wrong."""
        kind, separator, method = text.partition("=")
        counted, slash, interval = kind.strip().partition("/")
        if not separator or not slash or not method.strip():
            raise ValueError(
                f"{text!r}; expected COUNTED/INTERVAL=METHOD, as in ili_visits/week=Farrington flexible"
            )
        if counted not in set(Counted):
            raise ValueError(f"{counted!r} is not counted; expected one of {', '.join(Counted)}")
        if interval not in set(Interval):
            raise ValueError(f"{interval!r} is no interval; expected one of {', '.join(Interval)}")
        return cls(counted=Counted(counted), interval=Interval(interval), method=method.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRule:
    """
    The method an area is watched by and its two limits, from an instant on; decided, never learned in silence.

    `kinds` names another method for some kinds of stream, each once.
    """

    id: str
    area: AreaPath
    method: str
    alpha: float
    false_share: float
    since: datetime
    proposal: str = ""
    kinds: tuple[KindMethod, ...] = ()

    def __post_init__(self) -> None:
        require_text("id", self.id)
        require_text("method", self.method)
        area_path(self.area)
        require_aware("since", self.since)
        named = [(one.counted, one.interval) for one in self.kinds]
        for one in named:
            if named.count(one) > 1:
                raise ValueError(f"{one[0]}/{one[1]} has two methods; one stream has one answer")
        for name in ("alpha", "false_share"):
            if not 0 < getattr(self, name) < 0.5:
                raise ValueError(f"{name} {getattr(self, name):g} must lie between 0 and 0.5")
