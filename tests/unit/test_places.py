"""Places are sets of addresses that are written, read back, joined and taken apart."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yipan.model import Address, Place, PlaceIndex, address, area_path, place

DISTRICT = "44.4403.440303."
AREAS = ["44.", "44.4403.", DISTRICT, "44.4401."]

parts = st.builds(
    lambda area, steps: " ".join([area, *(text for text in steps if text)]),
    st.sampled_from(AREAS),
    st.tuples(
        st.sampled_from(["", "compound A", "compound B"]),
        st.sampled_from(["", "building 1", "building 2"]),
        st.sampled_from(["", "floors 1-3", "floor 2", "floors B1-2"]),
        st.sampled_from(["", "room 04", "rooms 03-05", "room A"]),
        st.sampled_from(["", "use shop"]),
    ),
)
places = st.recursive(
    parts,
    lambda inner: st.builds(
        lambda left, word, right: f"({left}) {word} ({right})",
        inner, st.sampled_from(["plus", "minus", "within"]), inner,
    ),
    max_leaves=6,
).map(place)  # fmt: skip
spots = st.builds(
    Address,
    area=st.sampled_from(["44.4403.440303.440303001.", "44.4401.440106.", "44.4403.440305."]),
    compound=st.sampled_from(["A", "B", "C"]),
    building=st.sampled_from(["1", "2", "3"]),
    unit=st.just("1"),
    floor=st.sampled_from([-1, 1, 2, 3, 9]),
    room=st.sampled_from([3, 4, "A", 9]),
    use=st.sampled_from(["shop", "home"]),
)


class TestPlace:
    @pytest.mark.parametrize(
        ("written", "printed"),
        [
            ("44.  building 1", "44. building 1"),
            ("44. village 大塘", "44. compound 大塘"),
            ("44. building 1 floors 3-33 room 4", "44. building 1 floors 3-33 room 04"),
            ("44. building 1 rooms 2201-2208", "44. building 1 rooms 2201-2208"),
            ("44. building 1 floor 22 rooms 01-08", "44. building 1 rooms 2201-2208"),
            ("44. compound X minus building 3", "44. compound X minus 44. compound X building 3"),
            ("44. compound X minus floors 1-6 use shop", "44. compound X minus 44. compound X floors 1-6 use shop"),
            ('44. compound "Ping An" building "minus"', '44. compound "Ping An" building "minus"'),
            ("44. floors B2-3", "44. floors B2-3"),
            ("44. floors 1,2,3,7", "44. floors 1-3,7"),
            ("44. polygon 113,22 114,22 114,23", "44. polygon 113.0,22.0 114.0,22.0 114.0,23.0"),
            ("44.4403. plus 44.4401. minus 44.4401.440106.", "44.4403. plus 44.4401. minus 44.4401.440106."),
        ],
    )  # fmt: skip
    def test_is_kept_in_its_normal_spelling(self, written, printed):
        assert str(place(written)) == printed

    @pytest.mark.parametrize(
        ("written", "says"),
        [
            ("", "is empty"),
            ("building 1", "expected an area path"),
            ("44. building", "a name after building"),
            ("44. floors 1-2 building 1", "coarse to fine"),
            ("44. rooms 2201-2301", "two floors"),
            ("44. rooms 2201,2301", "several floors"),
            ("44. floor 3 room 2204", "lies on floor 22"),
            ("44. floor 0", "do not go up"),
            ("44. floors 9-3", "do not go up"),
            ("44. floors x", "no list of floors"),
            ("44. polygon 113,22 114,22", "at least 3"),
            ("44. polygon 113,22 114,22 999,1", "outside longitude"),
            ("44. minus", "expected an area path"),
            ("(44.", "closing bracket"),
            ("44. )", "expected plus, minus or within"),
            ('44. compound "X', "not closed"),
            ("44. storey 3", "expected plus, minus or within"),
            ("(" * 60 + "44." + ")" * 60, "50 deep"),
            ("44. compound " + "x" * 30_000, "the most is"),
        ],
    )
    def test_says_which_word_does_not_fit(self, written, says):
        with pytest.raises(ValueError, match=says):
            place(written)

    @given(places)
    def test_is_read_back_from_what_it_prints(self, one):
        assert place(str(one)) == one

    @given(places, places, spots)
    def test_holds_what_its_sets_hold(self, one, other, spot):
        a, b = one.contains(spot), other.contains(spot)

        assert one.union(other).contains(spot) is (a or b)
        assert one.minus(other).contains(spot) is (a and not b)
        assert one.within(other).contains(spot) is (a and b)

    @given(places, places, spots)
    def test_covers_and_overlaps_as_its_addresses_do(self, one, other, spot):
        if one.covers(other):
            assert not other.contains(spot) or one.contains(spot)
        if one.contains(spot) and other.contains(spot):
            assert one.overlaps(other)
            assert not one.is_empty

    @given(places, places)
    def test_is_covered_by_its_pieces(self, one, other):
        pieces = one.minus(other).union(one.within(other))

        assert pieces.same_as(one)
        assert not one.minus(other).overlaps(other)
        assert one.minus(one).is_empty

    @given(places, spots, st.sampled_from(["compound", "building", "floor", "room", "use"]))
    def test_does_not_guess_what_an_address_leaves_open(self, one, spot, left_open):
        vague = one.contains(replace(spot, **{left_open: None}))

        assert vague is None or vague is one.contains(spot)

    def test_leaves_out_the_shops_of_a_tower_and_one_building_of_a_ring(self):
        tower = place(f"{DISTRICT} compound 和平广场 minus floors 1-6 use shop")
        ring = place(f"{DISTRICT} compound 和平广场 minus building 缔庭轩")

        assert tower.contains(address(f"{DISTRICT} compound 和平广场 floor 3 use shop")) is False
        assert tower.contains(address(f"{DISTRICT} compound 和平广场 floor 3 use home")) is True
        assert ring.contains(address(f"{DISTRICT} compound 和平广场 building 缔庭轩")) is False
        assert ring.excludes
        assert not place("44.").excludes

    def test_holds_a_point_of_its_polygon_only(self):
        square = place("44. polygon 113,22 114,22 114,23 113,23")
        inside = Address(area=area_path("44.4401."), point=(113.5, 22.5))

        assert square.contains(inside) is True
        assert square.contains(replace(inside, point=(112.5, 22.5))) is False
        assert square.contains(replace(inside, point=None)) is None
        assert not square.overlaps(place("44. polygon 118,22 119,22 119,23"))

    def test_lies_in_the_deepest_area_of_all_its_parts(self):
        assert (
            place("44.4403.440303. building 1 plus 44.4403.440305. building 2").area == "44.4403."
        )
        assert place("44.4403. minus 44.4401.").area == "44.4403."

    def test_tells_the_units_it_is_drawn_in(self):
        assert place("44. building 1 floors 3-33 room 04").units == {"stack"}
        assert place("44. building 1 room 2204 plus 44. building 2").units == {"room", "building"}

    def test_is_said_in_both_languages(self):
        one = place("44.4403. compound 和平广场 minus floors 1-6 use shop")
        names = {area_path("44.4403."): "深圳市"}

        assert one.said_zh(names) == "深圳市和平广场（不含深圳市和平广场1至6层商铺）"
        assert one.said_en({area_path("44.4403."): "Shenzhen"}).startswith(
            "Shenzhen, 和平广场, except"
        )


class TestAddress:
    @pytest.mark.parametrize("several", ["44. floors 1-2", "44. rooms 101-102", "44. plus 44."])
    def test_is_one_spot(self, several):
        with pytest.raises(ValueError, match=r"several|one address"):
            address(several)

    def test_has_no_floor_nought(self):
        with pytest.raises(ValueError, match="floor 0"):
            Address(area=area_path("44."), floor=0)


class TestPlaceIndex:
    @given(st.lists(places, max_size=8), spots)
    def test_finds_what_asking_each_place_finds(self, several, spot):
        asked = tuple(n for n, one in enumerate(several) if one.contains(spot))

        assert PlaceIndex(several).holding(spot) == asked

    @given(st.lists(places, max_size=8), spots)
    def test_finds_perhaps_all_that_cannot_be_excluded(self, several, spot):
        vague = Address(area=spot.area, floor=spot.floor)
        asked = tuple(n for n, one in enumerate(several) if one.contains(vague) is not False)

        assert PlaceIndex(several).holding(vague, perhaps=True) == asked

    def test_is_made_of_places(self):
        assert PlaceIndex([Place(expression="44.")]).holding(address("44.4401.")) == (0,)
