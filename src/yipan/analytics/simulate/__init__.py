"""The province, an epidemic in it, the measures against it, and what each costs."""

from .compare import (
    FRONT,
    Comparison,
    Difference,
    FrontPoint,
    Range,
    StrategyResult,
    compare,
    difference,
    front_of,
    replicates,
    result_of,
)
from .epidemic import (
    MEASURED,
    ROUTES,
    Axis,
    Epidemic,
    Seed,
    check_run,
    days_to_zero,
    run,
    seed_table,
)
from .measures import (
    Arrivals,
    Campaign,
    Extent,
    Finding,
    Imports,
    Isolation,
    Orders,
    Quarantine,
    Screening,
    Strategy,
    StrategyContradictsItself,
    Tracing,
    Travel,
    ZoneRule,
    Zoning,
    building_of,
    ordered,
    orders_none,
    residents_of,
)
from .pathogen import LAYERS, Pathogen, RateOutOfRange, Rates, Vaccine, derive, household_hazard
from .province import (
    AGE_BANDS,
    County,
    Homes,
    PackDoesNotAddUp,
    Province,
    ProvinceFacts,
    Town,
    commuting_by_gravity,
    household_sizes,
    lay_out,
)
from .start import Ascertainment, KnownCase, draw_start
from .zones import levels

__all__ = [
    "AGE_BANDS", "FRONT", "LAYERS", "MEASURED", "ROUTES", "Arrivals", "Ascertainment", "Axis", "Campaign", "Comparison", "County",
    "Difference", "Epidemic", "Extent", "Finding", "FrontPoint", "Homes", "Imports", "Isolation", "KnownCase", "Orders",
    "PackDoesNotAddUp", "Pathogen", "Province", "ProvinceFacts", "Quarantine", "Range", "RateOutOfRange", "Rates", "Screening", "Seed",
    "Strategy", "StrategyContradictsItself", "StrategyResult", "Town", "Tracing", "Travel", "Vaccine", "ZoneRule",
    "Zoning", "building_of", "check_run", "commuting_by_gravity", "compare", "days_to_zero", "derive", "difference", "draw_start", "front_of",
    "household_hazard", "household_sizes", "lay_out", "levels", "ordered", "orders_none", "replicates", "residents_of", "result_of", "run",
    "seed_table",
]  # fmt: skip
