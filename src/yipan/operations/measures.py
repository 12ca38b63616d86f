"""Local measures as the rules see them: what each kind is, and whether its terms are understood."""

from collections.abc import Mapping

import msgspec

from yipan.model import LocalMeasure, MeasureKind
from yipan.protocol.rules import prohibitions as rules

KINDS: Mapping[MeasureKind, type[rules.Measure]] = {
    MeasureKind.MOVEMENT_LIMIT: rules.MovementLimit,
    MeasureKind.LEAVE_CONDITION: rules.LeaveCondition,
    MeasureKind.ZONE_MEASURE: rules.ZoneMeasure,
    MeasureKind.ARRIVAL_MEASURE: rules.ArrivalMeasure,
    MeasureKind.PERSON_CLASS: rules.PersonClass,
    MeasureKind.PERSON_PLAN: rules.PersonPlan,
    MeasureKind.CARE_REQUEST: rules.CareRequest,
    MeasureKind.CARE_CLOSURE: rules.CareClosure,
    MeasureKind.STUDENT_RETURN: rules.StudentReturn,
    MeasureKind.CHECKPOINT: rules.Checkpoint,
    MeasureKind.VENUE_CLOSURE: rules.VenueClosure,
}
"""What the rules of the nine prohibitions call each kind of measure."""


def asked(measure: LocalMeasure) -> rules.Measure:
    """
    Return a measure as the rules see it. Raises ValueError naming the term its kind does not understand.

    >>> from datetime import UTC, datetime
    >>> from yipan.model import area_path
    >>> told = LocalMeasure(
    ...     id="m-1", area=area_path("44.4401."), kind=MeasureKind.CHECKPOINT,
    ...     since=datetime(2022, 11, 1, tzinfo=UTC), terms={"approved_by": None, "turned_back": 12},
    ... )
    >>> asked(told).turned_back
    12
    """
    shared = {
        "id": measure.id, "area": measure.area, "since": measure.since, "until": measure.until,
        "order_level": measure.order_level, "people": measure.people, "reason": measure.reason,
    }  # fmt: skip
    kind = KINDS[measure.kind]
    if unknown := sorted(set(measure.terms) - set(kind.__dataclass_fields__)):
        raise ValueError(
            f"measure {measure.id}: a {measure.kind.value} has no {', '.join(unknown)}"
        )
    try:
        return msgspec.convert({**measure.terms, **shared}, kind)
    except msgspec.ValidationError as wrong:
        raise ValueError(f"measure {measure.id}: {wrong}") from None


def check(measure: LocalMeasure) -> None:
    """Raise ValueError naming what the kind of a measure does not understand."""
    asked(measure)
