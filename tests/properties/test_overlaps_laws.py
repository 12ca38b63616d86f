"""Laws of overlaps: the fast form is the plain one; who meets whom is mutual; places apart do not mix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yipan.analytics.trace.overlaps import Visits, overlaps, overlaps_plain


@st.composite
def visits(draw):
    n = draw(st.integers(0, 40))
    numbers = np.random.default_rng(draw(st.integers(0, 10_000)))
    since = numbers.integers(0, 60, n)
    return Visits(
        person=numbers.integers(0, 8, n), place=numbers.integers(0, 4, n) * draw(st.sampled_from([1, 10**9])), since=since,
        until=since + numbers.integers(1, 40, n),
    )  # fmt: skip


def rows(found):
    return list(
        zip(
            found.case.tolist(),
            found.other.tolist(),
            found.since.tolist(),
            found.minutes.tolist(),
            strict=True,
        )
    )


class TestOverlaps:
    @given(
        visits(), st.lists(st.integers(0, 9), max_size=4), st.integers(1, 15), st.integers(0, 20)
    )
    @settings(max_examples=200)
    def test_are_those_of_the_plain_form(self, given_, cases, least, linger):
        found = overlaps(given_, cases, least_minutes=least, linger_minutes=linger)

        assert rows(found) == overlaps_plain(
            given_, cases, least_minutes=least, linger_minutes=linger
        )

    @given(visits())
    def test_are_mutual(self, given_):
        found = rows(overlaps(given_, range(8)))

        assert {(i, j, m) for i, j, _, m in found} == {(j, i, m) for i, j, _, m in found}

    def test_need_a_visit_that_lasts(self):
        with pytest.raises(ValueError, match="visit 0 ends"):
            Visits(
                person=np.array([1]), place=np.array([1]), since=np.array([5]), until=np.array([5])
            )
