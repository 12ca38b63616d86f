"""Our own rule cases: pages of the manual, and held to the rules one by one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from rulecases import BOOKS, COUNTY, PROFILE, cases, check
from yipan.model import area_path, place
from yipan.protocol import AMBIGUITIES, Adopted, ProtocolError, instant
from yipan.protocol.rules import prohibitions as nine
from yipan.protocol.rules.authority import Raised, may_decide
from yipan.protocol.rules.limits import limit_check
from yipan.protocol.rules.orders import ZoneOrder, order_effect
from yipan.protocol.rules.outbreaks import index_band, triggered
from yipan.protocol.rules.people import (
    PlanFacts,
    lookback_since,
    may_discharge,
    merged_plan,
    role_on_arrival,
)
from yipan.protocol.rules.screening import (
    CommunityDay,
    FinishedRound,
    community_zero,
    counted,
    screening_state,
)
from yipan.protocol.rules.zones import (
    ClosingRound,
    NewInfection,
    RoundProgress,
    ZoneFacts,
    ZoneSpan,
    surrounding_status,
    zone_flags,
    zone_needed,
    zone_steps,
    zone_units,
)

FOLDER = Path(__file__).parent


def every():
    for file in sorted(FOLDER.glob("*.yaml")):
        told = yaml.safe_load(file.read_text(encoding="utf-8"))
        head = {key: told[key] for key in ("rule", "version")}
        for case in told["cases"]:
            yield pytest.param({**head, **case}, id=f"{file.stem}: {case['case']}")


class Asked:
    """One case: its rulebook, profile and clock, and every key that was read."""

    def __init__(self, case):
        self.case, self.left = case, set(case) - {"case", "rule", "version"}
        self.zone = ZoneInfo(self.take("timezone", "Asia/Shanghai"))
        self.book = BOOKS.rulebook(case["version"])
        self.profile = PROFILE
        for name, value in self.take("profile", {}).items():
            whole = {**PROFILE.value(name), **value} if isinstance(value, dict) else value
            self.profile = self.profile.with_value(name, whole)
        through = self.take("through", [{"version": case["version"], "at": "2019-01-01T00:00"}])
        self.through = [
            Adopted(rulebook=BOOKS.rulebook(one["version"]), at=self.at(one["at"]), policy=one.get("policy"))
            for one in through
        ]  # fmt: skip

    def take(self, key, otherwise=None):
        self.left.discard(key)
        return self.case.get(key, otherwise)

    def at(self, text):
        return None if text is None else instant(text, self.zone)

    def facts(self, told):
        known = {
            "level", "clock_start", "after_high", "infections", "rounds", "progress", "contacts_clear", "signed",
            "published", "held_back", "held_reason",
        }  # fmt: skip
        assert set(told) <= known, sorted(set(told) - known)
        moments = {
            key: self.at(told.get(key))
            for key in ("contacts_clear", "signed", "published", "held_back")
        }
        return ZoneFacts(
            level=told["level"], clock_start=self.at(told["clock_start"]), after_high=told.get("after_high", False),
            infections=tuple(
                NewInfection(**{
                    key: self.at(value) if isinstance(value, str) else value for key, value in one.items()
                })
                for one in told.get("infections", ())
            ),
            rounds=tuple(
                ClosingRound(completed=self.at(one)) if isinstance(one, str)
                else ClosingRound(**{key: self.at(value) for key, value in one.items()})
                for one in told.get("rounds", ())
            ),
            progress=tuple(
                RoundProgress(at=self.at(one["at"]), sampled=one["sampled"], roster=one["roster"])
                for one in told.get("progress", ())
            ),
            held_reason=told.get("held_reason"), **moments,
        )  # fmt: skip


def steps(one):
    ruling = zone_steps(one.facts(one.take("facts")), one.through, one.profile)
    assert ruling.value == () or ruling.reasons
    return [(step.to, step.eligible_at) for step in ruling.value], [
        (told["to"], one.at(told["at"])) for told in one.take("ruling")
    ]


def flags(one):
    found = zone_flags(
        one.facts(one.take("facts")), one.through, one.profile, at=one.at(one.take("at"))
    )
    return [flag.code for flag in found], one.take("ruling")


def order(one):
    told = dict(one.take("order"))
    zones = [one.facts(facts) for facts in one.take("zones")]
    asked = {
        "effective": one.at(told.pop("effective")), "clock_start": one.at(told.pop("clock_start", None)),
    }  # fmt: skip
    kind = ZoneOrder(told.pop("kind"))
    if (refused := one.take("refused")) is not None:
        with pytest.raises(ValueError, match=refused):
            order_effect(kind, zones, one.book, **asked, **told)
        return None, None
    found = order_effect(kind, zones, one.book, **asked, **told).value
    wanted = one.take("ruling")
    return [
        {key: getattr(facts, key) for key in each} for facts, each in zip(found, wanted, strict=True)
    ], [
        {key: one.at(value) if key in {"clock_start", "held_back"} else value for key, value in each.items()}
        for each in wanted
    ]  # fmt: skip


def plan(one):
    several = [PlanFacts(**told) for told in one.take("facts")]
    found = merged_plan(several, one.through, one.profile, zone=one.zone).value
    wanted = one.take("ruling")
    answer = {
        "ends": found.ends, "tests": [day.day for day in found.days if day.test],
        "places": {day: found.on(day).place for day in wanted.get("places", {})} if wanted.get("places") else {},
    }  # fmt: skip
    if wanted.get("places") == {}:
        assert found.days == ()
    return {key: answer[key] for key in wanted}, {
        key: one.at(value) if key == "ends" else value for key, value in wanted.items()
    }


def arrival(one):
    told = one.take("origin")
    return role_on_arrival(told["level"], told["left"], told["found"], one.book).value, one.take(
        "ruling"
    )


def lookback(one):
    told = one.take("case_dates")
    return lookback_since(told["onset"], told["sampled"], one.profile).value, one.take("ruling")


def discharge(one):
    tests = [(one.at(told["sampled"]), told["ct"]) for told in one.take("tests")]
    return may_discharge(tests, one.book, improved=True).value, one.at(one.take("ruling"))


def limit(one):
    told = one.take("limit")
    found = limit_check(
        told["name"],
        one.at(told["began"]),
        one.at(told["done"]),
        one.book,
        one.profile,
        at=one.at(told["at"]),
    )
    return found.value.state, one.take("ruling")


def trigger(one):
    told = one.take("trigger")
    return triggered(told["reading"], told["key"], one.book).value, one.take("ruling")


def band(one):
    told = one.take("band")
    return index_band(told["reading"], told["key"], one.book, one.profile).value, one.take("ruling")


def decides(one):
    raised = [
        Raised(
            area=COUNTY, to=told["to"], decisions=frozenset(), since=one.at(told["since"]),
            until=one.at(told.get("until")), reason=told["reason"],
        )
        for told in one.take("raised", ())
    ]  # fmt: skip
    told = one.take("asked")
    found = may_decide(
        told["decision"], told["by"], COUNTY, one.book, at=one.at(told["at"]), raised=raised
    )
    return found.value, one.take("ruling")


def screening(one):
    rounds = [
        FinishedRound(day=told["day"], community_positives=told["community"])
        for told in one.take("rounds")
    ]
    found = screening_state(rounds, one.take("place"), one.book, one.profile).value
    return {"next": found.next_round, "stopped": found.stopped_on}, one.take("ruling")


def community(one):
    found = counted(
        datetime(2022, 10, 20, tzinfo=UTC).date(), one.take("found_in"), one.book, one.profile
    )
    return found.value.community_positives, one.take("ruling")


def zero(one):
    days = [CommunityDay(day=told["day"], found_in=told["found_in"]) for told in one.take("days")]
    return community_zero(days, one.take("residents"), one.book, one.profile).value, one.take(
        "ruling"
    )


def prohibition(one):
    at = one.at(one.take("at"))
    since = one.at(one.take("since")) or at - timedelta(days=1)
    told = dict(one.take("record"))
    kind = getattr(nine, told.pop("kind"))
    if kind is nine.ZoneKept:
        reason = told.pop("reason", nine.UNKNOWN)
        facts = one.facts(told)
        told = {"facts": facts, "reason": reason}
        since = facts.clock_start
    if "zone_levels" in told:
        told["zone_levels"] = frozenset(told["zone_levels"])
    if "phases" in told:
        told["phases"] = tuple(map(tuple, told["phases"]))
    for key in ("computed_end", "actual_end"):
        if key in told:
            told[key] = one.at(told[key])
    if kind is nine.Checkpoint:
        told.setdefault("approved_by", None)
    record = kind(id="r", area=COUNTY, since=since, people=10, **told)
    (found,) = nine.prohibitions([record], one.through, one.profile, at=at)
    assert (found.due is None) is (found.verdict is nine.Verdict.OK)
    answer = {
        "item": found.item, "verdict": found.verdict.value, "hours": found.excess_hours, "days": found.excess_days,
    }  # fmt: skip
    wanted = one.take("ruling")
    return {key: answer[key] for key in wanted}, wanted


def units(one):
    drawn = place(one.take("place")).units
    return zone_units(drawn, one.book, circumstances=one.take("circumstances", ())).value, one.take(
        "ruling"
    )


def status(one):
    area = area_path(one.take("area", COUNTY))
    spans = [
        ZoneSpan(area=area_path(told.get("area", area)), since=one.at(told["since"]), until=one.at(told["until"]))
        for told in one.take("spans")
    ]  # fmt: skip
    found = surrounding_status(spans, area, one.book, one.profile).value
    return [(span.until, span.status) for span in found], [
        (one.at(told["until"]), told["status"]) for told in one.take("ruling")
    ]


def needed(one):
    return zone_needed(one.take("circumstances"), one.book).value, one.take("ruling")


RULES = {
    "steps": steps, "flags": flags, "order": order, "plan": plan, "arrival": arrival, "lookback": lookback,
    "discharge": discharge, "limit": limit, "trigger": trigger, "band": band, "decides": decides,
    "screening": screening, "community": community, "community_zero": zero, "prohibition": prohibition,
    "units": units, "status": status, "needed": needed,
}  # fmt: skip


class TestCases:
    @pytest.mark.parametrize("case", list(every()))
    def test_are_ruled_as_written(self, case):
        one = Asked(case)

        found, wanted = RULES[case["rule"]](one)

        assert found == wanted
        assert not one.left, f"nobody reads {sorted(one.left)}"

    def test_are_many(self):
        assert len(list(every())) >= 60

    def test_show_every_kind_of_order(self):
        told = yaml.safe_load((FOLDER / "orders.yaml").read_text(encoding="utf-8"))

        assert {case["order"]["kind"] for case in told["cases"]} == {
            kind.value for kind in ZoneOrder
        }


class TestForms:
    @pytest.mark.parametrize(
        "case", [pytest.param(case, id=case["case"]) for case in cases(FOLDER / "forms")]
    )
    def test_of_the_published_kinds_are_answered_in_every_field(self, case):
        check(case)


class TestProfile:
    @pytest.mark.parametrize("name", sorted(AMBIGUITIES))
    def test_has_every_open_question_read_by_some_rule(self, name):
        rules = Path(nine.__file__).parents[1]
        text = "".join(
            file.read_text(encoding="utf-8")
            for file in rules.rglob("*.py")
            if file.name != "parameters.py"
        )
        own = (rules / "parameters.py").read_text(encoding="utf-8")

        assert f'"{name}"' in text or own.count(f'"{name}"') > 1

    def test_refuses_a_value_no_rule_understands(self):
        profile = PROFILE.with_value("late_closing_round", "shrug")
        facts = ZoneFacts(level="high", clock_start=datetime(2022, 9, 1, tzinfo=UTC))
        through = [Adopted(rulebook=BOOKS.rulebook("cn-covid-9ed"), at=facts.clock_start)]

        with pytest.raises(ProtocolError, match=r"late_closing_round 'shrug'; expected one of"):
            zone_steps(facts, through, profile)


FIRST_HOURS = {
    "case": "X", "kind": "sla_check", "protocol": "cn-covid-9ed",
    "given": {"events": [{"at": "2022-10-27T08:00", "type": "first_positive_report"}]}, "expect": {},
}  # fmt: skip


class TestRunner:
    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"kind": "weather"}, "X: no rule is asked by the kind 'weather'; known are zone_timeline"),
            ({"protocol": "cn-covid-11ed"}, "cn-covid-11ed"),
            ({"unheard_of": 1}, r"X: nobody reads \['unheard_of'\]"),
            ({"expect": {"weather": 1}}, "X: nobody reads 'weather'; answered are"),
            ({"given": {"events": []}, "expect": {"late": ["on_site"]}}, "late: expected on_site, found none"),
            ({"given": {"events": [{"at": "2022-10-27T08:00", "type": "on_site"}]}}, "X: nothing says when the limits begin"),
            ({"given": {"records": [{"id": "r", "limit": "moon", "start": "2022-10-27T08:00"}]}}, "sets no limit 'moon'"),
            ({"kind": "capacity_plan", "given": {}}, "X: says no population"),
            ({"kind": "capacity_plan", "given": {"population": 1}, "expect": {"moons": 1}}, "X: nobody reads 'moons'; answered"),
        ],
    )  # fmt: skip
    def test_says_what_it_does_not_know(self, change, says):
        with pytest.raises((AssertionError, ProtocolError), match=says):
            check({**FIRST_HOURS, **change})

    def test_reads_a_limit_by_its_own_name(self):
        expect = {"on_site": {"due": "2022-10-27T10:00", "state": "overdue"}}

        check(
            {
                **FIRST_HOURS,
                "given": {**FIRST_HOURS["given"], "as_of": "2022-10-27T11:00"},
                "expect": expect,
            }
        )
