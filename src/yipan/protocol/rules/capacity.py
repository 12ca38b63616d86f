"""What a round of screening or an area needs: sites, samplers, hours, tubes, beds, by the norms of a rulebook."""

from dataclasses import dataclass
from math import ceil

from yipan.protocol.parameters import Parameter, ProtocolError, Rulebook
from yipan.protocol.ruling import Reason, Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundNeeds:
    """
    What one round of everyone needs: sampling sites (least and most), samplers, hours to finish, pooled tubes.

    `tubes_per_hour` is what laboratories must read to keep the deadline. None where the rulebook sets no such norm.
    """

    people: int
    sites_least: int | None
    sites_most: int | None
    samplers: int | None
    deadline_hours: float | None
    tubes: int | None
    tubes_per_hour: float | None


def round_needs(people: int, rulebook: Rulebook, *, pool_size: int = 1) -> Ruling[RoundNeeds]:
    """
    Rule on what one round of so many people needs.

    A site serves 2,000 to 3,000 people, so the most people a site gives the fewest sites; everything is rounded up.
    The deadline is one for all sizes, or depends on the size of the city, as the rulebook has it.

    Raises ValueError for fewer than 0 people, ProtocolError for a pool of a size the rulebook does not allow.
    Source: regional testing guide, third edition, 22 March 2022.

    >>> from yipan.protocol import protocols
    >>> needs = round_needs(18_730_000, protocols().rulebook("cn-covid-9ed"), pool_size=10).value
    >>> needs.sites_least, needs.sites_most, needs.samplers, needs.tubes
    (6244, 9365, 52028, 1873000)
    """
    if people < 0:
        raise ValueError(f"{people} people; expected 0 or more")
    reasons: list[Reason] = []
    sites = rulebook.parameters.get("screening.persons_per_site")
    samplers = rulebook.parameters.get("screening.persons_per_sampler")
    sizes = rulebook.parameters.get("screening.pool_sizes")
    if sizes is not None and pool_size != 1 and pool_size not in sizes.value:
        raise ProtocolError(
            f"a pool of {pool_size}; {rulebook.id} allows 1 and {sizes.value} (source {', '.join(sizes.source)})"
        )
    hours, leaf = _deadline(people, rulebook)
    tubes = ceil(people / pool_size)
    for one, zh, en in (
        (sites, "每2000至3000人设一个采样点。", "One sampling site for 2,000 to 3,000 people."),
        (samplers, "采样人员按人口数除以标准配备。", "Samplers by population over the norm."),
        (leaf, "在规定时限内完成一轮。", "One round within the time set."),
        (
            sizes if pool_size != 1 else None,
            f"{pool_size}合1混采。",
            f"{pool_size} swabs in a tube.",
        ),
    ):
        if one is not None:
            reasons.append(Reason(zh=zh, en=en, source=one.source, confidence=one.confidence))
    return Ruling(value=RoundNeeds(
        people=people,
        sites_least=ceil(people / max(sites.value)) if sites is not None else None,
        sites_most=ceil(people / min(sites.value)) if sites is not None else None,
        samplers=ceil(people / samplers.value) if samplers is not None else None,
        deadline_hours=hours, tubes=tubes, tubes_per_hour=tubes / hours if hours else None,
    ), reasons=tuple(reasons))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class BedNeeds:
    """Beds or rooms by the norm, least and most, what there is, and what is missing at the least and at the most."""

    needed_least: int
    needed_most: int
    ready: int
    missing_least: int
    missing_most: int


def per_ten_thousand(name: str, people: int, ready: int, rulebook: Rulebook) -> Ruling[BedNeeds]:
    """
    Rule on how many of something an area needs by a norm per 10,000 residents, such as `isolation_rooms_per_10k`.

    Raises ProtocolError where the rulebook has no such norm; several wanted norms were not found in any text.

    >>> from yipan.protocol import protocols
    >>> per_ten_thousand("isolation_rooms_per_10k", 1_000_000, 3_000, protocols().rulebook("cn-covid-9ed")).value
    BedNeeds(needed_least=4000, needed_most=6000, ready=3000, missing_least=1000, missing_most=3000)
    """
    leaf = rulebook.leaf(f"capacity.{name}")
    low, high = leaf.value if isinstance(leaf.value, list) else (leaf.value, leaf.value)
    least, most = ceil(people * low / 10_000), ceil(people * high / 10_000)
    return Ruling(
        value=BedNeeds(
            needed_least=least, needed_most=most, ready=ready, missing_least=max(0, least - ready),
            missing_most=max(0, most - ready),
        ),
        reasons=(Reason(
            zh=f"按每万人{low}至{high}间（张）准备。", en=f"{low} to {high} for every 10,000 residents.",
            source=leaf.source, confidence=leaf.confidence,
        ),),
    )  # fmt: skip


def infectious_beds(people: int, rulebook: Rulebook) -> Ruling[int]:
    """
    Rule on the least number of infectious beds of a county hospital by its population.

    The text has four bands; exactly at a border the higher band holds. Raises ProtocolError where there is no norm.

    >>> from yipan.protocol import protocols
    >>> infectious_beds(620_000, protocols().rulebook("cn-covid-9ed")).value
    80
    """
    leaf = rulebook.leaf("capacity.county_infectious_beds")
    over, beds = leaf.value[0], leaf.value[1]
    number = max(i for i, least in enumerate(over) if people >= least)
    return Ruling(value=int(beds[number]), reasons=(Reason(
        zh=f"县级医院传染病床位不少于{beds[number]}张。", en=f"At least {beds[number]} infectious beds in the county hospital.",
        source=leaf.source, confidence=leaf.confidence,
    ),))  # fmt: skip


def _deadline(people: int, rulebook: Rulebook) -> tuple[float | None, Parameter | None]:
    """Return the hours a round may take, and the leaf that says so."""
    leaf = rulebook.parameters.get("limit.city_screening_hours")
    if leaf is not None:
        return leaf.value, leaf
    over = rulebook.parameters.get("screening.large_city_over")
    if over is None:
        return None, None
    leaf = rulebook.leaf(f"screening.deadline_hours.{'large' if people > over.value else 'other'}")
    return leaf.value, leaf
