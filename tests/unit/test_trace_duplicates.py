"""Who may be one person: Chinese and other names, mistakes of every kind, on hashes only."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from yipan.analytics.trace.duplicates import (
    DEFAULT_ODDS,
    Index,
    Who,
    duplicates,
    duplicates_plain,
    encoded,
    family_of,
    odds_of,
    sound_of,
)

KEY = b"test"
FAMILIES, GIVEN = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗",
    "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚",
)
SOUNDS = {"张": "章", "陈": "程", "徐": "许", "静": "敬", "伟": "维"}


def made(n, rng):
    """Labelled people: every tenth is entered twice, with one or two mistakes; returns them and the true pairs."""
    people, truth = [], set()
    for _ in range(n):
        name = rng.choice(list(FAMILIES)) + "".join(
            rng.choice(list(GIVEN), int(rng.integers(1, 3)))
        )
        who = Who(
            name=name, phone=f"1{rng.integers(3 * 10**9, 10**10)}" if rng.random() < 0.8 else "",
            certificate=f"44{rng.integers(10**15, 10**16)}" if rng.random() < 0.6 else "",
            born=date(1940, 1, 1) + timedelta(days=int(rng.integers(0, 27_000))), address=f"街{rng.integers(0, 3000)}号",
        )  # fmt: skip
        people.append(who)
        if rng.random() < 0.1:
            truth.add((len(people) - 1, len(people)))
            people.append(_again(who, rng))
    return people, truth


def _again(who, rng):
    mistakes = [
        lambda w: replace(w, name="".join(SOUNDS.get(sign, sign) for sign in w.name)), lambda w: replace(w, phone=""),
        lambda w: replace(w, certificate=""), lambda w: replace(w, address=""),
        lambda w: replace(w, born=w.born + timedelta(days=1)), lambda w: replace(w, phone=f"1{rng.integers(3 * 10**9, 10**10)}"),
    ]  # fmt: skip
    for number in rng.choice(len(mistakes), int(rng.integers(1, 3)), replace=False):
        who = mistakes[number](who)
    return who


class TestSounds:
    @pytest.mark.parametrize(
        ("one", "other"),
        [("张伟", "章伟"), ("陈静", "程敬"), ("mohammed", "muhammad"), ("catherine", "katherine")],
    )
    def test_are_alike_where_people_hear_them_so(self, one, other):
        assert sound_of(one) == sound_of(other)

    @pytest.mark.parametrize(("one", "other"), [("张伟", "李伟"), ("anna", "peter")])
    def test_differ_where_they_do(self, one, other):
        assert sound_of(one) != sound_of(other)

    def test_know_families_of_two_signs(self):
        assert (family_of("欧阳修"), family_of("王维"), family_of("ana lima")) == (
            "欧阳",
            "王",
            "lima",
        )


class TestDuplicates:
    def test_are_those_of_the_plain_form(self):
        people = encoded(made(150, np.random.default_rng(1))[0], key=KEY)

        found = duplicates(people, odds=DEFAULT_ODDS)

        assert set(
            zip(found.first.tolist(), found.second.tolist(), strict=True)
        ) == duplicates_plain(people, odds=DEFAULT_ODDS)

    def test_are_found_among_labelled_people(self):
        people, truth = made(5000, np.random.default_rng(2))

        found = duplicates(encoded(people, key=KEY), least_bits=12)

        said = set(zip(found.first.tolist(), found.second.tolist(), strict=True))
        assert len(said & truth) / len(truth) > 0.9
        assert len(said & truth) / len(said) > 0.95

    def test_of_one_are_found_by_the_index(self):
        people, truth = made(2000, np.random.default_rng(3))
        index = Index(encoded(people, key=KEY))
        one, other = min(truth)

        assert other in [j for j, _ in index.candidates(one, least_bits=0)]

    def test_do_not_come_from_nothing_told(self):
        assert len(duplicates(encoded([Who(), Who()], key=KEY)).first) == 0

    def test_show_no_name(self):
        assert "张" not in repr(Who(name="张伟"))
        other = encoded([Who(name="张伟")], key=b"other").name
        assert encoded([Who(name="张伟")], key=KEY).name[0] != other[0]

    def test_odds_follow_how_common_names_are(self):
        people = encoded(made(3000, np.random.default_rng(4))[0], key=KEY)

        assert odds_of(people)["name_same"].u > DEFAULT_ODDS["name_same"].u
