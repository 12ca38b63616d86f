"""Counts: series of typed streams. None where nobody reported; silence is not zero."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from ._checks import require_text
from .areas import AreaPath, area_path


class Counted(StrEnum):
    """
    What a stream counts.

    A conversion (an asymptomatic infection later confirmed as a case) is reported as a confirmed case but
    was already counted as an infection, so it never adds to infections. `OTHER` is a stream of somebody's own
    table, told apart by its disease and site.
    """

    LOCAL_CONFIRMED = "local_confirmed"
    LOCAL_ASYMPTOMATIC = "local_asymptomatic"
    LOCAL_INFECTIONS = "local_infections"
    LOCAL_CONVERSIONS = "local_conversions"
    IMPORTED_CONFIRMED = "imported_confirmed"
    IMPORTED_ASYMPTOMATIC = "imported_asymptomatic"
    IMPORTED_CONVERSIONS = "imported_conversions"
    SUSPECTED = "suspected"
    DEATHS = "deaths"
    FEVER_CLINIC_VISITS = "fever_clinic_visits"
    ILI_VISITS = "ili_visits"
    OUTPATIENT_VISITS = "outpatient_visits"
    PHARMACY_SALES = "pharmacy_sales"
    SCHOOL_ABSENCES = "school_absences"
    CARE_HOME_FEVERS = "care_home_fevers"
    LABORATORY_POSITIVES = "laboratory_positives"
    LABORATORY_TESTS = "laboratory_tests"
    HOTLINE_CALLS = "hotline_calls"
    WASTEWATER_POSITIVES = "wastewater_positives"
    WASTEWATER_COPIES = "wastewater_copies"
    WASTEWATER_FLOW = "wastewater_flow"
    WASTEWATER_LIMIT = "wastewater_limit"
    VECTOR_POSITIVES = "vector_positives"
    SEARCH_QUERIES = "search_queries"
    OTHER = "other"

    @property
    def is_infection(self) -> bool:
        """Whether the stream counts people newly found infected, each once."""
        return self in _INFECTIONS

    @property
    def is_imported(self) -> bool:
        """Whether the people counted were infected elsewhere."""
        return self.value.startswith("imported_")


_INFECTIONS = frozenset(
    {
        Counted.LOCAL_CONFIRMED,
        Counted.LOCAL_ASYMPTOMATIC,
        Counted.LOCAL_INFECTIONS,
        Counted.IMPORTED_CONFIRMED,
        Counted.IMPORTED_ASYMPTOMATIC,
    }
)


class DetectionMode(StrEnum):
    """How the people counted were found; `ANY` where the report does not say or covers all modes."""

    ANY = "any"
    IN_QUARANTINE = "in_quarantine"
    RISK_AREA = "risk_area"
    COMMUNITY_SCREENING = "community_screening"
    OWN_CONSULTATION = "own_consultation"


class Interval(StrEnum):
    """The span one reported value covers."""

    DAY = "day"
    WEEK = "week"

    @property
    def days(self) -> int:
        """How many days one value covers."""
        return 7 if self is Interval.WEEK else 1


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Stream:
    """
    What is counted, of which disease, how found, per which interval, and by which reporting site if one.

    Its key is text that stands for it in tables and addresses.

    >>> Stream(disease="covid-19", counted=Counted.LOCAL_CONFIRMED).key
    'covid-19/local_confirmed/any/day'
    """

    disease: str
    counted: Counted
    mode: DetectionMode = DetectionMode.ANY
    interval: Interval = Interval.DAY
    site: str = ""

    def __post_init__(self) -> None:
        require_text("disease", self.disease)
        for name, text in (("disease", self.disease), ("site", self.site)):
            if "/" in text:
                raise ValueError(
                    f"{name} {text!r} has a slash, which separates the parts of a stream's key"
                )

    @property
    def key(self) -> str:
        """The stream as text; `Stream.parse` reads it back."""
        parts = (self.disease, self.counted, self.mode, self.interval)
        return "/".join(parts if not self.site else (*parts, self.site))

    @classmethod
    def parse(cls, key: str) -> "Stream":
        """Return the stream a key stands for, or raise ValueError saying which part is wrong."""
        parts = key.split("/")
        if len(parts) not in {4, 5}:
            raise ValueError(
                f"stream key {key!r} needs disease/counted/mode/interval and perhaps /site"
            )
        disease, counted, mode, interval = parts[:4]
        return cls(
            disease=disease,
            counted=Counted(counted),
            mode=DetectionMode(mode),
            interval=Interval(interval),
            site=parts[4] if len(parts) == 5 else "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSeries:
    """Events of one stream in one area over consecutive intervals; None where nobody reported."""

    area: AreaPath
    stream: Stream
    first_day: date
    counts: tuple[int | None, ...]

    def __post_init__(self) -> None:
        area_path(self.area)
        if min(filter(None, self.counts), default=0) >= 0:
            return
        for position, count in enumerate(self.counts):
            if count is not None and count < 0:
                raise ValueError(
                    f"{self.stream.key} of {self.area} counts {count} on {self.day(position)}; "
                    "a count cannot be negative: send the corrected value instead of a difference"
                )

    def __len__(self) -> int:
        return len(self.counts)

    def day(self, position: int) -> date:
        """The first day of the interval at `position` (0 is the first)."""
        return self.first_day + timedelta(days=position * self.stream.interval.days)

    @property
    def until(self) -> date:
        """The first day after the series."""
        return self.day(len(self.counts))

    def before(self, day: date) -> "CountSeries":
        """The series as far as it lies wholly before `day`."""
        whole = max(0, (day - self.first_day).days // self.stream.interval.days)
        return replace(self, counts=self.counts[:whole])

    @property
    def reported_total(self) -> int:
        """The sum of what was reported; intervals nobody reported add nothing and are not zero."""
        return sum(count for count in self.counts if count is not None)

    @property
    def missing_days(self) -> tuple[date, ...]:
        """The first days of the intervals nobody reported."""
        return tuple(self.day(i) for i, count in enumerate(self.counts) if count is None)
