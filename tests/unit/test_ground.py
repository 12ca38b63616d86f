"""Where a zone is drawn: by its own polygon, by what lies in it, by what it lies in, by spots, or not at all."""

from yipan.model import RegisteredPlace, area_path, place
from yipan.operations.ground import drawn

HAIZHU = area_path("44.4401.440105.")


def ring(number):
    west = 113.3 + number / 100
    return ((west, 23.0), (west + 0.005, 23.0), (west + 0.005, 23.005))


def unit(text, *, outline=None, point=None):
    return RegisteredPlace(
        id=text,
        area=HAIZHU,
        place=place(f"{HAIZHU} {text}"),
        residents=1,
        outline=outline,
        point=point,
    )


def zone(text):
    return place(f"{HAIZHU} {text}")


ONE, TWO = (unit(f"compound A building {n}", outline=ring(n)) for n in (1, 2))
WHOLE = unit("compound A", outline=ring(9))


class TestDrawn:
    def test_by_the_outlines_of_what_lies_in_it(self):
        exact, rings, point = drawn(zone("compound A building 1"), [ONE, TWO])

        assert (exact, rings, point) == ("outline", (ring(1),), None)

    def test_by_the_coarser_unit_and_not_its_parts_as_well(self):
        assert drawn(zone("compound A"), [ONE, TWO, WHOLE])[1] == (ring(9),)

    def test_by_the_parts_where_the_whole_has_no_outline(self):
        assert drawn(zone("compound A"), [ONE, TWO])[1] == (ring(1), ring(2))

    def test_without_what_is_taken_away(self):
        assert drawn(zone("compound A minus building 1"), [ONE, TWO, WHOLE])[1] == (ring(2),)

    def test_by_the_smallest_unit_it_lies_in_and_says_so(self):
        exact, rings, _ = drawn(zone("compound A building 1 floor 3"), [ONE, TWO, WHOLE])

        assert (exact, rings) == ("within", (ring(1),))

    def test_by_the_middle_of_spots_where_nothing_has_an_outline(self):
        spots = [
            unit("compound B building 1", point=(113.0, 23.0)),
            unit("compound B building 2", point=(113.2, 23.2)),
        ]

        assert drawn(zone("compound B"), spots) == ("point", (), (113.1, 23.1))

    def test_by_its_area_alone_where_the_register_knows_nothing(self):
        assert drawn(zone("compound C"), [ONE, TWO]) == ("area", (), None)
