"""Personal plans under what is adopted on record: a rule evaluated when it is asked, never stored."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from yipan.model import AreaPath
from yipan.operations import zoning
from yipan.protocol import Ruling
from yipan.protocol.rules.people import MergedPlan, PlanFacts, merged_plan
from yipan.store import Record


class NothingAdopted(ValueError):
    """No command at or above the area has adopted a version, so no plan can be ruled on."""


def plan(
    record: Record, *, area: AreaPath, roles: Sequence[PlanFacts], time_zone: ZoneInfo
) -> Ruling[MergedPlan]:
    """
    Rule on the plan of somebody with these roles in an area: the stricter place per date, the tests together.

    Known at an instant, it is the plan as it was ruled then. Raises NothingAdopted, ProtocolError.
    """
    adopted, profile = zoning.adopted_in(record, area)
    if not adopted or profile is None:
        raise NothingAdopted(
            f"no version is adopted in {area}; `yipan zones adopt` puts one on record"
        )
    return merged_plan(roles, adopted, profile, zone=time_zone)
