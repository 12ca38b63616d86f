"""Published rule cases of zones, people and changes of version, to the minute, from their YAML files."""

import os
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from yipan.protocol import Adopted, instant, protocols
from yipan.protocol.rules.outbreaks import follow_up, index_band, outbreak_end
from yipan.protocol.rules.people import PlanFacts, person_plan, plan_through
from yipan.protocol.rules.screening import ScreeningRound, screening_state
from yipan.protocol.rules.zones import ClosingRound, NewInfection, ZoneFacts, level_at, zone_steps

ROOT = Path(os.environ.get("YIPAN_REFERENCE", Path(__file__).parents[2] / "../shared/reference"))
FOLDER = ROOT / "protocol"
ZONE = ZoneInfo("Asia/Shanghai")
BOOKS = protocols()
PROFILE = BOOKS.profile("guangdong-2022")

pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="no rule cases under $YIPAN_REFERENCE"),
]


def of_kind(kind):
    cases = [
        yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("P*.yaml"))
    ]
    return [pytest.param(case, id=case["case"]) for case in cases if case["kind"] == kind]


def known(entries, *names):
    unknown = set(entries) - set(names)
    assert not unknown, f"unknown key {sorted(unknown)}"


def moment(text):
    return instant(text, ZONE)


def adopted(version):
    return Adopted(
        rulebook=BOOKS.rulebook(version), at=datetime(2019, 1, 1, tzinfo=UTC), policy="as_started"
    )


def zones_of(given):
    """Return the facts of every zone or part of a zone that the case names."""
    events = {}
    parts_of = {}
    for zone in given["zones"]:
        known(zone, "id", "parts", "events", "place")
        parts_of[zone["id"]] = zone.get("parts", [zone["id"]])
        for part in parts_of[zone["id"]]:
            events[part] = []
        for event in zone.get("events", ()):
            targets = [event["scope"]] if "scope" in event else parts_of[zone["id"]]
            for part in targets:
                events[part].append(event)
    decisions = []
    for event in given.get("events", ()):
        if event["type"] == "decision":
            decisions.append(event)
            continue
        for zone in event.get("zones", [event.get("zone")]):
            for part in parts_of[zone]:
                events[part].append(event)
    found = {}
    for part, own in events.items():
        level = start = None
        infections, rounds = [], []
        for event in sorted(own, key=lambda one: one["at"]):
            known(
                event, "at", "type", "level", "previous", "order", "scope", "coverage", "result", "note", "zones",
                "zone", "counts", "controlled_at", "sampled", "roster",
            )  # fmt: skip
            match event["type"]:
                case "designate" | "clock_restart":
                    level, start = event["level"], moment(event["at"])
                case "infection_found":
                    controlled = event.get("controlled_at")
                    infections.append(NewInfection(
                        found=moment(event["at"]), controlled=moment(controlled) if controlled else None,
                        counts=event["counts"],
                    ))  # fmt: skip
                case "round_complete":
                    if event["coverage"] == "full" and event["result"] == "negative":
                        rounds.append(ClosingRound(completed=moment(event["at"])))
                case "round_partial" | "round_completed_late":
                    assert event["sampled"] <= event["roster"]
                case other:
                    pytest.fail(f"unknown event {other}")
        for decision in decisions:
            assert decision["policy"] == "extend_part"
            if part not in decision["zones"]:
                infections = []
        found[part] = ZoneFacts(
            level=level, clock_start=start, infections=tuple(infections), rounds=tuple(rounds)
        )
    return found


@pytest.mark.parametrize("case", of_kind("zone_timeline"))
class TestZoneTimeline:
    def test_steps_down_at_the_published_minute(self, case):
        facts = zones_of(case["given"])
        steps = {
            key: zone_steps(one, [adopted(case["protocol"])], PROFILE).value
            for key, one in facts.items()
        }

        for expected in case["expect"]["transitions"]:
            reached = {step.to: step.eligible_at for step in steps[expected["zone"]]}
            assert reached.get(expected["to"]) == moment(expected["eligible_at"]), expected

    def test_has_the_published_level_at_the_end_of_every_day(self, case):
        facts = zones_of(case["given"])

        for key, spans in case["expect"]["end_of_day"].items():
            steps = zone_steps(facts[key], [adopted(case["protocol"])], PROFILE).value
            for span in spans:
                day = span["from"]
                while day <= span["to"]:
                    last = datetime.combine(day, time(23, 59), tzinfo=ZONE)
                    assert level_at(facts[key], steps, last) == span["level"], (key, day)
                    day += timedelta(days=1)


@pytest.mark.parametrize("case", of_kind("version_transition"))
class TestVersionTransition:
    def adoptions(self, case):
        return [
            Adopted(
                rulebook=BOOKS.rulebook(one["id"]), at=moment(one.get("adopted_at") or one["from"]),
                policy={"C8": "only_shorter"}[one.get("policy", "C8")],
            )
            for one in case["protocol"]
        ]  # fmt: skip

    def test_steps_zones_down_at_the_expected_minute(self, case):
        given = {zone["id"]: zone for zone in case["given"]["zones"]}
        for expected in case["expect"]["transitions"]:
            zone = given[expected["zone"]]
            known(
                zone,
                "id",
                "level",
                "clock_start",
                "infections",
                "closing_round_negative_at",
                "stage",
                "unit",
                "set_at",
            )
            done = zone.get("closing_round_negative_at")
            facts = ZoneFacts(
                level=zone["level"], clock_start=moment(zone.get("clock_start") or zone["set_at"]),
                after_high=zone.get("stage") == "after_high",
                infections=tuple(NewInfection(found=moment(one)) for one in zone.get("infections", ())),
                rounds=(ClosingRound(completed=moment(done)),) if done else (),
            )  # fmt: skip

            first = zone_steps(facts, self.adoptions(case), PROFILE).value[0]

            assert (first.to, first.eligible_at) == (
                expected["to"],
                moment(expected["eligible_at"]),
            ), expected

    def test_ends_plans_at_the_expected_minute(self, case):
        for person in case["given"]["persons"]:
            known(person, "id", "role", "isolation_start")
            facts = PlanFacts(role=person["role"], day_one=person["isolation_start"])
            expected = case["expect"]["persons"][person["id"]]
            known(
                expected,
                "central_last",
                "home_isolation",
                "tests_due_from_adoption",
                "ends",
                "would_have_ended_under_9ed",
            )

            plan = plan_through(facts, self.adoptions(case), PROFILE, zone=ZONE).value

            assert plan.ends == moment(expected["ends"])
            if "central_last" in expected:
                assert plan.phases[0].last == expected["central_last"]
                assert [plan.phases[1].first, plan.phases[1].last] == expected["home_isolation"]
                changed = self.adoptions(case)[1].at.date()
                due = [day for phase in plan.phases for day in phase.tests if day >= changed]
                assert due == expected["tests_due_from_adoption"]
                before = person_plan(
                    facts, BOOKS.rulebook("cn-covid-9ed"), PROFILE, zone=ZONE
                ).value
                assert before.ends == moment(expected["would_have_ended_under_9ed"])


def people():
    for param in of_kind("person_schedule"):
        for person in param.values[0]["given_and_expect"]:
            yield pytest.param(person, id=person["id"])


@pytest.mark.parametrize("person", list(people()))
class TestPersonSchedule:
    def test_gives_the_published_dates(self, person):
        known(
            person,
            "id",
            "protocol",
            "role",
            "anchor",
            "phases",
            "ends",
            "ends_on",
            "note",
            "results",
            "restriction_allowed",
        )
        anchor = person.get("anchor", {"date": date(2022, 11, 12)})
        results = person.get("results", ())
        facts = PlanFacts(
            role=person["role"], day_one=anchor["date"], found=anchor.get("found_on"),
            negatives=tuple((one["date"], moment(one["reported_at"])) for one in results if one.get("value") == "negative"),
            ct=tuple((one["date"], one["ct"]) for one in results if "ct" in one),
        )  # fmt: skip

        plan = person_plan(facts, BOOKS.rulebook(person["protocol"]), PROFILE, zone=ZONE).value

        assert len(plan.phases) == len(person["phases"])
        for phase, expected in zip(plan.phases, person["phases"], strict=True):
            for key, wanted in expected.items():
                if key != "tests_confidence":
                    given = getattr(phase, key)
                    assert (list(given) if key == "tests" else given) == wanted, key
        if "ends" in person:
            assert plan.ends == moment(person["ends"])
        if "ends_on" in person:
            assert plan.ends.date() - timedelta(days=1) == person["ends_on"]


@pytest.mark.parametrize("case", of_kind("screening_program"))
class TestScreeningProgram:
    def test_stops_on_the_published_day(self, case):
        book = BOOKS.rulebook(case["protocol"])
        for district in case["given"]["districts"]:
            known(district, "id", "rounds")
            expected = case["expect"][district["id"]]
            known(expected, "next_round_after", "stop_after_round", "stopped_on")
            rounds = [
                ScreeningRound(
                    day=one["date"], community_positives=one["community_positives"],
                    controlled_positives=one.get("controlled_positives", 0),
                )
                for one in district["rounds"]
            ]  # fmt: skip

            states = {
                n: screening_state(rounds[:n], district["id"], book, PROFILE).value
                for n in range(1, len(rounds) + 1)
            }

            for n, day in expected.get("next_round_after", {}).items():
                assert states[n].next_round == day
            assert states[expected["stop_after_round"]].stopped_on == expected["stopped_on"]


def outbreaks():
    for param in of_kind("outbreak_end"):
        for item in param.values[0]["given_and_expect"]:
            yield pytest.param(item, id=item["id"])


BOOK_OF = {"mpox": "mpox-cn-2023", "dengue": "dengue-gd"}


@pytest.mark.parametrize("item", list(outbreaks()))
class TestOutbreakEnd:
    def test_gives_the_published_days(self, item):
        known(item, "id", "real", "rule", "anchor_event", "expect", "actual", "readings", "note")
        rule, expected = item["rule"], item["expect"]
        book = BOOKS.rulebook(BOOK_OF.get(rule["disease"], rule["disease"]))
        if "readings" in item:
            bands = [
                index_band(one["bi"], "index.breteau", book, PROFILE).value
                for one in item["readings"]
            ]
            assert bands == [one.removesuffix("_see_note") for one in expected]
            return
        events = item["anchor_event"]
        anchors = [one["date"] for one in (events if isinstance(events, list) else [events])]
        offset = events.get("timezone", "+08:00") if isinstance(events, dict) else "+08:00"
        zone = datetime.fromisoformat(f"2020-01-01T00:00{offset}").tzinfo
        found = {}
        if "imported_case_window_days" in rule:
            first, last = (
                max(anchors) + timedelta(days=n) for n in book.value("search.imported_window_days")
            )
            found["test_febrile_residents_of_core_zone"] = {"from": first, "to": last}
        elif rule.get("role") == "contact":
            assert book.value("follow_up.contact_days") == rule["days"]
            found["day_1"], found["last_day"] = follow_up(max(anchors), book).value
        else:
            assert book.value("outbreak.quiet_days") == rule["days"]
            end = outbreak_end(anchors, book, zone=zone).value
            found = {
                "day_1": end.day_1,
                "day_n": end.day_n,
                "complete_at": end.complete_at,
                "heightened_until": end.heightened_until,
            }
            if book.has("infectious.days_before"):
                found["infectious_from"] = max(anchors) - timedelta(
                    days=book.value("infectious.days_before")
                )
                found["infectious_to"] = max(anchors) + timedelta(
                    days=book.value("infectious.days_after")
                )
                found["exclusion_of_unvaccinated_pupils_until"] = max(anchors) + timedelta(
                    days=book.value("exclusion.unvaccinated_days")
                )
        for key, wanted in expected.items():
            if key != "because":
                assert found[key] == (instant(wanted, zone) if key == "complete_at" else wanted), (
                    key
                )


RULED = {
    "zone_timeline", "version_transition", "person_schedule", "screening_program", "outbreak_end",
}  # fmt: skip


def unruled():
    cases = [
        yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("P*.yaml"))
    ]
    return [
        pytest.param(case["kind"], id=case["case"]) for case in cases if case["kind"] not in RULED
    ]


@pytest.mark.parametrize("kind", unruled())
class TestKindsWithoutARule:
    def test_are_named(self, kind):
        pytest.skip(f"no rule for cases of kind {kind} yet")
