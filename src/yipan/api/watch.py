"""What stands out, what is silent, and what was decided about it."""

from datetime import date, datetime
from typing import Annotated

from fastapi import Query, Response
from pydantic import BaseModel, Field

from yipan.api.access import OWN, AreaAsked, Asked, DayAsked, SinceAsked, UntilAsked
from yipan.api.commanding import CHANGE, Id, moment_of, post_of
from yipan.api.door import answer, responses, routes_of
from yipan.model import AlertState, KindMethod, Triage

routes = routes_of("watch")

SIGNAL_EXAMPLE = {
    "area": "44.4401.",
    "stream": {
        "disease": "covid-19", "counted": "local_infections", "mode": "any", "interval": "day", "site": "",
    },
    "day": "2022-11-05", "method": "calendar baseline", "observed": 1325, "expected": 402.3, "threshold": 1012.7,
    "score": 4.6, "since": "2022-11-03", "baseline": 28, "baseline_missing": 0, "judgement": "judged",
    "explanation": {
        "zh": "广州市11月5日报告本土感染者1325例，此前28个报告日的预期为402.3例、报警线为1012.7例，已连续3天。",
        "en": "Guangzhou reported 1325 local infections on 5 November; from the 28 reported days before, 402.3 "
        "were expected and more than 1012.7 stand out, for the 3rd day in a row.",
    },
}  # fmt: skip
ALERT_EXAMPLE = {
    "id": "a-3f1c", "area": "44.4401.", "disease": "covid-19", "first_day": "2022-10-30", "last_day": "2022-11-05",
    "opened": "2022-10-30T08:00:00+08:00", "state": "new", "p_value": 0.0002, "q_value": 0.01, "seen": 7,
}  # fmt: skip
PICTURE_EXAMPLE = {
    "day": "2022-11-05", "method": "calendar baseline", "streams": 22, "family": 22, "alpha": 0.005,
    "false_share": 0.1, "alarms": 2, "findings": [], "unjudged": [], "faults": [],
}  # fmt: skip
SENTINEL_EXAMPLE = {
    "sheets": [
        {"owed": 28, "sent": 20, "zero_reports": 3, "completeness": 0.71, "silent_days": 4, "state": "silent",
         "explanation": {"zh": "某发热门诊：已4天应报未报。", "en": "A fever clinic: silent for 4 days it owed."}}
    ],
    "areas": [{"area": "44.4401.", "sentinels": 5, "silent": 1, "completeness": 0.93}],
}  # fmt: skip


class TriageAsked(BaseModel):
    """What an alert is held to be, and why."""

    held: Triage = Field(description="what the alert is held to be", examples=["verify"])
    reason: str = Field(min_length=1, max_length=2000, examples=["three clinics agree"])
    hours: int = Field(24, ge=1, le=336, description="hours given to verify it")


class SnoozeAsked(BaseModel):
    """Until when an alert asks for nothing, and why."""

    until: datetime = Field(examples=["2022-11-08T08:00:00+08:00"])
    reason: str = Field(
        min_length=1, max_length=2000, examples=["the clinic corrects its figures on Monday"]
    )


class ReportAsked(BaseModel):
    """What a sentinel has to report of one day: every stream it owes, zeros too."""

    day: date = Field(examples=["2022-11-05"])
    values: dict[str, int] = Field(
        min_length=1,
        max_length=50,
        examples=[{"respiratory/fever_clinic_visits/any/day/clinic-1": 0}],
    )


class RuleAsked(BaseModel):
    """What would change of the rule an area is watched by; what is left out stays."""

    area: str = Field(examples=["44.4401."])
    method: str | None = Field(None, max_length=100, examples=["standard"])
    alpha: float | None = Field(None, gt=0, lt=0.5)
    false_share: float | None = Field(None, gt=0, lt=0.5)
    kinds: list[str] = Field(
        [],
        max_length=60,
        description="another method for some kinds of stream, as COUNTED/INTERVAL=METHOD; those in force for others stay",
        examples=[["ili_visits/week=Farrington flexible"]],
    )


@routes.get(
    "/signals",
    summary="Signals with their explanation, newest first",
    openapi_extra=OWN,
    responses=responses([SIGNAL_EXAMPLE], description="Signals on the days asked about"),
)
def signals(
    asking: Asked, area: AreaAsked = None, since: SinceAsked = None, until: UntilAsked = None
) -> Response:
    """Return the signals in an area of the viewer's, each with the series it was seen in."""
    from yipan.operations import watch

    path = asking.area(area)
    with asking.reading() as record:
        first, last = asking.days(since, until, record)
        return answer(watch.signals(record, area=path, since=first, until=last))


@routes.get(
    "/watch/picture",
    summary="What stands out on a day, each cause once, and what could not be seen",
    openapi_extra=OWN,
    responses=responses(PICTURE_EXAMPLE, description="The picture of the day asked about"),
)
def picture(asking: Asked, area: AreaAsked = None, day: DayAsked = None) -> Response:
    """Judge a day (the last one reported where left out) afresh by the rule in force; nothing is recorded."""
    from yipan.operations import watch

    path = asking.area(area)
    return asking.answer(
        lambda record: watch.seen_now(
            record, area=path, day=asking.day(day, record), at=moment_of(asking, None)
        )
    )


@routes.get(
    "/alerts",
    summary="Open alerts, the least likely to be false first",
    openapi_extra=OWN,
    responses=responses([ALERT_EXAMPLE], description="Alerts that somebody still has to judge"),
)
def alerts(
    asking: Asked,
    area: AreaAsked = None,
    state: Annotated[
        AlertState | None, Query(description="only in this state; the open ones if left out")
    ] = None,
    snoozed: Annotated[
        bool, Query(description="Those put off as well")
    ] = False,  # a query parameter
) -> Response:
    """Return the alerts of an area."""
    from yipan.operations import watch

    path = asking.area(area)
    with asking.reading() as record:
        return answer(
            watch.alerts(
                record, area=path, at=moment_of(asking, None), states=() if state is None else (state,),
                snoozed=snoozed,
            )
        )  # fmt: skip


@routes.get(
    "/sentinels",
    summary="How sentinels keep what they owe, the silent ones first",
    openapi_extra=OWN,
    responses=responses(
        SENTINEL_EXAMPLE, description="Sheets of sentinels and the silence of areas"
    ),
)
def sentinels(asking: Asked, area: AreaAsked = None) -> Response:
    """Return every sentinel of an area with completeness, lateness, silence and who rings whom."""
    from yipan.operations import watch

    path = asking.area(area)
    with asking.reading() as record:
        sheets = watch.sentinel_sheets(
            record, area=path, at=moment_of(asking, None), time_zone=asking.door.settings.time_zone
        )
        return answer({"sheets": sheets, "areas": watch.silence(sheets)})


@routes.post(
    "/sentinels/{sentinel}/reports",
    summary="What a sentinel reports of one day",
    openapi_extra=OWN,
    responses=responses(
        {
            "sentinel": "s-1", "day": "2022-11-05", "values": [["respiratory/fever_clinic_visits/any/day/clinic-1", 0]],
            "new": 1, "corrected": 0, "late": False,
        },
        description="What was put on record", failures=CHANGE,
    ),
)  # fmt: skip
def report(asking: Asked, sentinel: Id, asked: ReportAsked) -> Response:
    """Put a sentinel's counts of one day on record; sent again they correct, and the record keeps both."""
    from yipan.operations import watch

    return answer(
        watch.report(
            post_of(asking), sentinel, day=asked.day, values=asked.values, at=asking.door.clock(),
            time_zone=asking.door.settings.time_zone,
        )
    )  # fmt: skip


@routes.get(
    "/sentinels/{sentinel}/days",
    summary="What a sentinel owes and has sent, the newest day first",
    openapi_extra=OWN,
    responses=responses(
        {
            "sheet": SENTINEL_EXAMPLE["sheets"][0],
            "days": [
                {"day": "2022-11-05", "due": "2022-11-06T10:00:00+08:00", "state": "sent",
                 "values": [["respiratory/fever_clinic_visits/any/day/clinic-1", 0]],
                 "first_sent": "2022-11-06T08:10:00+08:00", "corrections": 0}
            ],
        },
        description="The last 28 days, with what is due, missing, late and corrected", failures=(401, 403, 404, 422, 503),
    ),
)  # fmt: skip
def days(asking: Asked, sentinel: Id) -> Response:
    """Return the due list and the history of one sentinel: its own log-in sees this and no other."""
    from yipan.operations import watch

    with asking.reading() as record:
        return answer(
            watch.own_reports(
                record, sentinel, at=asking.known_at or asking.door.clock(), time_zone=asking.door.settings.time_zone
            )
        )  # fmt: skip


@routes.get(
    "/watch/verdicts",
    summary="What became of each method's alerts, and how soon incidents were detected",
    openapi_extra=OWN,
    responses=responses(
        {
            "verdicts": [
                {"method": "calendar baseline", "alerts": 9, "events": 2, "predictive_value": 0.4}
            ],
            "seven": [],
        },
        description="Predictive value in earnest, time to triage, and the first seven of 7-1-7",
    ),
)
def verdicts(asking: Asked, area: AreaAsked = None) -> Response:
    """Return the predictive value of the alerts of an area by the decisions about them."""
    from yipan.operations import watch

    path = asking.area(area)
    with asking.reading() as record:
        return answer(
            {"verdicts": watch.verdicts(record, area=path), "seven": watch.seven(record, area=path)}
        )


@routes.get(
    "/watch/rehearsal",
    summary="Outbreaks put into the real series of an area: how soon each method sees them",
    openapi_extra=OWN,
    responses=responses(
        {
            "streams": 21,
            "judged_days": 90,
            "quiet_rate": 0.01,
            "workload": [],
            "performance": [],
            "recommended": [],
        },
        description="Every method at the same rate of false alarms",
    ),
)
def rehearsal(asking: Asked, area: AreaAsked = None) -> Response:
    """
    Rehearse on the daily series of an area, at most 40 of them; the same record gives the same answer.

    The command line rehearses on all of them and with more outbreaks.
    """
    from yipan.operations import watch

    path = asking.area(area)
    return asking.answer(
        lambda record: watch.rehearsal(
            record, area=path, at=moment_of(asking, None), time_zone=asking.door.settings.time_zone
        )
    )


@routes.post(
    "/alerts/{alert}/triage",
    summary="Say what an alert is held to be",
    openapi_extra=OWN,
    responses=responses(
        ALERT_EXAMPLE, description="The alert after the judgement", failures=(*CHANGE, 409)
    ),
)
def triage(asking: Asked, alert: Id, asked: TriageAsked) -> Response:
    """Judge an alert with a reason; to verify makes a task with a clock, an event opens an incident."""
    from yipan.operations import watch

    return answer(
        watch.triage(
            post_of(asking),
            alert,
            held=asked.held,
            reason=asked.reason,
            at=asking.door.clock(),
            hours=asked.hours,
        )
    )


@routes.post(
    "/alerts/{alert}/snooze",
    summary="Let an alert ask for nothing until an instant",
    openapi_extra=OWN,
    responses=responses(ALERT_EXAMPLE, description="The alert, put off", failures=(*CHANGE, 409)),
)
def snooze(asking: Asked, alert: Id, asked: SnoozeAsked) -> Response:
    """Put an alert off for at most 14 days; it comes back by itself."""
    from yipan.operations import watch

    return answer(
        watch.snooze(
            post_of(asking), alert, until=asked.until, reason=asked.reason, at=asking.door.clock()
        )
    )


@routes.get(
    "/watch/terms",
    summary="The school holidays on record",
    openapi_extra=OWN,
    responses=responses(
        [{"area": "44.", "since": "2022-01-20", "until": "2022-02-14", "name": "寒假", "source": "校历", "counted": ["school_absences"]}],
        description="Holidays that hold in the area or within it; empty where nobody registered any",
    ),
)  # fmt: skip
def terms(asking: Asked, area: AreaAsked = None) -> Response:
    """Return when schools are closed: less is expected then of the counts that follow them, and a school owes no report."""
    from yipan.operations import watch

    path = asking.area(area)
    return asking.answer(lambda record: watch.school_breaks(record, area=path))


@routes.get(
    "/watch/rule",
    summary="The rule an area is watched by, and the methods there are",
    openapi_extra=OWN,
    responses=responses(
        {
            "rule": {"area": "44.", "method": "standard", "alpha": 0.005, "false_share": 0.1, "proposal": "",
                     "kinds": [{"counted": "laboratory_positives", "interval": "day", "method": "binomial CUSUM"}]},
            "methods": ["standard", "Farrington flexible"],
        },
        description="The rule in force, and every method by its name",
    ),
)  # fmt: skip
def rule(asking: Asked, area: AreaAsked = None) -> Response:
    """Return the rule of the area itself, else of the nearest area around it, else the default."""
    from yipan.operations import watch

    path = asking.area(area)
    return asking.answer(
        lambda record: {
            "rule": watch.rule_of(record, path, moment_of(asking, None)), "methods": watch.METHODS_KNOWN,
        }
    )  # fmt: skip


@routes.get(
    "/watch/workload",
    summary="What the rule in force and another would have asked of the office",
    openapi_extra=OWN,
    responses=responses(
        {
            "area": "44.4401.",
            "in_force": {"method": "standard", "alpha": 0.005, "signals_per_week": 1.0, "days": 28, "streams": 40},
            "wanted": {"method": "EARS C2", "alpha": 0.01, "signals_per_week": 6.5, "days": 28, "streams": 40},
        },
        description="Both rules replayed over the last 28 days (of weekly streams: weeks); nothing is proposed",
    ),
)  # fmt: skip
def workload(
    asking: Asked,
    area: AreaAsked = None,
    method: Annotated[
        str | None,
        Query(max_length=100, description="the method by its name; as in force if left out"),
    ] = None,
    alpha: Annotated[float | None, Query(gt=0, lt=0.5)] = None,
    false_share: Annotated[float | None, Query(gt=0, lt=0.5)] = None,
    kind: Annotated[
        list[str] | None,
        Query(
            max_length=60,
            description="another method for one kind of stream, as COUNTED/INTERVAL=METHOD",
        ),
    ] = None,
) -> Response:
    """Replay two rules before anybody proposes one: signals a week and the share that was true with outbreaks put in."""
    from yipan.operations import watch

    path = asking.area(area)
    return asking.answer(
        lambda record: watch.workload(
            record, area=path, method=method, alpha=alpha, false_share=false_share,
            kinds=[KindMethod.parse(one) for one in kind or ()], at=moment_of(asking, None),
            time_zone=asking.door.settings.time_zone,
        )
    )  # fmt: skip


@routes.post(
    "/watch/rules",
    summary="Propose another rule to watch an area by, with the workload it would have made",
    openapi_extra=OWN,
    responses=responses(
        {"id": "p-12", "kind": "watch.tune"}, description="The proposal on record", failures=CHANGE
    ),
)
def propose_rule(asking: Asked, asked: RuleAsked) -> Response:
    """Put a proposal on record; nothing changes before it is accepted."""
    from yipan.operations import watch

    return answer(
        watch.propose_rule(
            post_of(asking), area=asking.area(asked.area), method=asked.method, alpha=asked.alpha,
            false_share=asked.false_share, kinds=[KindMethod.parse(one) for one in asked.kinds],
            at=asking.door.clock(), time_zone=asking.door.settings.time_zone,
        )
    )  # fmt: skip
