"""Roles of people from a table: whole or not at all, and no word of who somebody is in an error."""

from datetime import date

import pytest

from yipan.feeds.frame import CannotRead
from yipan.feeds.plans import read_roles

HEAD = "person,area,role,day_one,found\n"
ROW = "p-00000000000a,44.4401.440105.,close_contact,2022-11-10,\n"


@pytest.fixture
def table(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "given.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


class TestRoles:
    def test_of_one_person_are_put_together(self, table):
        found = read_roles(
            table(HEAD + ROW + "p-00000000000a,44.4401.440105.,left_high_zone,2022-11-12,2022-11-13\n")
        )  # fmt: skip

        assert [(one.id, len(one.roles)) for one in found] == [("p-00000000000a", 2)]
        assert found[0].roles[1].found == date(2022, 11, 13)

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("person,area,role\n", "missing columns ['day_one']"),
            (HEAD.replace("found", "name") + ROW, "unknown columns ['name']"),
            (HEAD + ROW.replace("2022-11-10", "soon"), "row 2, column day_one"),
            (HEAD + ROW.replace("2022-11-10", ""), "a role counts from a day"),
            (HEAD + ROW.replace("44.4401.440105.", "海珠"), "row 2, column area"),
            (HEAD + ROW.replace("close_contact", ""), "column role"),
            (HEAD + ROW + ROW, "row 3, column role"),
            (HEAD + ROW + ROW.replace("440105", "440106"), "the same person was put in"),
        ],
    )
    def test_that_cannot_be_meant_are_told_by_row_and_column(self, table, text, told):
        with pytest.raises(CannotRead) as raised:
            read_roles(table(text))

        assert told in str(raised.value)

    def test_never_repeat_what_stands_where_a_pseudonym_belongs(self, table):
        with pytest.raises(CannotRead) as raised:
            read_roles(table(HEAD + ROW.replace("p-00000000000a", "13800138000")))

        assert "13800138000" not in str(raised.value)
        assert "row 2, column person" in str(raised.value)

    @pytest.mark.parametrize("text", ["", "\x00\x01", "\n\n"])
    def test_of_no_table_are_refused(self, table, text):
        with pytest.raises((CannotRead, ValueError)):
            read_roles(table(text))
