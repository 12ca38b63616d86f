"""An office's own boundaries: what is found in them, what is converted, and what each bad file is told."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yipan.feeds.boundaries import read_boundaries
from yipan.feeds.datum import Datum, to_gcj02, to_wgs84
from yipan.model import Area, area_path

AREAS = tuple(
    Area(path=area_path(path), level=level, name_zh=zh, name_en=en, code=code, source="test")
    for path, level, zh, en, code in (
        ("44.", "province", "广东省", "Guangdong", "440000"),
        ("44.4401.", "city", "广州市", "Guangzhou", "440100"),
        ("44.4401.440105.", "county", "海珠区", "Haizhu", "440105"),
        ("44.4403.", "city", "深圳市", "Shenzhen", "440300"),
    )
)
HAIZHU, GUANGZHOU = area_path("44.4401.440105."), area_path("44.4401.")


def square(west=113.2, south=23.0, size=0.2):
    east, north = west + size, south + size
    return {
        "type": "Polygon",
        "coordinates": [
            [[west, south], [east, south], [east, north], [west, north], [west, south]]
        ],
    }


def collection(*features, **more):
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": properties, "geometry": geometry}
            for properties, geometry in features
        ],
        **more,
    }


def read(told, **asked):
    content = told if isinstance(told, bytes) else json.dumps(told, ensure_ascii=False).encode()
    return read_boundaries(content, areas=AREAS, **{"datum": Datum.WGS84, **asked})


class TestDatum:
    @pytest.mark.parametrize(
        ("here", "there"),
        [
            ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
            ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
            ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
        ],
    )
    def test_shift_is_the_published_one_in_shanghai_shenzhen_and_beijing(self, here, there):
        assert np.abs(to_gcj02(np.array([here])) - np.array([there])).max() < 1e-10

    def test_shift_in_guangdong_is_some_five_hundred_metres_south_east(self):
        (moved,) = to_gcj02(np.array([[113.2644, 23.1291]])) - np.array([[113.2644, 23.1291]])

        assert 440 < moved[0] * 111_320 * math.cos(math.radians(23.1291)) < 570
        assert -340 < moved[1] * 110_700 < -250

    @given(st.floats(74, 135), st.floats(4, 53))
    def test_way_back_leads_to_within_a_millimetre(self, longitude, latitude):
        here = np.array([[longitude, latitude]])

        back = to_wgs84(to_gcj02(here), Datum.GCJ02)

        assert np.abs(back - here).max() < 1e-8

    def test_cgcs2000_is_taken_as_it_is(self):
        here = np.array([[113.0, 23.0]])

        assert to_wgs84(here, Datum.CGCS2000) is here

    def test_gcj02_outside_china_is_refused(self):
        with pytest.raises(ValueError, match="no GCJ-02 position"):
            to_wgs84(np.array([[2.35, 48.85]]), Datum.GCJ02)


class TestBoundaries:
    @pytest.mark.parametrize(
        "properties",
        [
            {"path": "44.4401.440105."}, {"adcode": 440105}, {"adcode": 440105.0}, {"code": "440105000000"},
            {"name": "海珠区"}, {"NAME": "海珠"}, {"行政区划代码": "440105", "名称": "改过的名字"},
        ],
    )  # fmt: skip
    def test_find_their_area_by_path_code_or_name(self, properties):
        found = read(collection((properties, square())))

        assert found.ok, found.report.problems
        assert [area.path for area in found.areas] == [HAIZHU]
        assert found.added == ()

    def test_find_their_area_by_the_property_named(self):
        told = collection(({"name": "广州市", "unit": "440105"}, square()))

        assert read(told, key="Unit").areas[0].path == HAIZHU

    def test_are_converted_from_the_declared_datum(self):
        found = read(collection(({"code": "440105"}, square())), datum=Datum.GCJ02)

        (longitude, latitude), *_ = found.shapes[HAIZHU]["coordinates"][0]
        east_m = (113.2 - longitude) * 111_320 * math.cos(math.radians(23))
        assert 440 < east_m < 580
        assert 240 < (latitude - 23.0) * 110_700 < 320
        assert "gcj-02" in found.report.format

    def test_keep_holes_and_parts_and_drop_heights(self):
        hole = [[113.25, 23.05], [113.3, 23.05], [113.3, 23.1], [113.25, 23.05]]
        parts = [
            [[[*p, 12.5] for p in square()["coordinates"][0]], hole],
            square(114.0, 23.0)["coordinates"],
        ]
        found = read(
            collection(({"code": "440105"}, {"type": "MultiPolygon", "coordinates": parts}))
        )

        shape = found.shapes[HAIZHU]
        assert [len(part) for part in shape["coordinates"]] == [2, 1]
        assert all(len(p) == 2 for part in shape["coordinates"] for ring in part for p in ring)

    def test_add_areas_where_asked_to_with_parent_and_level_by_code(self):
        told = collection(
            ({"code": "440106", "name": "天河区", "name_en": "Tianhe"}, square()),
            ({"code": "440106001", "name": "五山街道", "level": "town"}, square(size=0.01)),
            ({"code": "440309", "name": "龙华区", "parent": "深圳市"}, square(113.9, 22.7)),
        )

        assert not read(told).ok
        found = read(told, add=True, credit="survey of 2023")
        assert found.added == ("44.4401.440106.", "44.4401.440106.440106001.", "44.4403.440309.")
        tianhe = found.areas[0]
        assert (tianhe.level, tianhe.name_en, tianhe.source) == (
            "county",
            "Tianhe",
            "survey of 2023",
        )
        assert found.areas[1].name_en == "五山街道"


def crossed():
    return {
        "type": "Polygon",
        "coordinates": [[[113, 23], [114, 24], [114, 23], [113, 24], [113, 23]]],
    }


class TestBadBoundaries:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "is empty"),
            (b"  \n", "is empty"),
            (b"PK\x03\x04\xff\xfe", "is not UTF-8 at byte 4"),
            ('{"type":"FeatureCollection","name":"广州"}'.encode("gb18030"), "is not UTF-8"),
            (b'{"type": "FeatureCollection", "features": [{"type": ', "is not JSON"),
            (b"[" * 100_000, "is not JSON"),
            (b"[]", "not a GeoJSON FeatureCollection"),
            (b'{"type": "Topology"}', "'Topology', not a GeoJSON FeatureCollection"),
            (b'{"type": "FeatureCollection", "features": []}', "holds no features"),
            (b'{"type": "FeatureCollection", "features": [NaN]}', "is not JSON"),
        ],
    )  # fmt: skip
    def test_whole_files_are_refused_with_their_reason(self, content, said):
        found = read(content)

        assert not found.ok
        (problem,) = found.report.problems
        assert said in str(problem)
        assert problem.reason_zh

    @pytest.mark.parametrize(
        ("crs", "datum", "said"),
        [
            ("urn:ogc:def:crs:EPSG::3857", Datum.WGS84, "not longitude and latitude"),
            ("urn:ogc:def:crs:EPSG::4490", Datum.GCJ02, "gcj-02 was declared"),
        ],
    )
    def test_what_a_file_says_of_itself_is_believed_against_a_declaration(self, crs, datum, said):
        told = collection(
            ({"code": "440105"}, square()), crs={"type": "name", "properties": {"name": crs}}
        )

        assert said in str(read(told, datum=datum).report.problems[0])
        assert read({**told, "crs": {"properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}}).ok

    @pytest.mark.parametrize(
        ("properties", "geometry", "said"),
        [
            ({"code": "449999"}, square(), "is not an area known here"),
            ({"name": "海珠区区"}, square(), "did you mean"),
            ({}, square(), "does not say which area"),
            (None, square(), "does not say which area"),
            ({"code": "440105"}, None, "is not a Polygon"),
            ({"code": "440105"}, {"type": "Point", "coordinates": [113, 23]}, "is not a Polygon"),
            ({"code": "440105"}, {"type": "Polygon", "coordinates": []}, "hold no rings"),
            ({"code": "440105"}, {"type": "Polygon", "coordinates": [[[113, 23], [114, 23], [114, 24]]]}, "not closed"),
            ({"code": "440105"}, {"type": "Polygon", "coordinates": [[["113", "23"]] * 4]}, "not a position"),
            ({"code": "440105"}, {"type": "Polygon", "coordinates": [[[113], [113]]]}, "not a position"),
            ({"code": "440105"}, square(12_600_000.0, 2_600_000.0, 100), "metres of a projection"),
            ({"code": "440105"}, square(23.0, 113.2), "latitude exchanged"),
            ({"code": "440105"}, crossed(), "Self-intersection"),
            ({"code": "440105"}, square(size=0.0), "is no area"),
        ],
    )  # fmt: skip
    def test_wrong_features_are_told_with_their_number(self, properties, geometry, said):
        found = read(collection(({"code": "440300"}, square(113.9, 22.5)), (properties, geometry)))

        assert not found.ok
        assert found.areas == ()
        assert {problem.row for problem in found.report.problems} == {2}
        assert said in str(found.report.problems[0])

    def test_an_area_drawn_twice_is_refused(self):
        found = read(collection(({"code": "440105"}, square()), ({"name": "海珠区"}, square())))

        assert "feature 1 drew" in str(found.report.problems[0])

    def test_an_area_that_would_move_far_is_refused(self):
        drawn = {HAIZHU: (113.3, 23.1)}
        far = collection(({"code": "440105"}, square(116.5, 23.4)))

        assert "km from where the area is drawn now" in str(
            read(far, drawn=drawn).report.problems[0]
        )
        assert read(collection(({"code": "440105"}, square())), drawn=drawn).ok

    @pytest.mark.parametrize(
        ("properties", "said"),
        [
            ({"name": "新区"}, "needs a code or a path"),
            ({"code": "450101", "name": "兴宁区"}, "no area known here has a code"),
            ({"code": "440106"}, "without a name"),
            ({"code": "440106", "name": "天河区", "parent": "柳州市"}, "its parent"),
            ({"path": "45.4501.", "name": "南宁市"}, "which is not known here"),
            ({"path": "44/4401", "name": "某地"}, "is not an area path"),
            ({"code": "440105001001", "name": "某社区", "parent": "海珠区"}, "without a level"),
        ],
    )
    def test_areas_that_cannot_be_added_say_why(self, properties, said):
        found = read(collection((properties, square())), add=True)

        assert said in str(found.report.problems[0])
