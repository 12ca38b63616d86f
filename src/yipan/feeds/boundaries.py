"""
An office's own official boundaries and divisions, as GeoJSON with a declared datum.

Nothing is guessed that would move a place: the datum is declared, an area is found by what the file says and
refused where that is open, and a geometry that is wrong in itself is told with its feature, not mended unseen.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from yipan.model import Area, AreaPath, area_path, depth_of

from .areas import AreaNames
from .datum import Datum, to_wgs84
from .frame import CannotRead, Problem, ReadReport, Refused, file_problem
from .reading import file_hash

LARGEST_BYTES = 400_000_000
FAR_KM = 100.0
PATH_NAMES = ("path", "area", "area_path")
CODE_NAMES = (
    "code", "adcode", "gb", "division_code", "xzqdm", "pac", "dm", "区划代码", "行政区划代码", "行政区代码", "代码",
)  # fmt: skip
NAME_NAMES = ("name_zh", "name", "mc", "xzqmc", "名称", "行政区名称", "地名", "name_en")
LEVEL_NAMES = ("level", "级别", "行政级别")
PARENT_NAMES = ("parent", "parent_code", "上级代码", "上级", "上级名称")
_CRS = {
    "CRS84": (Datum.WGS84, Datum.CGCS2000), "4326": (Datum.WGS84, Datum.CGCS2000),
    "4490": (Datum.CGCS2000, Datum.WGS84),
}  # fmt: skip
_KINDS = ("Polygon", "MultiPolygon")


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundaries:
    """
    A file of boundaries read: its report, the areas it draws and those it adds, geometries in WGS-84.

    `areas` are all areas with a boundary in the file, those already known as they are; `added` are the paths of
    those that were not known. Nothing is there unless `ok`.
    """

    report: ReadReport
    areas: tuple[Area, ...] = ()
    added: tuple[AreaPath, ...] = ()
    shapes: Mapping[AreaPath, Mapping[str, Any]]

    @property
    def ok(self) -> bool:
        """Whether there is something to commit."""
        return self.report.accepted > 0


def read_boundaries(
    source: Path | bytes,
    *,
    areas: Iterable[Area],
    datum: Datum,
    key: str | None = None,
    add: bool = False,
    drawn: Mapping[AreaPath, tuple[float, float]] | None = None,
    credit: str = "",
    name: str | None = None,
) -> Boundaries:
    """
    Read GeoJSON whole and say everything that is wrong with it; one wrong feature means that nothing is accepted.

    Each feature names its area by path, code or name, in a property of a customary name or in the property
    `key`. With `add`, a feature that names no known area makes one: it needs a name, a code or path, and a
    parent (the area its code begins with where none is told). `credit` is the source such areas get. `drawn`
    gives where the areas are drawn at present (longitude, latitude): one that would move by more than 100 km is
    refused, since then longitude and latitude, or two areas, were exchanged.

    Never raises for what stands in the file. Raises OSError where there is no file.
    """
    file = name or ("bytes" if isinstance(source, bytes) else source.name)
    sha256 = file_hash(source)
    known = {area.path: area for area in areas}
    try:
        features = _features(source, datum)
    except CannotRead as refusal:
        return Boundaries(
            report=ReadReport(
                file=file, sha256=sha256, format="unreadable", why=refusal.problem.reason_en, read=0,
                accepted=0, rejected=0, blank=0, problems=(refusal.problem,),
            ),
            shapes={},
        )  # fmt: skip
    reader = _Reader(known, key=key, add=add, drawn=drawn or {}, datum=datum, credit=credit or file)
    for number, feature in enumerate(features, start=1):
        reader.take(number, feature)
    wrong = len({problem.row for problem in reader.problems})
    accepted = 0 if wrong else len(features)
    return Boundaries(
        report=ReadReport(
            file=file, sha256=sha256, format=f"boundaries.{datum.value}",
            why=f"a feature collection of {len(features)} features, declared as {datum.value}; rows are features, counted from 1",
            read=len(features), accepted=accepted, rejected=len(features) - accepted, blank=0, wrong=wrong,
            problems=tuple(reader.problems), notes=tuple(reader.notes),
        ),
        areas=() if wrong else tuple(reader.found[path] for path in sorted(reader.found)),
        added=() if wrong else tuple(sorted(set(reader.found) - set(known))),
        shapes={} if wrong else reader.shapes,
    )  # fmt: skip


def _features(source: Path | bytes, datum: Datum) -> Sequence[Any]:
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size > LARGEST_BYTES:
        raise file_problem(
            f"has {size:,} bytes; at most {LARGEST_BYTES:,} are read at once",
            f"文件有{size:,}字节，一次最多读{LARGEST_BYTES:,}字节",
            "simplify the boundaries, or split the file by level",
        )
    content = source if isinstance(source, bytes) else source.read_bytes()
    if not content.strip():
        raise file_problem("is empty", "文件为空", "was the export broken off?")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise file_problem(
            f"is not UTF-8 at byte {wrong.start}, as GeoJSON has to be",
            f"第{wrong.start}字节不是UTF-8编码",
            "export it again as UTF-8; a shapefile must be turned into GeoJSON first",
        ) from None
    try:
        told = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as wrong:
        at = f"line {wrong.lineno}" if isinstance(wrong, json.JSONDecodeError) else "some value"
        raise file_problem(
            f"is not JSON: {str(wrong).split(':')[0].lower()}, at {at}",
            f"不是完整的JSON（{at}）",
            "was the file cut off?",
        ) from None
    if not isinstance(told, dict) or told.get("type") != "FeatureCollection":
        kind = told.get("type") if isinstance(told, dict) else type(told).__name__
        raise file_problem(
            f"is {kind!r}, not a GeoJSON FeatureCollection", "不是GeoJSON的FeatureCollection",
            "export the layer as a GeoJSON feature collection",
        )  # fmt: skip
    features = told.get("features")
    if not isinstance(features, list) or not features:
        raise file_problem("holds no features", "没有任何要素", "was the export filtered?")
    _check_crs(told.get("crs"), datum)
    return features


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _check_crs(crs: object, datum: Datum) -> None:
    """Refuse a file that says of itself what contradicts the declared datum, or a projection in metres."""
    if crs is None:
        return
    properties = crs.get("properties") if isinstance(crs, dict) else None
    said = str(properties.get("name", "") if isinstance(properties, dict) else crs)
    fits = next((data for mark, data in _CRS.items() if said.endswith(mark)), None)
    if fits is None:
        raise file_problem(
            f"says its coordinates are {said[:60]!r}, which is not longitude and latitude in a datum known here",
            "文件声明的坐标系不是经纬度坐标系", "reproject it to EPSG:4326 or EPSG:4490", column="crs",
        )  # fmt: skip
    if datum not in fits:
        raise file_problem(
            f"says its coordinates are {said[:60]!r}, and {datum.value} was declared",
            f"文件声明的坐标系与所指定的{datum.value}不符",
            "declare what the file says; many exports of GCJ-02 maps claim 4326, then remove the member crs",
            column="crs",
        )


class _Reader:
    """What was found so far of a file of boundaries."""

    def __init__(
        self, known: Mapping[AreaPath, Area], *, key: str | None, add: bool,
        drawn: Mapping[AreaPath, tuple[float, float]], datum: Datum, credit: str,
    ) -> None:  # fmt: skip
        self.known, self.key, self.add, self.drawn, self.datum = known, key, add, drawn, datum
        self.credit = credit
        self.names = AreaNames(known.values())
        self.by_code: dict[str, Area] = {}
        for area in known.values():
            if area.code:
                self.by_code.setdefault(_short_code(area.code), area)
        self.levels = {
            depth_of(area.path): area.level for area in known.values() if not area.functional
        }
        self.found: dict[AreaPath, Area] = {}
        self.shapes: dict[AreaPath, Mapping[str, Any]] = {}
        self.rows: dict[AreaPath, int] = {}
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []

    def take(self, number: int, feature: Any) -> None:
        """Take one feature, numbered from 1."""
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            self._refuse(number, "", "", "is not a GeoJSON Feature", "不是GeoJSON要素")
            return
        told = feature.get("properties")
        properties = {
            str(name).strip().casefold(): value
            for name, value in (told if isinstance(told, dict) else {}).items()
        }
        if "id" in feature:
            properties.setdefault("path", feature["id"])
        area = self._area(number, properties)
        shape = self._shape(number, feature.get("geometry"))
        if area is None or shape is None:
            return
        if area.path in self.found:
            self._refuse(
                number, "", area.path, f"draws an area that feature {self.rows[area.path]} drew",
                f"与第{self.rows[area.path]}个要素重复",
                "join the parts of one area into one MultiPolygon",
            )  # fmt: skip
            return
        self._check_place(number, area, shape)
        self.found[area.path], self.shapes[area.path], self.rows[area.path] = area, shape, number

    def _area(self, number: int, properties: Mapping[str, Any]) -> Area | None:
        tried: list[tuple[str, str, Refused]] = []
        for column in self._columns(properties):
            text = _text(properties[column])
            if not text:
                continue
            resolved = self.names.resolve(text, _first(properties, PARENT_NAMES))
            if not isinstance(resolved, Refused):
                return self.known[resolved]
            if column in CODE_NAMES and (area := self.by_code.get(_short_code(text))):
                return area
            tried.append((column, text, resolved))
        if self.add and self.key is None:
            return self._new(number, properties)
        if not tried:
            self._refuse(
                number, self.key or "", "", "does not say which area it draws", "没有说明是哪个地区",
                f"expected one of the properties {', '.join((*PATH_NAMES[:1], *CODE_NAMES[:2], *NAME_NAMES[:2]))}, "
                "or name yours with --key",
            )  # fmt: skip
            return None
        column, text, refused = tried[0]
        self.problems.append(refused.at(number, column, text))
        return None

    def _columns(self, properties: Mapping[str, Any]) -> list[str]:
        if self.key is not None:
            wanted = self.key.strip().casefold()
            return [wanted] if wanted in properties else []
        return [name for name in (*PATH_NAMES, *CODE_NAMES, *NAME_NAMES) if name in properties]

    def _new(self, number: int, properties: Mapping[str, Any]) -> Area | None:
        """The area a feature adds: its path from its code or path, its level from its depth."""
        told_path, code = _first(properties, PATH_NAMES), _first(properties, CODE_NAMES)
        name_zh = _first(properties, ("name_zh", *NAME_NAMES))
        try:
            path = area_path(told_path) if told_path else self._path_of(code, properties)
        except ValueError as wrong:
            self._refuse(
                number,
                "path" if told_path else "code",
                told_path or code,
                str(wrong),
                "无法确定所属地区",
            )
            return None
        above = {**self.known, **self.found}
        parent = path[: path[:-1].rfind(".") + 1]
        if parent not in above:
            self._refuse(
                number, "path", path, f"lies in {parent or 'no area'}, which is not known here", "上级地区未知",
                "add the areas above it first, in the same file before it or in another",
            )  # fmt: skip
            return None
        level = _first(properties, LEVEL_NAMES) or self.levels.get(depth_of(path), "")
        for what, value in (("name", name_zh), ("level", level)):
            if not value:
                self._refuse(
                    number, what, "", f"adds {path} without a {what}", f"新增地区缺少{what}"
                )
                return None
        return Area(
            path=path, level=level, name_zh=name_zh, name_en=_first(properties, ("name_en",)) or name_zh,
            code=code or None, source=self.credit,
        )  # fmt: skip

    def _path_of(self, code: str, properties: Mapping[str, Any]) -> AreaPath:
        if not code:
            raise ValueError("an area that is added needs a code or a path")
        step, parent_text = _short_code(code).casefold(), _first(properties, PARENT_NAMES)
        if parent_text:
            parent = self.names.resolve(parent_text)
            if isinstance(parent, Refused):
                inside = self.by_code.get(_short_code(parent_text))
                if inside is None:
                    raise ValueError(f"its parent {parent_text!r} {parent.en}")
                parent = inside.path
            return area_path(f"{parent}{step}.")
        above = {**self.known, **self.found}
        holding = [
            path
            for path in above
            if step.startswith(path.split(".")[-2]) and path.split(".")[-2] != step
        ]
        if not holding:
            raise ValueError(
                f"no area known here has a code that {code} begins with; tell its parent"
            )
        return area_path(f"{max(holding, key=len)}{step}.")

    def _shape(self, number: int, geometry: Any) -> dict[str, Any] | None:
        if not isinstance(geometry, dict) or geometry.get("type") not in _KINDS:
            kind = geometry.get("type") if isinstance(geometry, dict) else None
            self._refuse(
                number, "geometry", str(kind or ""), "is not a Polygon or MultiPolygon", "几何类型不是面",
                "a boundary encloses; turn closed lines into polygons",
            )  # fmt: skip
            return None
        told = geometry.get("coordinates")
        polygons = [told] if geometry["type"] == "Polygon" else told
        try:
            parts = [
                [self._ring(ring) for ring in _several(polygon, "rings")]
                for polygon in _several(polygons, "polygons")
            ]
        except ValueError as wrong:
            self._refuse(number, "geometry", "", str(wrong), "坐标有误")
            return None
        shape: dict[str, Any] = {"type": "MultiPolygon", "coordinates": parts}
        if len(parts) == 1:
            shape = {"type": "Polygon", "coordinates": parts[0]}
        return shape if self._is_sound(number, shape) else None

    def _ring(self, ring: Any) -> list[list[float]]:
        positions = []
        for position in _several(ring, "positions"):
            if (
                not isinstance(position, list) or len(position) < 2
                or not all(isinstance(number, int | float) and not isinstance(number, bool) for number in position[:2])
                or not all(math.isfinite(number) for number in position[:2])
            ):  # fmt: skip
                raise ValueError(f"{str(position)[:40]} is not a position of two numbers")
            positions.append((float(position[0]), float(position[1])))
        if len(positions) < 4 or positions[0] != positions[-1]:
            raise ValueError(
                f"a ring of {len(positions)} positions is not closed; at least four, the last one being the first"
            )
        plain = np.array(positions)
        (west, south), (east, north) = plain.min(axis=0), plain.max(axis=0)
        if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
            seems = "longitude and latitude exchanged" if abs(west) <= 90 and max(abs(south), abs(north)) <= 180 else (
                "metres of a projection, not degrees"
            )  # fmt: skip
            raise ValueError(
                f"{positions[0][0]:g}, {positions[0][1]:g} is no longitude and latitude; it looks like {seems}"
            )
        kept: list[list[float]] = to_wgs84(plain, self.datum).round(7).tolist()
        kept[-1] = kept[0]
        return kept

    def _is_sound(self, number: int, shape: dict[str, Any]) -> bool:
        import shapely
        from shapely.geometry import shape as built

        drawn = built(shape)
        if drawn.is_valid and not drawn.is_empty and drawn.area > 0:
            return True
        self._refuse(
            number, "geometry", "", f"is no area: {shapely.is_valid_reason(drawn)}", "面自相交或无面积",
            "mend it in the program it comes from",
        )  # fmt: skip
        return False

    def _check_place(self, number: int, area: Area, shape: dict[str, Any]) -> None:
        """Refuse a boundary far from where its area is drawn: two areas, or the two numbers, were exchanged."""
        before = self.drawn.get(area.path)
        if before is None:
            return
        from shapely.geometry import shape as built

        inside = built(shape).representative_point()
        apart = _km((inside.x, inside.y), before)
        if apart > FAR_KM and not built(shape).covers(
            built({"type": "Point", "coordinates": before})
        ):
            self._refuse(
                number, "geometry", area.path, f"lies {apart:.0f} km from where the area is drawn now",
                f"与该地区现有位置相距{apart:.0f}公里",
                "were two areas, or longitude and latitude, exchanged?",
            )  # fmt: skip

    def _refuse(
        self, number: int, column: str, value: str, en: str, zh: str, suggestion: str = ""
    ) -> None:
        self.problems.append(Refused(en=en, zh=zh, suggestion=suggestion).at(number, column, value))


def _several(told: Any, what: str) -> list[Any]:
    if not isinstance(told, list) or not told:
        raise ValueError(f"its coordinates hold no {what}")
    return told


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None or isinstance(value, dict | list | bool) else str(value).strip()


def _first(properties: Mapping[str, Any], names: Iterable[str]) -> str:
    return next((text for name in names if (text := _text(properties.get(name)))), "")


def _short_code(code: str) -> str:
    """
    A division code without the zeros that stand for no further level.

    >>> [_short_code(code) for code in ("440100", "440103001000", "440000", "440106")]
    ['4401', '440103001', '44', '440106']
    """
    for length, empty in ((12, "000"), (9, "000"), (6, "00"), (4, "00")):
        if len(code) == length and code.endswith(empty):
            code = code[: -len(empty)]
    return code


def _km(one: tuple[float, float], other: tuple[float, float]) -> float:
    east = (one[0] - other[0]) * 111.32 * math.cos(math.radians((one[1] + other[1]) / 2))
    return math.hypot(east, (one[1] - other[1]) * 110.57)
