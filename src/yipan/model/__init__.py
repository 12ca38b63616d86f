"""The nouns: frozen, checked at birth, standard library only. The one import path for them is `yipan.model`."""

from .acts import FIRST_HASH, Act, act_hash
from .areas import (
    Area,
    AreaLevel,
    AreaPath,
    ancestors_of,
    area_path,
    contains,
    depth_of,
    parent_of,
)
from .calendars import WorkCalendar
from .cases import Case, Classification, Origin, Outcome, Severity
from .counts import Counted, CountSeries, DetectionMode, Interval, Stream
from .estimates import Estimate, EstimateState, ReproductionNumber
from .incidents import INCIDENT_STEPS, Incident, IncidentState
from .people import PERSONAL, Identity, Person, PersonId, Sex, person_id, personal_fields
from .rounds import Receipt, Round
from .signals import Judgement, Signal
from .users import (
    POWERS,
    Duty,
    Grant,
    NotAllowed,
    NotYourArea,
    Power,
    User,
    Viewer,
    check_area,
    check_may,
)

__all__ = [
    "FIRST_HASH",
    "INCIDENT_STEPS",
    "PERSONAL",
    "POWERS",
    "Act",
    "Area",
    "AreaLevel",
    "AreaPath",
    "Case",
    "Classification",
    "CountSeries",
    "Counted",
    "DetectionMode",
    "Duty",
    "Estimate",
    "EstimateState",
    "Grant",
    "Identity",
    "Incident",
    "IncidentState",
    "Interval",
    "Judgement",
    "NotAllowed",
    "NotYourArea",
    "Origin",
    "Outcome",
    "Person",
    "PersonId",
    "Power",
    "Receipt",
    "ReproductionNumber",
    "Round",
    "Severity",
    "Sex",
    "Signal",
    "Stream",
    "User",
    "Viewer",
    "WorkCalendar",
    "act_hash",
    "ancestors_of",
    "area_path",
    "check_area",
    "check_may",
    "contains",
    "depth_of",
    "parent_of",
    "person_id",
    "personal_fields",
]
