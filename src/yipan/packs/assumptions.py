"""What the outlook takes as given of a disease, from files that anybody can copy, change and hand back."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from yipan.model import Assumed, OutlookAssumptions
from yipan.packs import PackError
from yipan.packs.population import check_entries, facts_of, mapping_of, texts_of

ANY_DISEASE = "covid-19"
"""Whose figures stand where a disease has none of its own: the answer names them."""


def assumed_diseases() -> tuple[str, ...]:
    """
    Return the diseases whose assumptions come with Yipan.

    >>> assumed_diseases()
    ('covid-19', 'influenza', 'measles')
    """
    folder = resources.files("yipan.packs") / "outlook"
    return tuple(
        sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml"))
    )


def read_assumptions(name_or_file: str | Path) -> tuple[OutlookAssumptions, ...]:
    """
    Read the assumptions of a disease that comes with Yipan, or from a file of one's own, the earliest block first.

    Raises PackError naming file, entry, value and what was expected.

    >>> [block.since.isoformat() for block in read_assumptions("covid-19")]
    ['2021-05-01', '2022-06-01']
    >>> read_assumptions("covid-19")[-1].value("serial_interval_days")
    2.7
    """
    if isinstance(name_or_file, Path):
        return _read(name_or_file)
    if name_or_file not in assumed_diseases():
        raise PackError(
            f"no assumptions of {name_or_file!r} come with Yipan; expected one of {', '.join(assumed_diseases())}"
        )
    return _bundled(name_or_file)


@cache
def _bundled(disease: str) -> tuple[OutlookAssumptions, ...]:
    """Read what comes with Yipan of a disease once; what comes of it is immutable."""
    return _read(resources.files("yipan.packs") / "outlook" / f"{disease}.yaml")


def _read(file: Traversable) -> tuple[OutlookAssumptions, ...]:
    about = mapping_of(file)
    check_entries(file.name, about, {"disease", "blocks"}, frozenset({"sources"}))
    sources = texts_of(file.name, about.get("sources") or {})
    blocks = about["blocks"]
    if not isinstance(blocks, list) or not blocks:
        raise PackError(
            f"{file.name}: blocks are {blocks!r}; expected a list with one block at least"
        )
    disease = str(about["disease"])
    found = [
        _block(f"{file.name} block {number}", disease, block, sources)
        for number, block in enumerate(blocks, start=1)
    ]
    if len({block.since for block in found}) < len(found):
        raise PackError(f"{file.name}: two blocks begin on the same day")
    return tuple(sorted(found, key=lambda block: block.since))


def assumptions_on(blocks: Sequence[OutlookAssumptions], day: date) -> OutlookAssumptions:
    """
    Return the block that holds on a day: the newest that began by then, the earliest where none did.

    >>> assumptions_on(read_assumptions("covid-19"), date(2021, 6, 1)).value("serial_interval_days")
    3.8
    """
    begun = [block for block in blocks if block.since <= day]
    return max(begun, key=lambda block: block.since) if begun else blocks[0]


def _block(where: str, disease: str, block: Any, sources: Mapping[str, str]) -> OutlookAssumptions:
    if not isinstance(block, dict):
        raise PackError(f"{where} is {block!r}; expected since, checked and figures")
    check_entries(where, block, {"since", "checked", "figures"})
    for name in ("since", "checked"):
        if type(block[name]) is not date:
            raise PackError(
                f"{where}: {name} is {block[name]!r}; expected a day such as 2022-06-01"
            )
    if not isinstance(block["figures"], dict):
        raise PackError(f"{where}: figures are {block['figures']!r}; expected named figures")
    facts = facts_of(where, block["figures"], sources)
    try:
        return OutlookAssumptions(
            id=f"{disease}@{block['since'].isoformat()}", disease=disease, since=block["since"],
            checked=block["checked"],
            figures=tuple(
                Assumed(
                    name=name, values=fact.value if isinstance(fact.value, tuple) else (fact.value,),
                    low=None if fact.low is None else float(fact.low),
                    high=None if fact.high is None else float(fact.high),
                    source=sources.get(fact.source, ""), assumption=fact.assumption, note=fact.note,
                )
                for name, fact in facts.items()
            ),
        )  # fmt: skip
    except (TypeError, ValueError) as wrong:
        raise PackError(f"{where}: {wrong}") from None
