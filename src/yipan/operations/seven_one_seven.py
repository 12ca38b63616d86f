"""7-1-7: detected within seven days, notified within one, the early response complete within seven."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from yipan.model import (
    ActionNoted,
    AreaPath,
    Case,
    Classification,
    EarlyAction,
    Incident,
    IncidentState,
    Power,
    check_area,
    check_may,
)
from yipan.operations import commanding
from yipan.operations.post import Post
from yipan.operations.tracing import DESK, each_case
from yipan.store import Record
from yipan.store.tables.incidents import INCIDENTS
from yipan.store.tables.tracing import ACTIONS_NOTED, CHAINS, INVESTIGATIONS
from yipan.store.tables.watch import ALERTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """
    One milestone or early action of 7-1-7, None where nothing shows it.

    `noted` where a person said so rather than the record; `not_applicable` is their reason where it does not apply.
    """

    name: str
    at: datetime | date | None
    noted: bool = False
    not_applicable: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SevenOneSeven:
    """
    Detect within 7 days of emergence, notify within 1, complete the early response within 7.

    A measure is None where a milestone it needs is not on record. The early response is complete with the latest of
    the early actions that apply, once all of them were started. `incident` is None where none is named or known.
    """

    incident: str | None
    disease: str
    area: AreaPath

    milestones: tuple[Milestone, ...]
    actions: tuple[Milestone, ...]
    detect_days: int | None
    notify_days: int | None
    respond_days: int | None


def seven_one_seven(
    record: Record,
    *,
    area: AreaPath,
    disease: str,
    time_zone: ZoneInfo,
    incident: str | None = None,
) -> SevenOneSeven:
    """
    Return the milestones, early actions and measures of 7-1-7 of an incident, or of a disease in an area.

    Emergence is the earliest onset known (it moves as earlier cases appear), detection the earliest sample, report,
    alert or opened investigation, and notification the earliest report. What a person noted of an action stands before
    what the record shows. Raises NotFound for an incident that is not there.
    """
    check_area(record.viewer, area)
    about = record.noun(INCIDENTS, incident) if incident else None
    if about is not None:
        check_area(record.viewer, about.area)
        area, disease = about.area, about.disease
    cases = [
        c for c in each_case(record, area)
        if c.disease == disease and c.classification is not Classification.EXCLUDED
        and (about is None or c.incident in {None, about.id})
    ]  # fmt: skip
    ids = {c.id for c in cases}
    opened = [i for i in record.nouns(INVESTIGATIONS, under=area) if i.case in ids]
    alerts = [a for a in record.nouns(ALERTS, under=area) if about and a.incident == about.id]
    emergence = min((c.onset for c in cases if c.onset), default=None)
    started = min((i.reached[0].at for i in opened), default=None)
    noticed = [m for c in cases for m in (c.sampled, c.reported) if m] + [a.opened for a in alerts]
    detection = min([*noticed, *([started] if started else [])], default=None)
    notification = min((c.reported for c in cases if c.reported), default=None)
    shown = _early_actions(record, about, area=area, disease=disease, cases=cases, started=started)
    since = _start_of(emergence, time_zone)
    noted = (
        {n.action: n for n in record.nouns(ACTIONS_NOTED, where={"incident": about.id})}
        if about
        else {}
    )
    actions = tuple(
        Milestone(name=action.value, at=told.at, noted=True, not_applicable=told.not_applicable)
        if (told := noted.get(action))
        else Milestone(name=action.value, at=min((m for m in shown[action] if since is None or m >= since), default=None))
        for action in EarlyAction
    )  # fmt: skip
    applying = [a.at for a in actions if not a.not_applicable]
    whole = [at for at in applying if isinstance(at, datetime)]
    complete = max(whole) if whole and len(whole) == len(applying) else None
    return SevenOneSeven(
        incident=about.id if about else None, disease=disease, area=area,
        milestones=(
            Milestone(name="emergence", at=emergence), Milestone(name="detection", at=detection),
            Milestone(name="notification", at=notification), Milestone(name="early_response_complete", at=complete),
        ),
        actions=actions, detect_days=_days_between(emergence, detection, time_zone),
        notify_days=_days_between(detection, notification, time_zone),
        respond_days=_days_between(notification, complete, time_zone),
    )  # fmt: skip


def _early_actions(
    record: Record, about: Incident | None, *, area: AreaPath, disease: str, cases: Sequence[Case], started: datetime | None
) -> dict[EarlyAction, list[datetime]]:  # fmt: skip
    """The moments by which the record shows each early action to have been started."""
    orders = commanding.orders(record, area=area)
    chains_made = [
        version.known_from
        for c in record.nouns(CHAINS, under=area, where={"disease": disease})
        for version in record.versions(CHAINS, c.id)[:1]
    ]
    acting = [
        v.known_from
        for v in (record.versions(INCIDENTS, about.id) if about else ())
        if v.noun.state in {IncidentState.ALERT, IncidentState.RESPONSE}
    ]
    return {
        EarlyAction.INVESTIGATION: [started] if started else [],
        EarlyAction.ANALYSIS: chains_made,
        EarlyAction.LABORATORY: [c.confirmed for c in cases if c.confirmed],
        EarlyAction.CASE_MANAGEMENT: [c.isolated for c in cases if c.isolated],
        EarlyAction.COMMUNITY: [o.decided for o in orders],
        EarlyAction.COMMUNICATION: [o.published for o in orders if o.published],
        EarlyAction.COORDINATION: acting,
    }


def note_action(
    post: Post, incident: str, action: EarlyAction, *, at: datetime, started: datetime | None = None,
    not_applicable: str = "", why: str = "", time_zone: ZoneInfo,
) -> SevenOneSeven:  # fmt: skip
    """
    Note when an early action of an incident was started, or why it does not apply; return 7-1-7 as it then stands.

    Raises NotFound, ValueError where both or neither is given or the moment is yet to come.
    """
    check_may(post.viewer, Power.WORK)
    with post.store.reading(post.viewer) as record:
        about = record.noun(INCIDENTS, incident)
    check_area(post.viewer, about.area)
    if started is not None and started > at:
        raise ValueError(
            f"{action.value} started at {started.isoformat()} lies in the future of {at.isoformat()}"
        )
    with post.store.acting(
        post.viewer, desk=DESK, verb="note_action", subject=incident, area=about.area, at=at,
        why=(why or not_applicable or f"{action.value} was started")[:200],
    ) as act:  # fmt: skip
        act.put(
            ACTIONS_NOTED,
            [
                ActionNoted(
                    id=f"{incident}:{action.value}", area=about.area, incident=incident, action=action, at=started,
                    not_applicable=not_applicable, why=why,
                )
            ],
        )  # fmt: skip
        return seven_one_seven(
            act, area=about.area, disease=about.disease, incident=incident, time_zone=time_zone
        )


def incidents(record: Record, *, area: AreaPath) -> tuple[Incident, ...]:
    """Return the incidents of an area, those not closed first, the newest first."""
    check_area(record.viewer, area)
    found = record.nouns(INCIDENTS, under=area)
    return tuple(sorted(found, key=lambda i: (i.closed is not None, -i.opened.timestamp(), i.id)))


def _start_of(day: date | None, zone: ZoneInfo) -> datetime | None:
    return None if day is None else datetime.combine(day, datetime.min.time(), tzinfo=zone)


def _days_between(
    first: date | datetime | None, last: date | datetime | None, zone: ZoneInfo
) -> int | None:
    if first is None or last is None:
        return None
    days = [m.astimezone(zone).date() if isinstance(m, datetime) else m for m in (first, last)]
    return (days[1] - days[0]).days
