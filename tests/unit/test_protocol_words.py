"""Every number of every text, and every question left open, is said in words of both languages: no code reaches a reader."""

import re

import pytest

from yipan.operations.protocol import choices
from yipan.protocol import AMBIGUITIES, protocols
from yipan.protocol.keys import CHOICES
from yipan.protocol.telling import rulebook_told

BOOKS = protocols()
CODE = re.compile(r"[a-z]+_[a-z]|[\[\]{}]")


class TestNumbers:
    @pytest.mark.parametrize("version", sorted(BOOKS.versions))
    def test_of_a_text_are_said_without_codes(self, version):
        told = rulebook_told(BOOKS.rulebook(version)).parameters

        assert [one.says_en for one in told if CODE.search(one.says_en)] == []
        assert [one.says_zh for one in told if re.search(r"[a-z]{3,}", one.says_zh)] == []


class TestChoices:
    def test_have_words_for_every_question_the_texts_leave_open(self):
        assert set(CHOICES) == AMBIGUITIES

    @pytest.mark.parametrize("profile", sorted(BOOKS.profiles))
    def test_are_told_with_their_reason_in_both_languages(self, profile):
        told = choices(BOOKS.profile(profile))

        assert {one.name for one in told} == set(BOOKS.profile(profile).values)
        for one in told:
            assert not CODE.search(one.value_en)
            assert re.search(r"[\u4e00-\u9fff]", one.because_zh)
            assert one.because_en != one.because_zh
