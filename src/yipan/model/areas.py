"""Areas: where things happen and who answers for it. An area is known by its path from the top."""

import re
from dataclasses import dataclass
from typing import NewType

from ._checks import require_text

AreaPath = NewType("AreaPath", str)
"""A path such as `44.4401.440106.`: each step closed by a dot, so that containment is exactly a prefix."""

_PATH = re.compile(r"(?:[0-9a-z-]+\.)+")


def area_path(text: str) -> AreaPath:
    """
    Return `text` as a path, or raise ValueError saying what a path looks like.

    >>> area_path("44.4401.440106.")
    '44.4401.440106.'
    """
    if not _PATH.fullmatch(text):
        raise ValueError(
            f"{text!r} is not an area path; a path has steps of lower-case letters, digits or "
            "hyphens, each closed by a dot, like 44.4401.440106."
        )
    return AreaPath(text)


def contains(outer: AreaPath, inner: AreaPath) -> bool:
    """
    Whether `inner` is `outer` or lies in it.

    >>> contains(area_path("44.4401."), area_path("44.4401.440106."))
    True
    """
    return inner.startswith(outer)


def parent_of(path: AreaPath) -> AreaPath | None:
    """
    The area one step up, or None at the top.

    >>> parent_of(area_path("44.4401.440106."))
    '44.4401.'
    """
    head = path[: path[:-1].rfind(".") + 1]
    return AreaPath(head) if head else None


def ancestors_of(path: AreaPath) -> tuple[AreaPath, ...]:
    """
    All areas above `path`, the top first; `path` itself is not among them.

    >>> ancestors_of(area_path("44.4401.440106."))
    ('44.', '44.4401.')
    """
    steps = path.split(".")[:-1]
    return tuple(AreaPath(".".join(steps[:depth]) + ".") for depth in range(1, len(steps)))


def depth_of(path: AreaPath) -> int:
    """
    How many steps the path has; the top area has one.

    >>> depth_of(area_path("44.4401.440106."))
    3
    """
    return path.count(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """
    An administrative or functional area.

    `path` follows command: who gives orders to whom. A functional district without a code (Dapeng) has its
    own step under the city that commands it, and `within_code` names the coded area it lies in by the
    division code. `population` is None where
    it is unknown.
    """

    path: AreaPath
    level: str
    name_zh: str
    name_en: str
    code: str | None = None
    within_code: str | None = None
    population: int | None = None
    source: str
    functional: bool = False

    def __post_init__(self) -> None:
        area_path(self.path)
        require_text("level", self.level)
        require_text("name_zh", self.name_zh)
        require_text("name_en", self.name_en)
        require_text("source", self.source)
        if self.population is not None and self.population < 0:
            raise ValueError(
                f"population of {self.path} is {self.population}; it cannot be negative"
            )

    @property
    def parent(self) -> AreaPath | None:
        """The area that commands this one, or None at the top."""
        return parent_of(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaLevel:
    """One level of a pack's hierarchy, the top first: province, city, county, town in Guangdong."""

    key: str
    name_zh: str
    name_en: str

    def __post_init__(self) -> None:
        require_text("key", self.key)
        require_text("name_zh", self.name_zh)
        require_text("name_en", self.name_en)
