"""Places: set expressions over areas, compounds, buildings, units, floors and rooms, with exclusions."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from .areas import AreaPath, ancestors_of, area_path

_STEPS = ("polygon", "compound", "building", "unit", "floors", "rooms", "use")
_WORDS = {
    "polygon": "polygon", "compound": "compound", "village": "compound", "building": "building",
    "unit": "unit", "floor": "floors", "floors": "floors", "room": "rooms", "rooms": "rooms", "use": "use",
}  # fmt: skip
_JOINS = ("plus", "minus", "within")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[()]|[^\s()"]+')
_AREA = re.compile(r"(?:[0-9a-z-]+\.)+")
_PLAIN = re.compile(r"[^\s()\"\\]+")
_SPAN = re.compile(r"(B?\d+)(?:-(B?\d+))?")
_MOST = 10_000
_LONGEST = 20_000

Name = str | int
Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """
    One spot of the place register: what is known of it. None is not known, and never stands for none.

    `floor` counts 1 for the ground floor and -1 for the first basement; `room` is the number within the floor (4 for
    room 2204) or a name; `point` is longitude and latitude in degrees (WGS84).
    """

    area: AreaPath
    compound: str | None = None
    building: str | None = None
    unit: str | None = None
    floor: int | None = None
    room: Name | None = None
    use: str | None = None
    point: Point | None = None

    def __post_init__(self) -> None:
        area_path(self.area)
        if self.floor == 0:
            raise ValueError("floor 0: floors count 1, 2, ... and -1, -2, ... below the ground")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacePart:
    """
    One box of a place: everything in `area` for which each named step holds; None leaves a step open.

    `floors` and `rooms` are the sets of floors and of room numbers (or names) on each of those floors, so a stack
    "floors 3-33 room 04" is 31 floors and one number. `polygon` is a ring of (longitude, latitude).
    """

    area: AreaPath
    polygon: tuple[Point, ...] | None = None
    compound: str | None = None
    building: str | None = None
    unit: str | None = None
    floors: frozenset[int] | None = None
    rooms: frozenset[Name] | None = None
    use: str | None = None

    @property
    def finest(self) -> str:
        """The unit in which this part is drawn: area, polygon, compound, building, unit, floor, room or stack."""
        if self.rooms is not None:
            several = self.floors is not None and len(self.floors) > 1
            return "stack" if several else "room"
        if self.floors is not None:
            return "floor"
        for name in ("unit", "building", "compound", "polygon"):
            if getattr(self, name) is not None:
                return name
        return "area"


@dataclass(frozen=True, slots=True)
class _Join:
    word: str
    left: "_Tree"
    right: "_Tree"


_Tree = PlacePart | _Join


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """
    A set of addresses, written as an expression and kept in its normal spelling.

    A part begins with an area path and names steps from coarse to fine: `polygon`, `compound` (or `village`),
    `building`, `unit`, `floors`, `rooms`, `use`. Parts are joined by `plus`, `minus` and `within` (the common part),
    read from left to right, with brackets. A part that names no area takes the area, and the steps above its own
    first step, of the first part: `... compound X minus building 3`. A name with a blank, or one that is itself a
    word of the grammar, stands in double quotes. `rooms 2201-2208` are numbers 01 to 08 on floor 22; basements are
    B1, B2, ...

    Raises ValueError naming the word that does not fit.

    >>> stack = Place(expression="44.4403.440306. compound 桃源居 building 5 floors 3-33 room 4")
    >>> str(stack)
    '44.4403.440306. compound 桃源居 building 5 floors 3-33 room 04'
    >>> stack.contains(address("44.4403.440306. compound 桃源居 building 5 room 1204"))
    True
    >>> stack.minus(place("44.4403.440306. compound 桃源居 building 5 floor 12")).contains(
    ...     address("44.4403.440306. compound 桃源居 building 5 room 1204"))
    False
    """

    expression: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "expression", _printed(_tree(self.expression)))

    def __str__(self) -> str:
        return self.expression

    @property
    def area(self) -> AreaPath:
        """
        The deepest area that holds the whole place: the one whose office answers for it.

        Raises ValueError where the parts have no area in common.
        """
        paths = [one.area for one in self.parts]
        common = [
            step
            for step in (*ancestors_of(paths[0]), paths[0])
            if all(other.startswith(step) for other in paths)
        ]
        if not common:
            raise ValueError(f"{self.expression}: its parts have no area in common")
        return common[-1]

    @property
    def parts(self) -> tuple[PlacePart, ...]:
        """The parts that are included, in order; parts that are taken away are not among them."""
        return tuple(_included(_tree(self.expression)))

    @property
    def units(self) -> frozenset[str]:
        """The kinds of unit in which the place is drawn; see `PlacePart.finest`."""
        return frozenset(one.finest for one in self.parts)

    @property
    def excludes(self) -> bool:
        """Whether something is taken away by name."""
        return _takes_away(_tree(self.expression))

    def contains(self, spot: Address) -> bool | None:
        """
        Whether the address lies in the place; None where it is not known finely enough to say.

        >>> one = place("44.4403.440306. compound 桃源居 building 5 floors 7-31")
        >>> one.contains(address("44.4403.440306. compound 桃源居 building 5")) is None
        True
        """
        return _holds(_tree(self.expression), spot)

    def union(self, *others: "Place") -> "Place":
        """Return the place that holds what any of them holds."""
        return _joined("plus", self, others)

    def minus(self, *others: "Place") -> "Place":
        """Return this place without the others."""
        return _joined("minus", self, others)

    def within(self, *others: "Place") -> "Place":
        """Return what this place has in common with all the others."""
        return _joined("within", self, others)

    @property
    def is_empty(self) -> bool:
        """Whether nothing can lie in it; two different polygons count as able to meet unless their boxes are apart."""
        return not _boxes(_tree(self.expression))

    def covers(self, other: "Place") -> bool:
        """
        Whether everything in `other` certainly lies in this place.

        Different polygons are compared only with themselves, so an inclusion that rests on two shapes is not seen.

        >>> building = place("44.4403.440306. compound 桃源居 building 5")
        >>> building.covers(place("44.4403.440306. compound 桃源居 building 5 floors 3-33 room 4"))
        True
        """
        return not _subtracted(_boxes(_tree(other.expression)), _boxes(_tree(self.expression)))

    def overlaps(self, other: "Place") -> bool:
        """Whether some address may lie in both."""
        return any(
            _met(mine, theirs) is not None
            for mine in _boxes(_tree(self.expression))
            for theirs in _boxes(_tree(other.expression))
        )

    def same_as(self, other: "Place") -> bool:
        """Whether both hold the same addresses, however they are written."""
        return self.covers(other) and other.covers(self)

    def said_zh(self, names: Mapping[AreaPath, str] | None = None) -> str:
        """
        Return the place in Chinese words; `names` gives the names of areas, else their paths are said.

        >>> place("44.4403. compound 桃源居 building 5 floors 3-33 room 4").said_zh({area_path("44.4403."): "深圳市"})
        '深圳市桃源居5栋3至33层04房'
        """
        return _said(_tree(self.expression), names or {}, _ZH)

    def said_en(self, names: Mapping[AreaPath, str] | None = None) -> str:
        """
        Return the place in English words.

        >>> place("44.4403. compound 桃源居 minus building 5").said_en()
        '44.4403., 桃源居, except 44.4403., 桃源居, building 5'
        """
        return _said(_tree(self.expression), names or {}, _EN)


def place(text: str) -> Place:
    """
    Read a place from its expression; see `Place` for the grammar. Raises ValueError.

    >>> str(place("44.4401.440105. compound 乐天轩 minus (building 1 plus building 2)"))
    '44.4401.440105. compound 乐天轩 minus (44.4401.440105. compound 乐天轩 building 1 plus 44.4401.440105. compound 乐天轩 building 2)'
    """
    return Place(expression=text)


def address(text: str) -> Address:
    """
    Read an address: one part that names one floor and one room at most. Raises ValueError.

    >>> address("44.4403. compound 桃源居 building 5 room 1204").floor
    12
    """
    tree = _tree(text)
    if not isinstance(tree, PlacePart):
        raise ValueError(  # noqa: TRY004  # what is wrong is the text, not its type
            f"{text!r} is a place of several parts, not one address"
        )
    for name, several in (("floors", tree.floors), ("rooms", tree.rooms)):
        if several is not None and len(several) != 1:
            raise ValueError(f"{text!r} names several {name}; an address has one")
    if tree.polygon is not None:
        raise ValueError(f"{text!r} is a polygon, not an address")
    return Address(
        area=tree.area, compound=tree.compound, building=tree.building, unit=tree.unit,
        floor=next(iter(tree.floors)) if tree.floors else None,
        room=next(iter(tree.rooms)) if tree.rooms else None, use=tree.use,
    )  # fmt: skip


class PlaceIndex:
    """
    Many places, so that those that hold one address are found without asking each.

    A place is filed under area, compound and building of its parts; a question looks at the few files that can hold
    the address. Building it costs one step a part, a question one step a level of the area path and a candidate.

    >>> index = PlaceIndex([place("44.4403. compound 桃源居 building 5"), place("44.4401.")])
    >>> index.holding(address("44.4403. compound 桃源居 building 5 room 1204"))
    (0,)
    """

    __slots__ = ("_files", "_places")

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = tuple(places)
        files: dict[tuple[str, str | None, str | None], list[int]] = {}
        for number, one in enumerate(self._places):
            for key in {(part.area, part.compound, part.building) for part in one.parts}:
                files.setdefault(key, []).append(number)
        self._files = files

    def holding(self, spot: Address, *, perhaps: bool = False) -> tuple[int, ...]:
        """Return the numbers of the places that hold the address, in order; with `perhaps` those too that may."""
        compounds = {None, spot.compound}
        buildings = {None, spot.building}
        found = {
            number
            for area in (*ancestors_of(spot.area), spot.area)
            for compound in compounds
            for building in buildings
            for number in self._files.get((area, compound, building), ())
        }
        if perhaps and (spot.compound is None or spot.building is None):
            found.update(
                number
                for (area, _, _), numbers in self._files.items()
                if spot.area.startswith(area)
                for number in numbers
            )
        said = ((number, self._places[number].contains(spot)) for number in sorted(found))
        return tuple(number for number, holds in said if holds or (perhaps and holds is None))


# Reading ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=65_536)
def _tree(text: str) -> _Tree:
    if len(text) > _LONGEST:
        raise ValueError(f"a place of {len(text)} characters; the most is {_LONGEST}")
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != re.sub(r"\s", "", text) and '"' not in text:
        raise ValueError(f"{text!r} is not a place")
    if text.count('"') != sum(one.count('"') for one in tokens):
        raise ValueError(f"{text!r}: a quotation mark is not closed")
    if not tokens:
        raise ValueError(
            "a place is empty; expected an area path and steps, like 44.4403. compound X building 1"
        )
    reader = _Reader(text, tokens)
    tree = reader.expression()
    if reader.position != len(tokens):
        raise reader.wrong("expected plus, minus or within")
    return tree


class _Reader:
    """Reads one expression from its words; `first` is the part from which later parts take what they leave out."""

    def __init__(self, text: str, tokens: Sequence[str]) -> None:
        self.text = text
        self.tokens = tokens
        self.position = 0
        self.first: PlacePart | None = None
        self.depth = 0

    def wrong(self, expected: str) -> ValueError:
        got = self.tokens[self.position] if self.position < len(self.tokens) else "the end"
        return ValueError(f"{self.text!r}: {expected}, got {got}")

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self, what: str) -> str:
        if self.position == len(self.tokens):
            raise self.wrong(f"expected {what}")
        self.position += 1
        return self.tokens[self.position - 1]

    def expression(self) -> _Tree:
        left = self.term()
        while self.peek() in _JOINS:
            word = self.take("a join")
            left = _Join(word, left, self.term())
        return left

    def term(self) -> _Tree:
        if self.peek() != "(":
            return self.part()
        self.depth += 1
        if self.depth > 50:
            raise self.wrong("brackets lie more than 50 deep")
        self.take("(")
        inner = self.expression()
        if self.peek() != ")":
            raise self.wrong("expected a closing bracket")
        self.take(")")
        self.depth -= 1
        return inner

    def part(self) -> PlacePart:
        area = None
        if _AREA.fullmatch(self.peek()):
            area = area_path(self.take("an area path"))
        told: dict[str, list[str]] = {}
        last = -1
        while self.peek() in _WORDS:
            word = self.take("a step")
            step = _WORDS[word]
            if _STEPS.index(step) <= last:
                self.position -= 1
                raise self.wrong(f"steps go from coarse to fine, {', '.join(_STEPS)}")
            last = _STEPS.index(step)
            told[step] = self.values(step)
        if area is None and (self.first is None or not told):
            raise self.wrong("expected an area path like 44.4403.")
        part = _part(self.text, area, told, self.first)
        if self.first is None:
            self.first = part
        return part

    def values(self, step: str) -> list[str]:
        found: list[str] = []
        while True:
            token = self.peek()
            ends = not token or token in {"(", ")"} or token in _JOINS or token in _WORDS
            if ends or (found and step != "polygon"):
                break
            self.position += 1
            found.append(re.sub(r"\\(.)", r"\1", token[1:-1]) if token[0] == '"' else token)
        if not found or not found[0].strip():
            raise self.wrong(f"expected a name after {step}")
        return found


def _part(
    text: str, area: AreaPath | None, told: Mapping[str, list[str]], first: PlacePart | None
) -> PlacePart:
    polygon = tuple(_vertex(text, one) for one in told["polygon"]) if "polygon" in told else None
    if polygon is not None and len(polygon) < 3:
        raise ValueError(f"{text!r}: a polygon of {len(polygon)} corners; it needs at least 3")
    floors = _floors(text, told["floors"][0]) if "floors" in told else None
    rooms: frozenset[Name] | None = None
    if "rooms" in told:
        rooms, floor = _rooms(text, told["rooms"][0])
        if floor is not None:
            if floors is not None and floors != {floor}:
                raise ValueError(
                    f"{text!r}: room {told['rooms'][0]} lies on floor {floor}, not on those named"
                )
            floors = frozenset({floor})
    own: dict[str, Any] = {
        step: told[step][0] if step in told else None
        for step in ("compound", "building", "unit", "use")
    }
    own |= {"polygon": polygon, "floors": floors, "rooms": rooms}
    if area is not None:
        return PlacePart(area=area, **own)
    assert first is not None
    coarsest = min(_STEPS.index(step) for step in told)
    for step in _STEPS[:coarsest]:
        if own[step] is None:
            own[step] = getattr(first, step)
    return replace(first, **own)


def _vertex(text: str, word: str) -> Point:
    try:
        longitude, latitude = (float(one) for one in word.split(","))
    except ValueError:
        raise ValueError(f"{text!r}: {word!r} is not longitude,latitude") from None
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise ValueError(
            f"{text!r}: {word!r} lies outside longitude -180 to 180, latitude -90 to 90"
        )
    return longitude, latitude


def _number(word: str) -> int:
    return -int(word[1:]) if word[0] == "B" else int(word)


def _floors(text: str, word: str) -> frozenset[int]:
    found: set[int] = set()
    for span in word.split(","):
        match = _SPAN.fullmatch(span)
        if match is None:
            raise ValueError(f"{text!r}: {word!r} is no list of floors, like 3-33 or B1,1-6")
        low = _number(match[1])
        high = _number(match[2]) if match[2] else low
        if low > high or 0 in {low, high} or high - low > 300:
            raise ValueError(f"{text!r}: floors {span!r} do not go up from one floor to another")
        found.update(one for one in range(low, high + 1) if one)
    return frozenset(found)


def _rooms(text: str, word: str) -> tuple[frozenset[Name], int | None]:
    """Return room numbers (or names) and the floor they tell, None where they tell none."""
    found: set[Name] = set()
    floors: set[int | None] = set()
    for span in word.split(","):
        match = _SPAN.fullmatch(span)
        if match is None or span[0] == "B":
            found.add(span)
            floors.add(None)
            continue
        low, high = int(match[1]), int(match[2] or match[1])
        if low > high:
            raise ValueError(f"{text!r}: rooms {span!r} do not go up within one floor")
        told = {one // 100 or None for one in (low, high)}
        if len(told) > 1:
            raise ValueError(f"{text!r}: rooms {span!r} lie on two floors; join them with plus")
        floors |= told
        found.update(one % 100 for one in range(low, high + 1))
    if len(floors) > 1:
        raise ValueError(f"{text!r}: rooms {word!r} lie on several floors; join them with plus")
    return frozenset(found), floors.pop()


# Printing -----------------------------------------------------------------------------------------------------------


def _quoted(name: str) -> str:
    if (
        _PLAIN.fullmatch(name)
        and name not in _WORDS
        and name not in _JOINS
        and not _AREA.fullmatch(name)
    ):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _spans(numbers: Iterable[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for one in sorted(numbers):
        if found and one == (found[-1][1] + 1 or 1):
            found[-1] = (found[-1][0], one)
        else:
            found.append((one, one))
    return found


def _floor_text(floors: frozenset[int]) -> str:
    named = [[f"B{-one}" if one < 0 else str(one) for one in span] for span in _spans(floors)]
    return ",".join(low if low == high else f"{low}-{high}" for low, high in named)


def _room_text(rooms: frozenset[Name], floor: int | None) -> str:
    numbers = [one for one in rooms if isinstance(one, int)]
    words = [
        f"{floor or ''}{low:02d}"
        if low == high
        else f"{floor or ''}{low:02d}-{floor or ''}{high:02d}"
        for low, high in _spans(numbers)
    ]
    return ",".join([*words, *sorted(one for one in rooms if isinstance(one, str))])


def _steps(part: PlacePart) -> list[tuple[str, str]]:
    """Return the steps of a part as words; rooms of one floor bear its number, as on the door."""
    found: list[tuple[str, str]] = []
    if part.polygon is not None:
        found.append(("polygon", " ".join(f"{x!r},{y!r}" for x, y in part.polygon)))
    found += [
        (step, _quoted(name))
        for step in ("compound", "building", "unit")
        if (name := getattr(part, step)) is not None
    ]
    floor = next(iter(part.floors)) if part.floors is not None and len(part.floors) == 1 else None
    numbered = part.rooms is not None and all(isinstance(one, int) for one in part.rooms)
    merged = floor is not None and floor > 0 and numbered
    if part.floors is not None and not merged:
        found.append(("floor" if floor is not None else "floors", _floor_text(part.floors)))
    if part.rooms is not None:
        text = _room_text(part.rooms, floor if merged else None)
        found.append(("room" if len(part.rooms) == 1 else "rooms", _quoted(text)))
    if part.use is not None:
        found.append(("use", _quoted(part.use)))
    return found


def _printed(tree: _Tree) -> str:
    if isinstance(tree, PlacePart):
        return " ".join([tree.area, *(f"{word} {text}" for word, text in _steps(tree))])
    right = _printed(tree.right)
    return f"{_printed(tree.left)} {tree.word} {f'({right})' if isinstance(tree.right, _Join) else right}"


@dataclass(frozen=True, slots=True)
class _Tongue:
    steps: Mapping[str, str]
    between: str
    to: str
    plus: str
    minus: str
    within: str


_ZH = _Tongue(
    steps={"polygon": "划定范围", "compound": "{}", "building": "{}栋", "unit": "{}单元", "floor": "{}层",
           "floors": "{}层", "room": "{}房", "rooms": "{}房", "use": "{}用房"},
    between="", to="至", plus="、", minus="{}（不含{}）", within="{}与{}的共同部分",
)  # fmt: skip
_EN = _Tongue(
    steps={"polygon": "the area drawn", "compound": "{}", "building": "building {}", "unit": "unit {}",
           "floor": "floor {}", "floors": "floors {}", "room": "room {}", "rooms": "rooms {}", "use": "{}"},
    between=", ", to="-", plus="; ", minus="{}, except {}", within="what {} and {} have in common",
)  # fmt: skip
_USES = {"shop": ("商铺", "shops")}


def _said(tree: _Tree, names: Mapping[AreaPath, str], tongue: _Tongue) -> str:
    if isinstance(tree, _Join):
        left, right = _said(tree.left, names, tongue), _said(tree.right, names, tongue)
        match tree.word:
            case "plus":
                return left + tongue.plus + right
            case "minus":
                return tongue.minus.format(left, right)
            case _:
                return tongue.within.format(left, right)
    words = [names.get(tree.area, tree.area)]
    for step, text in _steps(tree):
        plain = text.strip('"')
        if step == "use" and plain in _USES:
            words.append(_USES[plain][tongue is _EN])
        elif step == "building" and plain[-1] in "栋座楼号幢":
            words.append(plain)
        else:
            said = plain.replace("-", tongue.to) if step in {"floors", "rooms"} else plain
            words.append(tongue.steps[step].format(said))
    return tongue.between.join(words)


# Sets ---------------------------------------------------------------------------------------------------------------


def _included(tree: _Tree) -> Iterable[PlacePart]:
    if isinstance(tree, PlacePart):
        yield tree
    else:
        yield from _included(tree.left)
        if tree.word != "minus":
            yield from _included(tree.right)


def _takes_away(tree: _Tree) -> bool:
    if isinstance(tree, PlacePart):
        return False
    return tree.word == "minus" or _takes_away(tree.left) or _takes_away(tree.right)


def _joined(word: str, first: Place, others: Sequence[Place]) -> Place:
    text = first.expression
    for one in others:
        text = f"{text} {word} ({one.expression})"
    return Place(expression=text)


def _holds(tree: _Tree, spot: Address) -> bool | None:
    if isinstance(tree, PlacePart):
        return _part_holds(tree, spot)
    left, right = _holds(tree.left, spot), _holds(tree.right, spot)
    if tree.word == "plus":
        return True if left or right else (None if left is None or right is None else False)
    if tree.word == "minus":
        right = None if right is None else not right
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _part_holds(part: PlacePart, spot: Address) -> bool | None:
    if not spot.area.startswith(part.area):
        return None if part.area.startswith(spot.area) else False
    known = True
    named = (
        (part.compound, spot.compound), (part.building, spot.building), (part.unit, spot.unit),
        (part.use, spot.use),
    )  # fmt: skip
    for wanted, own in named:
        if wanted is not None:
            if own is None:
                known = False
            elif own != wanted:
                return False
    counted = ((part.floors, spot.floor), (part.rooms, spot.room))
    for several, own_one in counted:
        if several is not None:
            if own_one is None:
                known = False
            elif own_one not in several:
                return False
    if part.polygon is not None:
        if spot.point is None:
            known = False
        elif not _inside(part.polygon, spot.point):
            return False
    return True if known else None


def _inside(ring: Sequence[Point], point: Point) -> bool:
    """Whether a point lies in a ring, by the crossings of a ray; the lower and left edges belong to it."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, (*ring[1:], ring[0]), strict=True):
        if (y1 > y) is not (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


@dataclass(frozen=True, slots=True)
class _Some:
    """A set of names: those listed, or with `but` all but those listed."""

    names: frozenset[Name]
    but: bool

    def met(self, other: "_Some") -> "_Some | None":
        match self.but, other.but:
            case True, True:
                return _Some(self.names | other.names, True)
            case True, False:
                found = _Some(other.names - self.names, False)
            case False, True:
                found = _Some(self.names - other.names, False)
            case _:
                found = _Some(self.names & other.names, False)
        return found if found.names else None

    def rest(self) -> "_Some":
        return _Some(self.names, not self.but)


_ALL = _Some(frozenset(), True)
_AXES = ("compound", "building", "unit", "floors", "rooms", "use")


@dataclass(frozen=True, slots=True)
class _Box:
    area: str
    without: frozenset[str]
    axes: tuple[_Some, ...]
    inside: frozenset[tuple[Point, ...]]
    outside: frozenset[tuple[Point, ...]]


def _box(part: PlacePart) -> _Box:
    axes = []
    for axis in _AXES:
        value = getattr(part, axis)
        if value is None:
            axes.append(_ALL)
        else:
            axes.append(_Some(value if isinstance(value, frozenset) else frozenset({value}), False))
    inside = frozenset() if part.polygon is None else frozenset({part.polygon})
    return _Box(part.area, frozenset(), tuple(axes), inside, frozenset())


@lru_cache(maxsize=65_536)
def _boxes(tree: _Tree) -> tuple[_Box, ...]:
    if isinstance(tree, PlacePart):
        return (_box(tree),)
    left, right = _boxes(tree.left), _boxes(tree.right)
    match tree.word:
        case "plus":
            found = (*left, *right)
        case "minus":
            found = _subtracted(left, right)
        case _:
            met = (_met(mine, theirs) for mine in left for theirs in right)
            found = tuple(one for one in met if one is not None)
    if len(found) > _MOST:
        raise ValueError(f"the place falls into {len(found)} pieces; the most is {_MOST}")
    return found


def _subtracted(boxes: Iterable[_Box], away: Iterable[_Box]) -> tuple[_Box, ...]:
    left = tuple(boxes)
    for one in away:
        left = tuple(piece for box in left for piece in _cut(box, one))
    return left


def _met(one: _Box, other: _Box) -> _Box | None:
    areas = _areas_met(one, other)
    if areas is None:
        return None
    axes = []
    for mine, theirs in zip(one.axes, other.axes, strict=True):
        both = mine.met(theirs)
        if both is None:
            return None
        axes.append(both)
    inside, outside = one.inside | other.inside, one.outside | other.outside
    return None if _apart(inside, outside) else _Box(*areas, tuple(axes), inside, outside)


def _apart(inside: frozenset[tuple[Point, ...]], outside: frozenset[tuple[Point, ...]]) -> bool:
    if inside & outside:
        return True
    frames = [
        (
            min(x for x, _ in ring),
            max(x for x, _ in ring),
            min(y for _, y in ring),
            max(y for _, y in ring),
        )
        for ring in inside
    ]
    return any(
        a[0] > b[1] or b[0] > a[1] or a[2] > b[3] or b[2] > a[3]
        for number, a in enumerate(frames)
        for b in frames[number + 1 :]
    )


def _areas_met(one: _Box, other: _Box) -> tuple[str, frozenset[str]] | None:
    if one.area.startswith(other.area):
        area = one.area
    elif other.area.startswith(one.area):
        area = other.area
    else:
        return None
    without = {path for path in one.without | other.without if path.startswith(area)}
    if area in without or any(area.startswith(path) for path in one.without | other.without):
        return None
    return area, frozenset(without)


def _cut(box: _Box, away: _Box) -> list[_Box]:
    """Return `box` without `away` as boxes that do not meet."""
    common = _met(box, away)
    if common is None:
        return [box]
    pieces = []
    if away.area != box.area and away.area.startswith(box.area):
        pieces.append(replace(box, without=box.without | {away.area}))
    for path in away.without:
        if path.startswith(box.area):
            kept = frozenset(one for one in box.without if one.startswith(path))
            if not any(path.startswith(one) for one in box.without):
                pieces.append(replace(box, area=path, without=kept))
    rest = replace(box, area=common.area, without=common.without)
    for number, theirs in enumerate(away.axes):
        outside = rest.axes[number].met(theirs.rest())
        if outside is not None:
            pieces.append(_with_axis(rest, number, outside))
        rest = _with_axis(rest, number, common.axes[number])
    for ring in away.inside - rest.inside:
        piece = replace(rest, outside=rest.outside | {ring})
        if not _apart(piece.inside, piece.outside):
            pieces.append(piece)
        rest = replace(rest, inside=rest.inside | {ring})
    for ring in away.outside - rest.outside:
        piece = replace(rest, inside=rest.inside | {ring})
        if not _apart(piece.inside, piece.outside):
            pieces.append(piece)
        rest = replace(rest, outside=rest.outside | {ring})
    return pieces


def _with_axis(box: _Box, number: int, axis: _Some) -> _Box:
    return replace(box, axes=(*box.axes[:number], axis, *box.axes[number + 1 :]))
