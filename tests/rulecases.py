"""Reads rule cases of every kind from their YAML, asks the rules, and fails on any expectation it does not know."""

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import yaml

from yipan.model import area_path
from yipan.protocol import Adopted, instant, protocols
from yipan.protocol.rules import prohibitions as nine
from yipan.protocol.rules.authority import Raised, may_decide, owner
from yipan.protocol.rules.capacity import infectious_beds, per_ten_thousand, round_needs
from yipan.protocol.rules.limits import limit_check
from yipan.protocol.rules.outbreaks import (
    excluded_until,
    follow_up,
    follow_up_measure,
    index_band,
    infectious_period,
    outbreak_end,
    search_window,
)  # fmt: skip
from yipan.protocol.rules.people import PlanFacts, first_day, person_plan, place_rank, plan_through
from yipan.protocol.rules.screening import FinishedRound, screening_required, screening_state
from yipan.protocol.rules.zones import (
    ClosingRound,
    NewInfection,
    RoundProgress,
    ZoneFacts,
    ZoneSpan,
    contacts_clear_at,
    level_at,
    surrounding_status,
    zone_clock,
    zone_flags,
    zone_steps,
)  # fmt: skip

BOOKS = protocols()
PROFILE = BOOKS.profile("guangdong-2022")
COUNTY = area_path("44.4403.440303.")
PROSE = {
    "note", "because", "why", "confidence", "sources", "title", "not_known", "actual", "meaning", "example",
    "tests_confidence", "real", "cause",
}  # fmt: skip
"""Keys that explain; they carry nothing a rule could be held to."""


class Told:
    """A mapping of a case that remembers which of its keys were read."""

    def __init__(self, entries, where):
        self.entries, self.where = {}, where
        before = None
        for key, value in entries.items():
            if value is None and " " in str(key) and isinstance(self.entries.get(before), str):
                self.entries[before] += f", {key}"  # a sentence with a comma, in YAML's short form
            else:
                self.entries[key], before = value, key
        self.left = set(self.entries) - PROSE

    def __contains__(self, key):
        return key in self.entries

    def take(self, key, otherwise=None):
        self.left.discard(key)
        return self.entries.get(key, otherwise)

    def need(self, key):
        assert key in self.entries, f"{self.where}: no {key!r}"
        return self.take(key)

    def done(self):
        assert not self.left, f"{self.where}: nobody reads {sorted(self.left)}"


def cases(folder):
    """Return every case of a folder with its file, in order of name."""
    found = []
    for file in sorted(Path(folder).glob("*.yaml")):
        told = yaml.safe_load(file.read_text(encoding="utf-8"))
        if isinstance(told, dict) and "kind" in told:
            found.append(told)
    return found


def zone_of(case):
    offset = case.get("timezone", "+08:00")
    return datetime.fromisoformat(f"2020-01-01T00:00{offset}").tzinfo


def reader(case):
    zone = zone_of(case)
    return lambda text: instant(text, zone) if isinstance(text, str) else text.replace(tzinfo=zone)


def adopted(version):
    return Adopted(rulebook=BOOKS.rulebook(version), at=datetime(2019, 1, 1, tzinfo=UTC))


POLICIES = {
    "C8": "only_shorter",
    "only_shorter": "only_shorter",
    "as_started": "as_started",
    None: None,
}


def through_of(case):
    """Return the versions of a case as adopted: one for all time, or each from its moment."""
    if isinstance(case["protocol"], str):
        return [adopted(case["protocol"])]
    at = reader(case)
    found = []
    for entry in case["protocol"]:
        one = Told(entry, "protocol")
        moment = one.take("adopted_at") or one.take("from")
        one.take("from")
        found.append(
            Adopted(
                rulebook=BOOKS.rulebook(one.need("id")),
                at=at(moment),
                policy=known_word(POLICIES, one.take("policy"), f"{case['case']}: policy"),
            )
        )
        one.done()
    return found


def known_word(table, word, where):
    """Return what a word of a case means, or say where it stands and which words are known."""
    assert word in table, f"{where} {word!r}; known are {', '.join(map(str, table))}"
    return table[word]


def book_of_case(case, moment=None):
    """Return the rulebook of a case, the one adopted by a moment where there are several."""
    through = through_of(case)
    running = [one for one in through if moment is None or one.at <= moment]
    return (running or through[:1])[-1].rulebook


def check(case):
    """Hold one case to the rules; raises AssertionError where they differ or something is not understood."""
    told = Told(case, case["case"])
    for key in ("case", "kind", "basis", "protocol", "timezone", "conventions"):
        told.take(key)
    kind = KINDS.get(case["kind"])
    assert kind is not None, (
        f"{case['case']}: no rule is asked by the kind {case['kind']!r}; known are {', '.join(KINDS)}"
    )
    kind(case, told)
    told.done()


# Zones --------------------------------------------------------------------------------------------------------------


def zones_of(case, told):
    """Return the facts of every zone, or part of a zone, that a case names."""
    at = reader(case)
    given = Told(told.need("given"), "given")
    county = Told(given.take("county", {}), "county")
    for key in ("code", "name", "other_zones"):
        county.take(key)
    county.done()
    book = book_of_case(case)
    parts_of, events = {}, {}
    for entry in given.need("zones"):
        zone = Told(entry, f"zone {entry['id']}")
        parts_of[entry["id"]] = zone.take("parts", [entry["id"]])
        for key in ("id", "place"):
            zone.take(key)
        for part in parts_of[entry["id"]]:
            events[part] = []
        for event in zone.take("events", ()):
            for part in [event["scope"]] if "scope" in event else parts_of[entry["id"]]:
                events[part].append(event)
        zone.done()
    every = [part for parts in parts_of.values() for part in parts]
    decisions = []
    for event in given.take("events", ()):
        if event["type"] == "decision":
            decisions.append(event)
            continue
        named = event["zones"] if "zones" in event else [event["zone"]]
        for zone in named:
            for part in parts_of.get(zone, [zone]):
                events[part].append(event)
    for event in given.take("new_infections", ()):
        for part in parts_of.get(event.get("zone"), every):
            events[part].append({"type": "infection_found", **event})
    held = {}
    for entry in given.take("held_back", ()):
        one = Told(entry, "held_back")
        held[one.need("zone")] = (at(one.need("since")), one.take("reason"))
        one.done()
    for key in [key for key in given.entries if key.startswith("not_lifted_by_")]:
        assert set(given.take(key)) <= set(every)
    given.done()
    spread = infections_by_decision(decisions, events, every)
    facts = {part: facts_of(part, own, at, book, case) for part, own in spread.items()}
    for part, (since, reason) in held.items():
        unpublished = reason is None or "not published" in reason or "unknown" in reason
        facts[part] = replaced(
            facts[part], held_back=since, held_reason=None if unpublished else reason
        )
    return facts


def infections_by_decision(decisions, events, every):
    """Give each part the infections that a recorded decision makes count for it."""
    found = {part: list(own) for part, own in events.items()}
    for entry in decisions:
        decision = Told(entry, "decision")
        policy, parts = decision.need("policy"), decision.take("zones", every)
        for key in ("at", "type", "reason"):
            decision.take(key)
        decision.done()
        assert policy in {"extend_part", "extend_whole", "extend_all"}, policy
        infections = [
            one for own in events.values() for one in own if one["type"] == "infection_found"
        ]
        for part in every:
            own = [one for one in found[part] if one["type"] != "infection_found"]
            if policy != "extend_part":
                found[part] = own + [
                    one for i, one in enumerate(infections) if one not in infections[:i]
                ]
            elif part not in parts:
                found[part] = own
    return found


def replaced(facts, **changes):
    from dataclasses import replace

    return replace(facts, **changes)


def facts_of(part, own, at, book, case):
    level = start = held = held_reason = exposure = None
    after_high = False
    infections, rounds, progress, negative, clear = [], [], [], None, None
    for entry in sorted(own, key=lambda one: str(one["at"])):
        event = Told(entry, f"event of {part}")
        when = at(event.need("at"))
        for key in ("order", "zones", "zone", "scope"):
            event.take(key)
        match event.need("type"):
            case "designate" | "clock_restart" | "reset" | "raise" | "lower" as kind:
                after_high = kind == "lower" and level == "high"
                level, start = event.take("level", level), when
                event.take("previous")
            case "infection_found":
                controlled = event.take("controlled_at")
                infections.append(NewInfection(
                    found=when, controlled=at(controlled) if controlled else None, counts=event.take("counts", True),
                    isolated=event.take("isolated", False), home_isolated_contact=event.take("home_isolated_contact", False),
                ))  # fmt: skip
            case "round_complete":
                if (event.take("coverage", "full"), event.take("result", "negative")) == (
                    "full",
                    "negative",
                ):
                    rounds.append(ClosingRound(completed=when))
                event.take("sampled")
                event.take("roster")
            case "round_partial" | "round_completed_late":
                progress.append(
                    RoundProgress(
                        at=when, sampled=event.need("sampled"), roster=event.need("roster")
                    )
                )
                event.take("result")
            case "last_contact_exposure" | "last_contact_exposed":
                exposure = when
            case "contacts_negative" | "contact_tests_negative" | "contact_negative":
                event.take("result")
                negative = when
            case "contacts_clear":
                clear = when
            case "hold_back":
                held, held_reason = when, event.take("reason")
            case other:
                raise AssertionError(f"{case['case']}: unknown event {other!r}")
        event.done()
    if exposure is not None and negative is not None:
        clear = contacts_clear_at(exposure, negative, book, level).value
    assert start is not None, f"{case['case']}: {part} was never set"
    return ZoneFacts(
        level=level, clock_start=start, after_high=after_high, infections=tuple(infections), rounds=tuple(rounds),
        progress=tuple(progress), held_back=held, held_reason=held_reason, contacts_clear=clear,
    )  # fmt: skip


def transitions(expected, steps, at, case):
    for entry in expected:
        one = Told(entry, "transition")
        zone, to, due = one.need("zone"), one.need("to"), at(one.need("eligible_at"))
        reached = {step.to: step.eligible_at for step in steps[zone]}
        to = {"lifted": "ended"}.get(to, to)
        assert reached.get(to) == due, (entry, reached)
        order = one.take("actual_order")
        effective = ordered_at(order, at, case)
        assert effective is None or effective >= due, (entry, effective)
        one.done()


def ordered_at(number, at, case):
    """Return when a notice took effect, as the sources of the case tell, or None."""
    for source in case.get("sources", ()):
        hit = re.search(rf"notice {number} .*?effective (\d{{4}}-\d\d-\d\d \d\d:\d\d)", source)
        if hit:
            return at(hit[1])
    return None


def zone_timeline(case, told):
    at = reader(case)
    facts = zones_of(case, told)
    through = through_of(case)
    steps = {part: zone_steps(one, through, PROFILE).value for part, one in facts.items()}
    expect = Told(told.need("expect"), "expect")
    transitions(expect.take("transitions", ()), steps, at, case)
    for zone, spans in expect.take("end_of_day", {}).items():
        for entry in spans:
            span = Told(entry, "end_of_day")
            day, last, level = span.need("from"), span.need("to"), span.need("level")
            span.done()
            while day <= last:
                moment = datetime.combine(day, time(23, 59), tzinfo=zone_of(case))
                assert level_at(facts[zone], steps[zone], moment) == level, (zone, day)
                day += timedelta(days=1)
    if "medium_zones_allowed" in expect:
        classes = book_of_case(case).value("zone.classes")
        assert ("medium" in classes) is expect.take("medium_zones_allowed")
    statuses(expect.take("county_status", ()), facts, steps, at, case)
    for entry in expect.take("flags", ()):
        flag(entry, facts, through, at, case)
    for entry in expect.take("wrong_answers_to_reject", ()):
        wrong_answer(entry, facts, steps, through, at)
    expect.done()


def statuses(expected, facts, steps, at, case):
    if not expected:
        return
    spans = []
    for part, one in facts.items():
        over = [step.eligible_at for step in steps[part] if step.to in {"low", "ended", "normal"}]
        spans.append(ZoneSpan(area=COUNTY, since=one.clock_start, until=min(over, default=None)))
    found = surrounding_status(spans, COUNTY, book_of_case(case), PROFILE).value
    named = {"low": "low_outside_zones", "precaution": "low_outside_zones", "normal": "normal"}
    for entry in expected:
        one = Told(entry, "county_status")
        since, until, status = one.take("from"), one.take("until"), one.need("status")
        one.done()
        moment = at(since) if since else at(until) - timedelta(minutes=1)
        (holding,) = [
            span for span in found
            if (span.since is None or span.since <= moment) and (span.until is None or moment < span.until)
        ]  # fmt: skip
        assert named[holding.status] == status
        assert until is None or holding.until == at(until)
        assert since is None or holding.since == at(since)


def flag(entry, facts, through, at, case):
    one = Told(entry, "flag")
    code, zone, moment = one.need("code"), one.take("zone"), one.take("at")
    if code == "publication_late":
        texts = " ".join(map(str, case.get("sources", ())))
        hit = re.search(r"effective (\S+ \d\d:\d\d); newspaper copy dated (\S+ \d\d:\d\d)", texts)
        assert hit, "no publication in the sources"
        part = ZoneFacts(level="high", clock_start=at(hit[1]), published=at(hit[2]))
        found = zone_flags(part, through, PROFILE, at=at(hit[2]))
        (late,) = [each for each in found if each.code == code]
        assert late.limit == one.need("limit_h")
        assert round(late.observed, 1) == one.need("observed_h")
        assert late.severity == "check"
    else:
        names = {"part_held_back_without_published_reason": "held_back_without_reason"}
        asked = facts[zone]
        when = at(moment) if moment else asked.held_back
        found = zone_flags(asked, through, PROFILE, at=when)
        (hit,) = [each for each in found if each.code == names.get(code, code)]
        assert hit.at == when
        if "severity" in one:
            assert hit.severity == one.take("severity")
        if "missing" in one:
            assert hit.observed == one.take("missing")
    one.done()


def wrong_answer(entry, facts, steps, through, at):
    """Deny a claim that can be read; the transitions asserted before deny all others."""
    one = Told(entry, "wrong answer")
    claim = one.need("claim")
    one.done()
    if hit := re.match(r"(\S+) becomes (\w+) at (\S+)$", claim):
        reached = {step.to: step.eligible_at for step in steps[hit[1]]}
        assert reached.get(hit[2]) != at(hit[3]), claim
    elif hit := re.match(r"all .* restart on (\d+) (\w+)$", claim):
        clocks = [
            zone_clock(each, through[0].rulebook, PROFILE).value.start for each in facts.values()
        ]
        month = datetime.strptime(hit[2][:3], "%b").month
        assert not all((c.day, c.month) == (int(hit[1]), month) for c in clocks), claim
    elif hit := re.match(r"(\S+) restarts for (\w+) more days", claim):
        clock = zone_clock(facts[hit[1]], through[0].rulebook, PROFILE).value
        assert clock.eligible_at - clock.period_ends < timedelta(days=1), claim


# Versions -----------------------------------------------------------------------------------------------------------


def version_transition(case, told):
    at = reader(case)
    through = through_of(case)
    given = Told(told.need("given"), "given")
    zones = {}
    for entry in given.take("zones", ()):
        zone = Told(entry, f"zone {entry['id']}")
        done = zone.take("closing_round_negative_at")
        start = zone.take("clock_start") or zone.take("set_at")
        zones[zone.need("id")] = ZoneFacts(
            level=zone.need("level"), clock_start=at(start), after_high=zone.take("stage") == "after_high",
            infections=tuple(NewInfection(found=at(one)) for one in zone.take("infections", ())),
            rounds=(ClosingRound(completed=at(done)),) if done else (),
        )  # fmt: skip
        zone.take("unit")
        zone.done()
    expect = Told(told.need("expect"), "expect")
    for entry in expect.take("transitions", ()):
        one = Told(entry, "transition")
        steps = zone_steps(zones[one.need("zone")], through, PROFILE).value
        to, due = one.need("to"), at(one.need("eligible_at"))
        assert any((step.to, step.eligible_at) == (to, due) for step in steps), (entry, steps)
        one.done()
    people = {entry["id"]: entry for entry in given.take("persons", ())}
    for person, entry in expect.take("persons", {}).items():
        moved_person(
            Told(people[person], person), Told(entry, f"person {person}"), through, at, case
        )
    given.done()
    expect.done()


def moved_person(given, expect, through, at, case):
    given.take("id")
    facts = PlanFacts(role=given.need("role"), day_one=given.need("isolation_start"))
    given.done()
    zone = zone_of(case)
    plan = plan_through(facts, through, PROFILE, zone=zone).value
    assert plan.ends == at(expect.need("ends"))
    by_name = {phase.name: phase for phase in plan.phases}
    if "central_last" in expect:
        assert by_name["central_isolation"].last == expect.take("central_last")
    for name in ("home_isolation", "home_health_monitoring"):
        if name in expect:
            assert [by_name[name].first, by_name[name].last] == expect.take(name)
    if "tests_due_from_adoption" in expect:
        changed = (
            next(one.at for one in through if one.rulebook.id == plan.rulebook)
            .astimezone(zone)
            .date()
        )
        due = [day for phase in plan.phases for day in phase.tests if day >= changed]
        assert due == expect.take("tests_due_from_adoption")
    for key in [key for key in expect.entries if key.startswith("would_have_ended_under_")]:
        book = BOOKS.rulebook(f"cn-covid-{key.removeprefix('would_have_ended_under_')}")
        assert person_plan(facts, book, PROFILE, zone=zone).value.ends == at(expect.take(key))
    expect.done()


# People -------------------------------------------------------------------------------------------------------------


def person_schedule(case, told):
    for entry in told.need("given_and_expect"):
        person(entry, case)


def person(entry, case):
    at, zone = reader(case), zone_of(case)
    one = Told(entry, entry["id"])
    one.take("id")
    role, book = one.need("role"), BOOKS.rulebook(one.need("protocol"))
    profile = PROFILE
    anchor = Told(
        one.take("anchor", {"type": "isolation_start", "date": date(2022, 11, 12)}), "anchor"
    )
    kind, day_one, found = anchor.need("type"), anchor.need("date"), anchor.take("found_on")
    profile = profile.with_value(
        "isolation_day_one", {**profile.value("isolation_day_one"), role: kind}
    )
    for event, key in (("left_zone", "left_on"), ("last_exposure", "exposed_on")):
        if key in anchor:
            assert first_day(role, {event: anchor.take(key)}, profile).value == day_one
    anchor.done()
    negatives, ct = [], []
    for told in one.take("results", ()):
        result = Told(told, "result")
        result.take("day")
        if "ct" in result:
            ct.append((result.need("date"), result.take("ct")))
        elif result.need("value") == "negative":
            negatives.append((result.need("date"), at(result.need("reported_at"))))
        result.take("reported_at")
        result.take("date")
        result.done()
    facts = PlanFacts(
        role=role, day_one=day_one, found=found, negatives=tuple(negatives), ct=tuple(ct)
    )
    plan = person_plan(facts, book, profile, zone=zone).value
    expected = one.need("phases")
    assert len(plan.phases) == len(expected)
    for phase, told in zip(plan.phases, expected, strict=True):
        for key, wanted in told.items():
            if key not in PROSE:
                found_value = getattr(phase, key)
                assert (list(found_value) if key == "tests" else found_value) == wanted, (
                    entry["id"],
                    key,
                )
    if "ends" in one:
        assert plan.ends == at(one.take("ends"))
    if "ends_on" in one:
        assert plan.ends.date() - timedelta(days=1) == one.take("ends_on")
    if one.take("restriction_allowed") == "none":
        assert all(
            place_rank(phase.name) <= place_rank("home_health_monitoring") for phase in plan.phases
        )
    one.done()


# Screening ----------------------------------------------------------------------------------------------------------


def rounds_of(entries):
    found = []
    for entry in entries:
        one = Told(entry, "round")
        one.take("n")
        found.append(FinishedRound(
            day=one.need("date"), community_positives=one.need("community_positives"),
            controlled_positives=one.take("controlled_positives", 0),
        ))  # fmt: skip
        one.done()
    return found


def screening_program(case, told):
    book = book_of_case(case)
    given, expect = Told(told.need("given"), "given"), Told(told.need("expect"), "expect")
    given.take("city_class")
    risk = dict(given.take("risk_assessment", {}))
    if risk:
        assert screening_required(risk, book).value.required is True
    rounds = {}
    for entry in given.need("districts"):
        district = Told(entry, f"district {entry['id']}")
        rounds[district.need("id")] = rounds_of(district.need("rounds"))
        district.done()
    for name, own in rounds.items():
        expected = Told(expect.take(name, {}), f"expect {name}")
        states = {
            n: screening_state(own[:n], name, book, PROFILE).value for n in range(1, len(own) + 1)
        }
        for n, day in expected.take("next_round_after", {}).items():
            assert states[n].next_round == day, (name, n)
        if "stop_after_round" in expected:
            n = expected.take("stop_after_round")
            assert states[n].stopped_on == own[n - 1].day
            assert all(states[k].stopped_on is None for k in range(1, n))
        if "stopped_on" in expected:
            assert states[len(own)].stopped_on == expected.take("stopped_on")
        expected.done()
    for entry in expect.take("variants", ()):
        variant(Told(entry, "variant"), rounds, book)
    given.done()
    expect.done()


def variant(one, rounds, book):
    said, then = one.need("if"), Told(one.need("then"), "then")
    one.done()
    own = next(iter(rounds.values()))
    name = next(iter(rounds))
    if hit := re.match(r"round (\d+) finds (\d+) community positive", said):
        n = int(hit[1])
        changed = [*own[: n - 1], replaced(own[n - 1], community_positives=int(hit[2]))]
        state = screening_state(changed, name, book, PROFILE).value
        assert state.next_round == then.take("next_round")
        assert (state.zero_rounds == 0) is then.take("streak_reset")
    elif hit := re.match(r"gap_semantics = (\w+)", said):
        profile = PROFILE.with_value("gap_of_three_days", hit[1])
        for key in list(then.left):
            n = int(re.match(r"round_(\d+)_date", key)[1])
            assert screening_state(own[: n - 1], name, book, profile).value.next_round == then.take(
                key
            )
    else:
        words = {
            "contacts_controlled": "contacts already controlled" in said, "no_community_risk": "no community" in said,
            "several_districts": "several districts" in said, "chain_unclear": "chain unclear" in said,
            "outbreak": "no outbreak" not in said,
        }  # fmt: skip
        assert any(words[key] for key in list(words)[:4]) or not words["outbreak"], (
            f"nobody reads {said!r}"
        )
        answer = screening_required(words, book).value
        if "screening_required" in then:
            assert answer.required is then.take("screening_required")
        if "flag_if_run" in then:
            assert answer.flag_if_run == then.take("flag_if_run")
        if "whole_city_round_decided_by" in then:
            assert answer.decided_by == then.take("whole_city_round_decided_by")
    then.done()


# The nine prohibitions ----------------------------------------------------------------------------------------------


def stays_in(text):
    """Read how far people may go from a measure told in words."""
    if hit := re.search(r"(?:nobody leaves|stay in|stay at|leaves) the (\w+)", text):
        return {"home": "home", "room": "home", "flat": "home"}.get(hit[1], hit[1])
    if "home" in text or "sealed" in text:
        return "home"
    raise AssertionError(f"how far may people go under {text!r}?")


def explained(one, key):
    """Return a reason: None where it is known to be missing, unknown where nothing is said."""
    return one.take(key) if key in one else nine.UNKNOWN


def record_of(entry, case, moment):
    at = reader(case)
    one = Told(entry, entry["id"])
    kind = one.need("type")
    base = {"id": one.need("id"), "area": COUNTY, "since": moment}
    one.take("order")
    one.take("people")
    when = moment = at(one.take("at")) if "at" in one else moment
    base["since"] = moment
    book = book_of_case(case, moment)
    match kind:
        case "zone_measure":
            stays = stays_in(one.need("measure"))
            ceiling = one.take("national_ceiling")
            level = one.need("level")
            if ceiling is not None:
                assert stays_in(ceiling) == book.value(f"zone.{level}.may_leave")
            record = nine.ZoneMeasure(
                **base, level=level, stays=stays, reason=explained(one, "reason")
            )
        case "leave_city_condition":
            level, ceiling = one.need("level"), one.take("national_ceiling_h")
            if ceiling is not None:
                assert ceiling == book.value(f"zone.{level}.leave_city_test_hours")
            record = nine.LeaveCondition(
                **base,
                level=level,
                test_hours=one.need("required_test_h"),
                reason=explained(one, "reason"),
            )
        case "zone_extension":
            when = at(
                one.take("still_high_at") or one.take("still_medium_at") or one.need("still_at")
            )
            done = one.take("round_negative_at")
            facts = ZoneFacts(
                level=one.need("level"), clock_start=at(one.need("clock_start")),
                infections=tuple(NewInfection(found=at(each)) for each in one.take("new_infections", ())),
                rounds=(ClosingRound(completed=at(done)),) if done else (),
            )  # fmt: skip
            one.take("zone")
            record = nine.ZoneKept(
                **{**base, "since": facts.clock_start},
                facts=facts,
                reason=explained(one, "decision_record"),
            )
        case "traveller_measure":
            record = nine.ArrivalMeasure(
                **base, origin_level=one.need("origin_level"), measure=one.need("measure"), days=one.take("days"),
                reason=explained(one, "reason"),
            )  # fmt: skip
        case "person_monitoring":
            names = [each["name"] for each in book.get(f"person.{entry['role']}") or ()]
            home = next(
                (name for name in names if name.startswith("home")), "home_health_monitoring"
            )
            places = {
                "central_days": "central_isolation", "home_days": home, "home_isolation_days": "home_isolation",
                "home_monitoring_days": "home_health_monitoring",
            }  # fmt: skip
            phases = tuple((places[key], one.take(key)) for key in places if key in one)
            record = nine.PersonPlan(
                **base, role=one.need("role"), phases=phases, reason=explained(one, "reason")
            )
        case "person_category":
            role = one.need("category").replace("-", "_").replace(" ", "_")
            record = nine.PersonClass(
                **base,
                role=role,
                measure=one.need("measure"),
                exposure_recorded=one.take("exposure_recorded"),
            )
        case "care_refusal":
            one.take("reason")
            record = nine.CareRequest(
                **base,
                need=one.need("need"),
                refused=True,
                alternative=one.take("alternative_offered"),
            )
        case "care_suspension":
            record = nine.CareClosure(
                **base, unit=one.need("unit"), hours=one.need("hours"), diversion=one.take("diversion_hospital"),
                reason=explained(one, "reason"),
            )  # fmt: skip
        case "student_return":
            record = nine.StudentReturn(
                **base, conditions_met=one.need("conditions_met"), measure=one.need("measure")
            )
        case "road_checkpoint":
            one.take("location")
            record = nine.Checkpoint(
                **base, approved_by=one.take("approved_by"), turned_back=one.take("vehicles_turned_back", 0),
                met_conditions=one.take("drivers_meeting_conditions", 0),
            )  # fmt: skip
        case "venue_closure":
            level = one.take("order_level", "county")
            record = nine.VenueClosure(
                **base, venue=one.need("venue"), area_level=one.need("area_level"),
                case_link=one.take("case_link") or one.take("link"), order_level=level, reason=explained(one, "reason"),
            )  # fmt: skip
        case "travel_restriction":
            present = one.take("zones_present", {})
            assert one.need("scope")
            within = (
                frozenset(present)
                if entry["scope"] in {"zones", "zones_only", "risk_zones"}
                else frozenset()
            )
            record = nine.MovementLimit(
                **base,
                stays=one.take("stays", "zone"),
                zone_levels=within,
                reason=explained(one, "basis"),
            )
        case other:
            raise AssertionError(f"{case['case']}: unknown record {other!r}")
    one.done()
    return record, when


def prohibition_check(case, told):
    at = reader(case)
    book = book_of_case(case)
    moment = max(
        at(str(case["at"])) if "at" in case else book.effective, book.effective
    ) + timedelta(days=1)
    told.take("at")
    given, expect = Told(told.need("given"), "given"), Told(told.need("expect"), "expect")
    records = {entry["id"]: entry for entry in given.need("records")}
    given.done()
    expected = expect.need("findings")
    expect.done()
    assert {entry["record"] for entry in expected} == set(records)
    for entry in expected:
        one = Told(entry, f"finding of {entry['record']}")
        record, when = record_of(records[one.need("record")], case, moment)
        (found,) = nine.prohibitions([record], through_of(case), PROFILE, at=when)
        verdict, severity = one.need("verdict"), one.take("severity")
        wanted = {"stricter_than_ceiling": "review"}.get(verdict, verdict)
        assert (found.item, found.verdict.value) == (one.need("item"), wanted), entry
        assert severity is None or found.verdict.value == severity
        if "overdue_h" in one:
            assert found.excess_hours == one.take("overdue_h")
        if "excess_days" in one:
            assert found.excess_days == one.take("excess_days")
        if hit := re.search(r"not due before (\S+?)[;\s]", f"{one.take('because', '')} "):
            assert f"not due before {at(hit[1]).isoformat()}" in found.arithmetic
        one.done()


# Outbreaks ----------------------------------------------------------------------------------------------------------


def book_of(rule):
    """Return the rulebook of a disease, the one whose days agree where several texts speak of it."""
    disease, days = rule["disease"], rule.get("days")
    names = [name for name in BOOKS.versions if name == disease or name.startswith(f"{disease}-")]
    assert names, f"no text on {disease}"
    books = [BOOKS.rulebook(name) for name in sorted(names)]
    key = "follow_up.contact_days" if rule.get("role") == "contact" else "outbreak.quiet_days"
    return next((book for book in books if days is not None and book.get(key) == days), books[0])


def outbreak_case(case, told):
    for entry in told.need("given_and_expect"):
        outbreak(entry, case)


def outbreak(entry, case):
    one = Told(entry, entry["id"])
    one.take("id")
    rule = Told(one.need("rule"), "rule")
    book = book_of(rule.entries)
    rule.take("disease")
    expected = one.need("expect")
    if "readings" in one:
        bands = book.value("index.breteau")
        thresholds = rule.take("thresholds_breteau", {})
        told = sorted({value for key, value in thresholds.items() if key != "safe_below"})
        assert told == sorted(value for value in bands.values() if value)
        found = [
            index_band(each["bi"], "index.breteau", book, PROFILE).value
            for each in one.take("readings")
        ]
        assert found == [each.removesuffix("_see_note") for each in expected]
        rule.done()
        one.done()
        return
    raw = one.need("anchor_event")
    events = [Told(each, "anchor event") for each in (raw if isinstance(raw, list) else [raw])]
    anchors = [event.need("date") for event in events]
    kinds = [event.need("type") for event in events]
    offsets = [event.take("timezone", "+08:00") for event in events]
    for event in events:
        event.done()
    zone = datetime.fromisoformat(f"2020-01-01T00:00{offsets[-1]}").tzinfo
    last = max(anchors)
    found = {}
    if "imported_case_window_days" in rule:
        assert rule.take("imported_case_window_days") == book.value("search.imported_window_days")
        first, end = search_window(last, book).value
        found["test_febrile_residents_of_core_zone"] = {"from": first, "to": end}
    elif rule.take("role") == "contact":
        assert rule.take("days") == book.value("follow_up.contact_days")
        assert kinds == [rule.take("anchor", kinds[0])]
        found["day_1"], found["last_day"] = follow_up(last, book).value
        asked = follow_up_measure(last, last, book).value
        for key in ("measure", "quarantine", "work_allowed"):
            assert rule.take(key, getattr(asked, key)) == getattr(asked, key)
        found["checks"] = list(asked.checks)
    else:
        assert rule.take("days") == book.value("outbreak.quiet_days")
        known = book.get("outbreak.anchor")
        assert known is None or set(kinds) <= set(known), kinds
        rule.take("anchor")
        if hit := re.search(r"(\d+) days of heightened", str(rule.take("then", ""))):
            assert int(hit[1]) == book.value("outbreak.heightened_days")
        end = outbreak_end(anchors, book, zone=zone).value
        found |= {
            "day_1": end.day_1, "day_n": end.day_n, "complete_at": end.complete_at,
            "heightened_until": end.heightened_until,
        }  # fmt: skip
        if book.has("infectious.days_before"):
            found["infectious_from"], found["infectious_to"] = infectious_period(last, book).value
        if book.has("exclusion.unvaccinated_days"):
            found["exclusion_of_unvaccinated_pupils_until"] = excluded_until(last, book).value
    rule.done()
    one.done()
    for key, wanted in expected.items():
        if key not in PROSE:
            assert key in found, f"{entry['id']}: nobody reads {key!r}"
            assert found[key] == (instant(wanted, zone) if key == "complete_at" else wanted), (
                entry["id"],
                key,
            )


# Time limits, capacity, authority -----------------------------------------------------------------------------------


SAME_EVENT = {
    "start": "first_positive first_positive_report first_positive_reported positive_report positive_reported",
    "on_site": "arrived arrived_on_site team_on_site arrival_on_site investigators_on_site",
    "core_investigation": "core core_report core_investigation_report core_info",
    "zones_published": "zone_published publish published notice_published zones_announced zone_drawn_and_published",
    "golden_period": "golden all_controlled risk_controlled", "full_investigation": "full_report full_investigation_report",
    "lab_positive_report": "positive_result_reported",
}  # fmt: skip
SAME_DECISION = {
    "zone": "set_zone lift_zone lower_zone raise_zone zone_designation zone_lifting draw_zone",
    "screening_several_districts": "whole_city_screening city_screening_several_districts city_wide_screening",
    "venue_closure_low_area": "essential_venue_closure close_essential_venue",
    "notice": "publish_notice zone_notice", "response_level_1": "response_I", "response_level_2": "response_II",
    "response_level_3": "response_III", "response_level_4": "response_IV",
}  # fmt: skip
STATES = {
    "kept": {"kept", "ok", "met", "in_time", "on_time"}, "late": {"late", "breach", "violation", "missed"},
    "overdue": {"overdue", "breach", "violation", "missed"}, "running": {"running", "open", "pending"},
    "waiting": {"waiting", "not_started"},
}  # fmt: skip


def of_same(text, table):
    return next((name for name, words in table.items() if text in words.split()), text)


def event_name(text):
    for end in ("_at", "_done", "_completed", "_complete", "_finished", "_h", "_hours"):
        text = text.removesuffix(end)
    return of_same(text, SAME_EVENT)


def first_of(one, *names):
    """Take the one of several spellings that is there, or None."""
    given = [name for name in names if name in one]
    assert len(given) <= 1, f"{one.where}: says {given} together"
    return one.take(given[0]) if given else None


def held_to(one, found, at):
    """Hold a check of a time limit to what is expected of it."""
    if (due := first_of(one, "due", "deadline", "due_at", "deadline_at")) is not None:
        assert found.due == at(due), one.where
    if (limit := first_of(one, "limit_h", "limit_hours")) is not None:
        assert found.limit_hours == limit, one.where
    if (
        hours := first_of(one, "hours", "actual_h", "observed_h", "elapsed_h", "taken_h")
    ) is not None:
        assert round(found.hours, 2) == hours, one.where
    if (
        over := first_of(one, "over_h", "late_h", "overdue_h", "excess_h", "late_by_h")
    ) is not None:
        assert round(found.over_hours, 2) == over, one.where
    if (over := first_of(one, "over_min", "late_min", "overdue_min")) is not None:
        assert round(found.over_hours * 60) == over, one.where
    if (state := first_of(one, "state", "status", "verdict")) is not None:
        assert state in STATES[found.state], (one.where, found.state)
    if (well := first_of(one, "ok", "met", "kept", "in_time")) is not None:
        assert (found.over_hours == 0) is well, one.where
    if (late := first_of(one, "breach", "late")) is not None:
        assert (found.over_hours > 0) is late, one.where
    one.done()


def sla_check(case, told):
    at = reader(case)
    book = book_of_case(case)
    given, expect = Told(told.need("given"), "given"), Told(told.need("expect"), "expect")
    now = at(first_of(given, "as_of", "now", "at") or "2099-01-01T00:00")
    names = [
        key.removeprefix("limit.").removesuffix("_hours")
        for key in book.parameters
        if key.startswith("limit.")
    ]
    moments, answers = {}, {}
    for entry in given.take("events", ()):
        event = Told(entry, "event")
        moments[event_name(first_of(event, "type", "event", "name"))] = at(event.need("at"))
        event.done()
    for entry in given.take("records", ()):
        one = Told(entry, "record")
        begun, done = (
            first_of(one, "start", "from", "sampled_at", "began"),
            first_of(one, "end", "to", "reported_at", "done"),
        )
        name = event_name(first_of(one, "limit", "type", "class", "name"))
        named = name if name in names else f"lab_{name}"
        assert named in names, f"{one.where}: {book.id} sets no limit {name!r}; it sets {names}"
        assert begun, f"{one.where}: says no start"
        found = limit_check(named, at(begun), at(done) if done else None, book, PROFILE, at=now)
        answers[one.need("id")] = found.value
        one.done()
    for key in list(given.left):
        value = given.take(key)
        if isinstance(value, dict):
            moments |= {event_name(name): at(moment) for name, moment in value.items() if moment}
        elif value is not None:
            moments[event_name(key)] = at(value)
    given.done()
    if moments:
        assert "start" in moments, (
            f"{case['case']}: nothing says when the limits begin; expected one of {SAME_EVENT['start']}"
        )
        start = moments.pop("start")
        unknown = sorted(set(moments) - set(names))
        assert not unknown, f"{case['case']}: {book.id} limits no {unknown}"
        answers |= {
            name: limit_check(name, start, moments.get(name), book, PROFILE, at=now).value
            for name in names
        }
    for key in list(expect.left):
        wanted = expect.take(key)
        if key in {"late", "breaches", "violations"}:
            late = {name for name, one in answers.items() if one.state == "late"}
            asked = {event_name(each) for each in wanted}
            assert asked == late, (
                f"{case['case']}: late: expected {', '.join(sorted(asked)) or 'none'}, "
                f"found {', '.join(sorted(late)) or 'none'}"
            )
        elif key == "overdue":
            assert all(answers[event_name(each)].state == "overdue" for each in wanted)
        elif key in {"met", "kept", "in_time"}:
            assert all(answers[event_name(each)].state == "kept" for each in wanted)
        elif key in {"deadlines", "due"}:
            assert {name: answers[event_name(name)].due for name in wanted} == {
                n: at(due) for n, due in wanted.items()
            }
        elif key in {"checks", "limits", "findings", "results"}:
            entries = (
                wanted
                if isinstance(wanted, list)
                else [{"limit": n, **one} for n, one in wanted.items()]
            )
            for entry in entries:
                one = Told(entry, f"check {entry}")
                name = first_of(one, "limit", "name", "item", "step", "record")
                held_to(one, answers[name if name in answers else event_name(name)], at)
        elif event_name(key) in answers and isinstance(wanted, dict):
            held_to(Told(wanted, f"check {key}"), answers[event_name(key)], at)
        else:
            raise AssertionError(
                f"{case['case']}: nobody reads {key!r}; answered are {sorted(answers)}"
            )
    expect.done()


def capacity_plan(case, told):
    book = book_of_case(case)
    given, expect = Told(told.need("given"), "given"), Told(told.need("expect"), "expect")
    people = first_of(given, "population", "people", "residents")
    size = given.take("pool_size", 1)
    assert people is not None, f"{case['case']}: says no population"
    needs = round_needs(people, book, pool_size=size).value
    found = {"samplers": needs.samplers}
    found |= {key: [needs.sites_least, needs.sites_most] for key in ("sites", "sampling_sites")}
    found |= dict.fromkeys(("sites_min", "sites_least"), needs.sites_least)
    found |= dict.fromkeys(("sites_max", "sites_most"), needs.sites_most)
    found |= dict.fromkeys(("deadline_h", "round_h", "deadline_hours"), needs.deadline_hours)
    found |= dict.fromkeys(("tubes", "pools"), needs.tubes)
    found["tubes_per_hour"] = needs.tubes_per_hour
    for other in book.get("screening.pool_sizes") or ():
        found[f"tubes_{other}in1"] = round_needs(people, book, pool_size=other).value.tubes
    if book.has("capacity.county_infectious_beds"):
        beds = infectious_beds(people, book).value
        found |= dict.fromkeys(("county_infectious_beds", "infectious_beds"), beds)
    ready = given.take("isolation_rooms_ready", 0)
    if book.has("capacity.isolation_rooms_per_10k"):
        rooms = per_ten_thousand("isolation_rooms_per_10k", people, ready, book).value
        found["isolation_rooms"] = [rooms.needed_least, rooms.needed_most]
        found["isolation_rooms_missing"] = [rooms.missing_least, rooms.missing_most]
    given.done()
    for key in list(expect.left):
        assert key in found, f"{case['case']}: nobody reads {key!r}; answered are {sorted(found)}"
        wanted = expect.take(key)
        if isinstance(wanted, dict):
            wanted = [wanted["min"], wanted["max"]]
        assert found[key] == wanted, key
    expect.done()


def authority(case, told):
    at = reader(case)
    book = book_of_case(case)
    given, expect = Told(told.need("given"), "given"), Told(told.need("expect"), "expect")
    raised = []
    for entry in given.take("raised", ()):
        one = Told(entry, "raised")
        until = one.take("until")
        raised.append(Raised(
            area=area_path(one.take("area", COUNTY)), to=one.need("to"), decisions=frozenset(one.take("decisions", ())),
            since=at(one.need("since")), until=at(until) if until else None, reason=one.need("reason"),
        ))  # fmt: skip
        one.done()
    levels = {"prefecture": "city", "district": "county", "town": "street"}
    answers = {}
    for entry in first_of(given, "decisions", "questions", "records"):
        one = Told(entry, "decision")
        name = one.need("id")
        decision = of_same(first_of(one, "decision", "type", "matter"), SAME_DECISION)
        told_at = one.take("at")
        moment = at(told_at) if told_at else book.effective + timedelta(days=1)
        area = area_path(one.take("area", COUNTY))
        found = owner(decision, area, book, at=moment, raised=raised).value
        by = first_of(one, "by", "level", "decided_at")
        by = levels.get(by, by)
        may = (
            None
            if by is None
            else may_decide(decision, by, area, book, at=moment, raised=raised).value
        )
        answers[name] = dict.fromkeys(("decided_by", "owner", "decider"), found.level)
        answers[name] |= {"raised": found.raised, **dict.fromkeys(("may", "allowed", "ok"), may)}
        one.done()
    given.done()
    for entry in first_of(expect, "decisions", "answers", "findings"):
        one = Told(entry, "expected decision")
        answer = known_word(answers, first_of(one, "id", "record"), f"{case['case']}: decision")
        for key in list(one.left):
            assert key in answer, f"{case['case']}: nobody reads {key!r}"
            wanted = one.take(key)
            assert answer[key] == levels.get(wanted, wanted), (entry, answer)
        one.done()
    expect.done()


KINDS = {
    "zone_timeline": zone_timeline, "version_transition": version_transition, "person_schedule": person_schedule,
    "screening_program": screening_program, "prohibition_check": prohibition_check, "outbreak_end": outbreak_case,
    "sla_check": sla_check, "capacity_plan": capacity_plan, "authority": authority,
}  # fmt: skip
