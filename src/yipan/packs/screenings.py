"""What estimates of the screening desk take as given, from dated files that anybody can copy, change and hand back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from yipan.packs import PackError
from yipan.packs.population import check_entries, facts_of, mapping_of, texts_of

FIGURES: Mapping[str, tuple[float, float]] = {
    "swab_sensitivity": (0.0, 1.0), "hidden_infections": (0.0, 1e6), "reached_share": (0.0, 1.0),
    "lifting_target": (0.0, 1.0), "tube_specificity": (0.0, 1.0), "mean_ct": (0.0, 60.0), "sd_ct": (0.1, 30.0),
    "half_ct": (0.0, 60.0), "spread_ct": (0.01, 30.0), "held_hours": (0.0, 240.0), "price_tube": (0.0, 1e9),
    "price_held_hour": (0.0, 1e9), "price_missed": (0.0, 1e9), "generation_mean_days": (0.1, 60.0),
    "prevalence": (0.0, 1.0), "site_hours": (1.0, 24.0), "pick_up_hours": (0.25, 24.0), "sites_per_run": (1.0, 1000.0),
    "run_hours": (0.25, 24.0), "household_size": (1.0, 20.0), "household_correlation": (0.0, 0.99),
}  # fmt: skip
"""Every figure a file gives, with the least and most it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One figure an estimate takes as given: where it is from, or that it is somebody's judgement (`assumption`)."""

    name: str
    value: float
    low: float | None
    high: float | None
    source: str
    assumption: bool
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningAssumptions:
    """The figures that hold from a day on, each once; `checked` is the day somebody last compared them with their sources."""

    disease: str
    since: date
    checked: date
    figures: Mapping[str, Given] = field(default_factory=dict)

    def value(self, name: str) -> float:
        """Return the value of a figure."""
        return self.figures[name].value

    def told(self, *names: str) -> tuple[Given, ...]:
        """Return some figures to stand beside an estimate."""
        return tuple(self.figures[name] for name in names)


def read_screening(name_or_file: str | Path, *, day: date | None = None) -> ScreeningAssumptions:
    """
    Read the figures of a disease that comes with Yipan, or from a file of one's own, as they hold on a day.

    The newest block that began by then, the earliest where none did; the newest of all without a day. Raises PackError
    naming file, entry, value and what was expected.

    >>> read_screening("covid-19").value("swab_sensitivity")
    0.77
    """
    file: Traversable
    if isinstance(name_or_file, Path):
        file = name_or_file
    else:
        file = resources.files("yipan.packs") / "screening" / f"{name_or_file}.yaml"
        if not name_or_file.replace("-", "").isalnum() or not file.is_file():
            raise PackError(f"no screening assumptions of {name_or_file!r} come with Yipan")
    about = mapping_of(file)
    check_entries(file.name, about, {"disease", "blocks"}, frozenset({"sources"}))
    sources = texts_of(file.name, about.get("sources") or {})
    if not isinstance(about["blocks"], list) or not about["blocks"]:
        raise PackError(
            f"{file.name}: blocks are {about['blocks']!r}; expected a list with one at least"
        )
    blocks = sorted(
        (
            _block(f"{file.name} block {number}", str(about["disease"]), block, sources)
            for number, block in enumerate(about["blocks"], start=1)
        ),
        key=lambda block: block.since,
    )
    begun = [block for block in blocks if day is None or block.since <= day]
    return begun[-1] if begun else blocks[0]


def _block(
    where: str, disease: str, block: object, sources: Mapping[str, str]
) -> ScreeningAssumptions:
    if not isinstance(block, dict):
        raise PackError(f"{where} is {block!r}; expected since, checked and figures")
    check_entries(where, block, {"since", "checked", "figures"})
    for name in ("since", "checked"):
        if type(block[name]) is not date:
            raise PackError(
                f"{where}: {name} is {block[name]!r}; expected a day such as 2022-06-01"
            )
    if not isinstance(block["figures"], dict) or set(block["figures"]) != set(FIGURES):
        named = set(block["figures"]) if isinstance(block["figures"], dict) else set()
        raise PackError(
            f"{where}: missing {sorted(set(FIGURES) - named)}, unknown {sorted(named - set(FIGURES))}"
        )
    figures = {}
    for name, fact in facts_of(where, block["figures"], sources).items():
        least, most = FIGURES[name]
        if not isinstance(fact.value, float) or not least <= fact.value <= most:
            raise PackError(
                f"{where}: {name} is {fact.value!r}; expected one number from {least} to {most}"
            )
        figures[name] = Given(
            name=name, value=fact.value, low=fact.low, high=fact.high, source=sources.get(fact.source, ""),
            assumption=fact.assumption, note=fact.note,
        )  # fmt: skip
    return ScreeningAssumptions(
        disease=disease, since=block["since"], checked=block["checked"], figures=figures
    )
