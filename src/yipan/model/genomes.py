"""Genomes: how far two cases' sequences lie apart; the sequences themselves stay where they were read."""

from dataclasses import dataclass

from ._checks import require_text
from .areas import AreaPath, area_path


@dataclass(frozen=True, slots=True, kw_only=True)
class GenomeDistance:
    """
    By how many single-nucleotide differences the genomes of two cases differ.

    `first` and `second` are ids of cases in order; `area` is that of the laboratory's office or of the first case.

    >>> from yipan.model import area_path
    >>> genome_distance("c-2", "c-1", 3, area=area_path("44.")).id
    'c-1|c-2'
    """

    id: str
    area: AreaPath
    first: str
    second: str
    snps: int

    def __post_init__(self) -> None:
        area_path(self.area)
        require_text("first", self.first)
        require_text("second", self.second)
        if self.first >= self.second:
            raise ValueError(
                f"a distance leads between two cases in order, not from {self.first} to {self.second}"
            )
        if self.id != f"{self.first}|{self.second}":
            raise ValueError("a distance is named by both cases in order, first|second")
        if self.snps < 0:
            raise ValueError(f"{self.snps} differences between genomes; it cannot be below none")


def genome_distance(one: str, other: str, snps: int, *, area: AreaPath) -> GenomeDistance:
    """Return the distance between the genomes of two cases, whichever is named first."""
    first, second = sorted((one, other))
    return GenomeDistance(id=f"{first}|{second}", area=area, first=first, second=second, snps=snps)
