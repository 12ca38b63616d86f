"""Published rule cases of every kind, to the minute, from their YAML files; an expectation nobody reads is a failure."""

import os
from pathlib import Path

import pytest

import rulecases
from rulecases import BOOKS, KINDS, Told, check

ROOT = Path(os.environ.get("YIPAN_REFERENCE", Path(__file__).parents[2] / "../shared/reference"))
FOLDER = ROOT / "protocol"
FORMS = Path(__file__).parents[1] / "rules/forms"

pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="no rule cases under $YIPAN_REFERENCE"),
]


def every(folder):
    return [pytest.param(case, id=case["case"]) for case in rulecases.cases(folder)]


class TestPublishedCases:
    @pytest.mark.parametrize("case", every(FOLDER))
    def test_are_answered_in_every_field(self, case):
        check(case)

    @pytest.mark.parametrize("case", every(FOLDER))
    def test_are_of_a_kind_with_a_rule(self, case):
        assert case["kind"] in KINDS

    @pytest.mark.parametrize("case", every(FOLDER))
    def test_fail_on_an_expectation_that_nobody_reads(self, case):
        changed = {**case}
        if "expect" in case:
            changed["expect"] = {**case["expect"], "unheard_of": 1}
        else:
            entry = case["given_and_expect"][0]
            more = (
                {**entry, "expect": {**entry["expect"], "unheard_of": 1}}
                if "expect" in entry
                else {**entry, "unheard_of": 1}
            )
            changed["given_and_expect"] = [more]

        with pytest.raises(AssertionError, match="nobody reads"):
            check(changed)


class TestTold:
    def test_tells_what_was_not_read(self):
        told = Told({"a": 1, "note": "prose"}, "here")

        with pytest.raises(AssertionError, match=r"here: nobody reads \['a'\]"):
            told.done()


class TestParameters:
    """The published parameters of each version and those of the packs are the same numbers."""

    def published(self):
        import yaml

        told = yaml.safe_load((FOLDER / "parameters.yaml").read_text(encoding="utf-8"))
        return {one["id"]: one for one in told["versions"]}

    def test_have_the_days_of_every_zone(self):
        compared = 0
        for version, told in self.published().items():
            lifts = told.get("zone_lift") or {}
            for level, rule in lifts.items():
                days = rule.get("no_new_days") if isinstance(rule, dict) else None
                if days is not None:
                    assert BOOKS.rulebook(version).value(f"zone.{level}.quiet_days") == days
                    compared += 1

        assert compared >= 5

    def test_have_the_days_and_tests_of_every_role(self):
        roles = {
            "close_contact": "close_contact", "contact_of_contact": "contact_of_contact", "inbound": "inbound_traveller",
            "left_high_zone": "left_high_zone", "left_medium_zone": "left_medium_zone",
            "closed_loop_leaving": "closed_loop_worker_leaving",
        }  # fmt: skip
        compared = 0
        for version, told in self.published().items():
            book = BOOKS.rulebook(version)
            for name, role in roles.items():
                rule = told.get(name)
                if not isinstance(rule, dict):
                    continue
                if rule.get("determined") is False:
                    assert not book.has(f"person.{role}")
                    continue
                days = [
                    rule[key]
                    for key in rule
                    if (key.endswith("_days") and key != "window_days") or key == "days"
                ]
                if days:
                    assert [one["days"] for one in book.value(f"person.{role}")] == days, (
                        version,
                        role,
                    )
                    compared += 1
                tests = [
                    rule[key] for key in ("tests", "tests_central", "tests_home") if key in rule
                ]
                own = [one["tests"] for one in book.get(f"person.{role}") or () if "tests" in one]
                assert own[: len(tests)] == tests, (version, role)

        assert compared >= 12

    def test_have_the_hours_of_the_first_response(self):
        book = BOOKS.rulebook("cn-covid-9ed")
        told = self.published()["cn-covid-9ed"]["timeliness_h"]

        assert {
            name: book.value(f"limit.{name}_hours") for name in told if name not in {"src", "conf"}
        } == {name: hours for name, hours in told.items() if name not in {"src", "conf"}}
