"""Plans of people on record: proposed, ordered, revised in sight, followed up when read, let go in time."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from places import PROVINCE, TENTH
from yipan.api.app import create_app
from yipan.api.plain import plain
from yipan.cli import plans as terminal
from yipan.model import (
    Adoption,
    Area,
    Case,
    Classification,
    Duty,
    Exposure,
    ExposureState,
    FollowUp,
    FollowUpResult,
    NotYourArea,
    PersonRole,
    PersonTest,
    RolesOnRecord,
    TestResult,
    Verdict,
    Viewer,
    area_path,
    person_id,
)
from yipan.operations import commanding, day, demo, plans, prohibitions, zoning
from yipan.operations.post import Post
from yipan.settings import Settings
from yipan.store.tables.tracing import EXPOSURES

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

CHINA = ZoneInfo("Asia/Shanghai")
HAIZHU = area_path("44.4401.440105.")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
A, B, C = (person_id(f"p-{number:016x}") for number in (0xA, 0xB, 0xC))
NINTH_DAY, TENTH_DAY = date(2022, 11, 9), date(2022, 11, 10)


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.fixture
def post(store):
    made = Post(store=store, viewer=store.system())
    with store.acting(made.viewer, desk="areas", verb="put", why="test", at=TENTH - 9 * DAY) as act:
        act.put_areas(
            [Area(path=HAIZHU, level="county", name_zh="海珠区", name_en="Haizhu", source="test")]
        )
    adopt(made, "cn-covid-9ed", china("2022-06-28"), at=TENTH - 9 * DAY)
    return made


def adopt(post, version, since, *, at):
    zoning.adopt(
        post,
        Adoption(id=f"ad-{version}", area=PROVINCE, version=version, profile="guangdong-2022", at=since),
        at=at,
    )  # fmt: skip


def said(post, person, role, day_one, *, at=TENTH):
    plans.record_roles(
        post,
        [RolesOnRecord(id=person, area=HAIZHU, roles=(PersonRole(role=role, day_one=day_one),))],
        at=at,
    )


def review(post, at):
    plans.review_plans(post, at=at, time_zone=CHINA)
    with post.store.reading(post.viewer) as record:
        waiting = commanding.inbox(record, area=PROVINCE, at=at).proposals
    return [one.proposal for one in waiting if one.proposal.desk == plans.DESK]


def accept(post, proposal, at):
    return day.decide(post, proposal.id, verdict=Verdict.ACCEPT, at=at)


def ordered(post, person=A, role="close_contact", day_one=TENTH_DAY, *, at=TENTH):
    said(post, person, role, day_one, at=at)
    (proposal,) = review(post, at)
    accept(post, proposal, at + HOUR)


def sheet(post, person, at, known_at=None):
    with post.store.reading(post.viewer, known_at=known_at) as record:
        return plans.sheet_of(record, person, at=at, time_zone=CHINA)


def listed(post, at, which="all", **how):
    with post.store.reading(post.viewer, known_at=how.pop("known_at", None)) as record:
        found = plans.people(record, area=PROVINCE, at=at, time_zone=CHINA, which=which, **how)
    return [row.person for row in found]


class TestPlan:
    def test_restricts_nobody_before_it_is_ordered(self, post):
        said(post, A, "close_contact", TENTH_DAY)
        (proposal,) = review(post, TENTH)

        assert listed(post, TENTH) == []
        assert proposal.cost.residents == 1
        assert proposal.cost.person_days == 10.0

        accept(post, proposal, TENTH + HOUR)

        assert listed(post, TENTH + HOUR) == [A]

    def test_is_kept_as_ruled_with_the_order_the_text_and_the_reasons(self, post):
        ordered(post)

        found = sheet(post, A, TENTH + HOUR).plan

        assert found.terms.versions == ("cn-covid-9ed",)
        assert found.terms.ends == china("2022-11-20")
        assert [(s.place, s.first.day, s.last.day, len(s.tests)) for s in found.terms.stretches] == [
            ("central_isolation", 10, 16, 5), ("home_health_monitoring", 17, 19, 1),
        ]  # fmt: skip
        assert found.order.startswith("o-")
        assert found.terms.reasons[0].source == ("a2",)

    def test_is_never_told_to_the_public(self, post):
        ordered(post)
        order = sheet(post, A, TENTH + HOUR).plan.order

        with pytest.raises(ValueError, match="never to the public"):
            commanding.publish(post, order, at=TENTH + 2 * HOUR)

    def test_merges_roles_the_stricter_place_per_date(self, post):
        roles = (
            PersonRole(role="contact_of_contact", day_one=TENTH_DAY),
            PersonRole(role="close_contact", day_one=TENTH_DAY + 3 * DAY),
        )
        plans.record_roles(post, [RolesOnRecord(id=A, area=HAIZHU, roles=roles)], at=TENTH)
        (proposal,) = review(post, TENTH)
        accept(post, proposal, TENTH + HOUR)

        found = sheet(post, A, TENTH + HOUR).plan

        assert found.on(TENTH_DAY).place == "home_isolation"
        assert found.on(TENTH_DAY + 3 * DAY).place == "central_isolation"

    def test_of_one_who_was_refused_is_not_proposed_again(self, post):
        said(post, A, "close_contact", TENTH_DAY)
        (proposal,) = review(post, TENTH)
        day.decide(post, proposal.id, verdict=Verdict.REFUSE, reason="not met", at=TENTH + HOUR)

        assert review(post, TENTH + 2 * HOUR) == []

    def test_proposed_twice_in_one_instant_is_proposed_once(self, post):
        said(post, A, "close_contact", TENTH_DAY)
        review(post, TENTH)

        assert plans.review_plans(post, at=TENTH, time_zone=CHINA) == 0

    def test_without_an_adopted_text_is_not_proposed(self, store):
        post = Post(store=store, viewer=store.system())
        plans.record_roles(
            post,
            [RolesOnRecord(id=A, area=PROVINCE, roles=(PersonRole(role="close_contact", day_one=TENTH_DAY),))],
            at=TENTH,
        )  # fmt: skip

        assert review(post, TENTH) == []

    def test_of_many_people_comes_in_proposals_of_at_most_so_many(self, post, monkeypatch):
        monkeypatch.setattr(plans, "MOST_LINES", 2)
        for person in (A, B, C):
            said(post, person, "close_contact", TENTH_DAY)

        assert sorted(one.cost.residents for one in review(post, TENTH)) == [1, 2]


class TestContacts:
    def confirmed(self, post, state=ExposureState.CONFIRMED, *, last=NINTH_DAY, at=TENTH):
        with post.store.acting(post.viewer, desk="tracing", verb="put", why="test", at=at) as act:
            act.put_cases(
                [Case(
                    id="c-1", person=B, area=HAIZHU, disease="covid-19", classification=Classification.CONFIRMED,
                    reported=TENTH - 2 * HOUR,
                )]
            )  # fmt: skip
            act.put(
                EXPOSURES,
                [Exposure(id="x-1", area=HAIZHU, source=B, target=A, last_contact=last, state=state)],
            )  # fmt: skip

    def test_that_were_confirmed_are_proposed_from_the_day_it_is_proposed_for(self, post):
        self.confirmed(post)

        (proposal,) = review(post, TENTH)

        terms = plans.terms_of(proposal.lines[0])
        assert [(r.role, r.day_one, r.because) for r in terms.roles] == [
            ("close_contact", TENTH_DAY, ("x-1",))
        ]

    def test_that_are_only_proposed_themselves_ask_nothing(self, post):
        self.confirmed(post, ExposureState.PROPOSED)

        assert review(post, TENTH) == []

    def test_of_long_ago_ask_nothing(self, post):
        self.confirmed(post, last=TENTH_DAY - 30 * DAY)

        assert review(post, TENTH) == []

    def test_are_not_asked_twice_for_the_same_exposure(self, post):
        self.confirmed(post)
        (proposal,) = review(post, TENTH)
        accept(post, proposal, TENTH + HOUR)

        assert review(post, TENTH + DAY) == []

    def test_that_are_rejected_afterwards_end_the_plan_in_sight(self, post):
        self.confirmed(post)
        (proposal,) = review(post, TENTH)
        accept(post, proposal, TENTH + HOUR)
        self.confirmed(post, ExposureState.REJECTED, at=TENTH + DAY)

        (revision,) = review(post, TENTH + DAY)
        accept(post, revision, TENTH + DAY + HOUR)

        assert revision.kind == plans.REVISE
        assert revision.cost.person_days == 0
        assert listed(post, TENTH + DAY + HOUR) == []
        told = sheet(post, A, TENTH + DAY + HOUR).revisions
        assert [one.revision for one in told] == [1, 2]
        assert {change.after for change in told[1].changes} == {None}

    def test_that_became_cases_are_cared_for_as_cases(self, post):
        self.confirmed(post)
        (proposal,) = review(post, TENTH)
        accept(post, proposal, TENTH + HOUR)
        with post.store.acting(
            post.viewer, desk="tracing", verb="put", why="test", at=TENTH + DAY
        ) as act:
            act.put_cases(
                [Case(id="c-2", person=A, area=HAIZHU, disease="covid-19", classification=Classification.CONFIRMED)]
            )  # fmt: skip

        (revision,) = review(post, TENTH + DAY)

        assert "case" in revision.reasons[0].en


class TestRevision:
    def test_by_a_newly_adopted_text_is_proposed_with_each_date_it_changes(self, post):
        ordered(post)
        adopt(post, "cn-covid-20m", china("2022-11-11"), at=TENTH + DAY)

        (proposal,) = review(post, TENTH + DAY)
        before = sheet(post, A, TENTH + DAY)
        accept(post, proposal, TENTH + DAY + HOUR)
        after = sheet(post, A, TENTH + DAY + HOUR)

        assert proposal.subject == "plans-text"
        assert before.row.outdated
        assert [one.day.day for one in before.pending] == [
            one.day.day for one in after.revisions[1].changes
        ]
        assert after.plan.terms.ends == china("2022-11-18")
        assert after.plan.revision == 2
        assert "to the Twenty Measures" in after.revisions[1].why.en

    def test_leaves_what_was_ruled_then_as_known_then(self, post):
        ordered(post)
        then = TENTH + 2 * HOUR
        before = sheet(post, A, then)
        adopt(post, "cn-covid-20m", china("2022-11-11"), at=TENTH + DAY)
        (proposal,) = review(post, TENTH + DAY)
        accept(post, proposal, TENTH + DAY + HOUR)

        assert sheet(post, A, then, known_at=then) == before
        assert sheet(post, A, then).plan != before.plan

    def test_to_a_text_that_asks_nothing_frees_from_its_adoption_and_is_late_until_said(self, post):
        ordered(post)
        adopt(post, "cn-covid-classb", china("2022-11-12"), at=TENTH + DAY)
        (proposal,) = review(post, china("2022-11-12T09:00"))
        accept(post, proposal, china("2022-11-12T10:00"))

        assert sheet(post, A, china("2022-11-12T10:00")).plan.terms.ends == china("2022-11-12")
        assert listed(post, china("2022-11-12T10:00"), "release_late") == [A]


class TestFollowUp:
    def test_tells_the_test_of_today_until_the_sample_is_on_record(self, post):
        ordered(post)
        assert listed(post, TENTH + HOUR, "test_today") == [A]

        sample = PersonTest(
            id="t-1", area=HAIZHU, person=A, result=TestResult.PENDING, sampled=TENTH_DAY
        )
        plans.record_samples(post, [sample], at=TENTH + 2 * HOUR)

        assert listed(post, TENTH + 2 * HOUR, "test_today") == []
        assert sheet(post, A, TENTH + 2 * HOUR).row.next_day == TENTH_DAY + DAY

    def test_names_the_tests_missed_and_the_days_nobody_came_without_storing_them(self, post):
        ordered(post)
        visit = FollowUp(
            id="f-1", area=HAIZHU, person=A, day=TENTH_DAY, result=FollowUpResult.SEEN_OK
        )
        plans.record_visits(post, [visit], at=TENTH + 3 * HOUR)

        found = sheet(post, A, TENTH + 2 * DAY)

        assert found.missed == (TENTH_DAY, TENTH_DAY + DAY)
        assert found.unseen == (TENTH_DAY + DAY,)

    def test_counts_what_was_missed_before_a_revision(self, post):
        ordered(post)
        adopt(post, "cn-covid-20m", china("2022-11-11"), at=TENTH + DAY)
        (proposal,) = review(post, TENTH + DAY)
        accept(post, proposal, TENTH + DAY + HOUR)

        assert sheet(post, A, TENTH + 2 * DAY).missed == (TENTH_DAY, TENTH_DAY + DAY)

    def test_does_not_take_a_vain_attempt_for_a_visit(self, post):
        ordered(post)
        visit = FollowUp(
            id="f-1", area=HAIZHU, person=A, day=TENTH_DAY, result=FollowUpResult.MISSED
        )
        plans.record_visits(post, [visit], at=TENTH + 3 * HOUR)

        assert TENTH_DAY in sheet(post, A, TENTH + 2 * DAY).unseen

    def test_counts_what_its_lists_hold(self, post):
        for person in (A, B):
            said(post, person, "close_contact", TENTH_DAY)
        (proposal,) = review(post, TENTH)
        accept(post, proposal, TENTH + HOUR)
        at = TENTH + DAY

        with post.store.reading(post.viewer) as record:
            found = plans.picture(record, area=PROVINCE, at=at, time_zone=CHINA)

        for which, count in (
            ("all", found.total.under_plan), ("test_today", found.total.test_today),
            ("test_missed", found.total.test_missed), ("unseen", found.total.unseen),
            ("release_today", found.total.release_today), ("release_late", found.total.release_late),
        ):  # fmt: skip
            assert len(listed(post, at, which)) == count, which
        assert found.roles == {"close_contact": 2}
        assert [one.under_plan for one in found.areas] == [2]

    def test_refuses_a_list_it_does_not_know(self, post):
        with pytest.raises(ValueError, match="no list of plans"):
            listed(post, TENTH, "everybody")


class TestRelease:
    END = china("2022-11-20")

    def test_is_told_on_the_last_day_and_late_after_it(self, post):
        ordered(post)

        assert listed(post, self.END - HOUR, "release_today") == [A]
        assert listed(post, self.END, "release_late") == []
        assert listed(post, self.END + HOUR, "release_late") == [A]
        assert sheet(post, A, self.END + 3 * HOUR).row.late_hours == 3

    def test_is_a_task_from_the_instant_the_plan_is_over(self, post):
        ordered(post)
        review(post, self.END + HOUR)

        with post.store.reading(post.viewer) as record:
            (due,) = commanding.overdue(record, area=PROVINCE, at=self.END + 2 * HOUR)

        assert due.task.kind == plans.RELEASE
        assert due.late_hours == 2

    def test_ends_the_task_and_the_plan(self, post):
        ordered(post)
        review(post, self.END + HOUR)
        plans.release(post, A, at=self.END + 2 * HOUR)

        with post.store.reading(post.viewer) as record:
            assert commanding.overdue(record, area=PROVINCE, at=self.END + 3 * HOUR) == ()
        assert listed(post, self.END + 2 * HOUR) == []
        assert sheet(post, A, self.END + 3 * HOUR).row.state == "released"

    def test_is_refused_before_the_plan_is_over(self, post):
        ordered(post)

        with pytest.raises(ValueError, match="an order shortens it"):
            plans.release(post, A, at=TENTH + DAY)

    def test_by_a_result_comes_without_another_order(self, post):
        adopt(post, "cn-covid-10m", china("2022-11-09"), at=TENTH - DAY)
        ordered(post, day_one=TENTH_DAY)
        assert sheet(post, A, TENTH + HOUR).row.state == "awaits_result"
        reported = china("2022-11-14T20:00")
        plans.record_result(post, A, sampled=date(2022, 11, 14), reported=reported, at=reported)

        assert review(post, reported + HOUR) == []
        found = sheet(post, A, reported + HOUR)
        assert found.plan.terms.ends == reported
        assert found.row.state == "late"
        assert found.plan.order == found.revisions[0].order


class TestHeldTooLong:
    def test_is_a_finding_that_ends_with_the_release(self, post):
        ordered(post)
        end = TestRelease.END

        def found(at):
            with post.store.reading(post.viewer) as record:
                checked = prohibitions.check(record, area=PROVINCE, at=at.astimezone(CHINA))
            return [(one.item, one.verdict.value, one.excess_hours) for one in checked]

        assert found(end)[0][:2] == (5, "ok")
        assert found(end + 7 * HOUR) == [(5, "violation", 7.0)]
        plans.release(post, A, at=end + 8 * HOUR)
        assert found(end + 9 * HOUR) == []

    def test_counts_from_the_end_by_the_rule_where_an_order_asks_more(self, post):
        said(post, A, "close_contact", TENTH_DAY)
        (proposal,) = review(post, TENTH)
        (told,) = proposal.lines
        terms = plans.terms_of(told)
        last = terms.stretches[-1]
        longer = replace(
            terms, ends=terms.ends + 4 * DAY, stretches=(*terms.stretches[:-1], replace(last, last=last.last + 4 * DAY))
        )  # fmt: skip
        day.decide(
            post, proposal.id, verdict=Verdict.CHANGE, reason="to be safe", at=TENTH + HOUR,
            lines=[plans.line(A, longer, area=HAIZHU, effective=TENTH + HOUR)],
        )  # fmt: skip

        with post.store.reading(post.viewer) as record:
            (found,) = prohibitions.check(
                record, area=PROVINCE, at=(TestRelease.END + DAY).astimezone(CHINA)
            )
        assert found.verdict.value == "violation"
        assert sheet(post, A, TENTH + DAY).row.outdated


class TestDoors:
    def test_give_one_answer_and_take_one_table(self, post, home, tmp_path, monkeypatch):
        monkeypatch.setenv("YIPAN_HOME", str(home))
        file = tmp_path / "roles.csv"
        file.write_text(f"person,area,role,day_one\n{A},{HAIZHU},close_contact,2022-11-10\n")
        typed = CliRunner().invoke(terminal.app, ["record", str(file), "--at", TENTH.isoformat()])
        assert typed.exit_code == 0, typed.output
        (proposal,) = review(post, TENTH)
        accept(post, proposal, TENTH + HOUR)
        at = TENTH + 2 * DAY

        told = plain(sheet(post, A, at))
        typed = CliRunner().invoke(terminal.app, ["person", A, "--at", at.isoformat(), "--json"])
        assert json.loads(typed.stdout) == told

        demo.add_users(post.store, at=TENTH + 2 * HOUR)
        application = create_app(Settings(home=home), post.store, clock=lambda: at)
        with TestClient(application) as client:
            given = client.post(
                "/api/v1/login", json={"user": "haizhu", "password": demo.DEMO_PASSWORD}
            )
            asked = {"Authorization": f"Bearer {given.json()['token']}"}
            seen = client.get(f"/api/v1/plans/people/{A}", headers=asked).json()
            done = client.post(
                f"/api/v1/plans/people/{A}/done",
                json={"day": "2022-11-12", "sampled": True},
                headers=asked,
            )
            early = client.post(f"/api/v1/plans/people/{A}/release", json={}, headers=asked)
            tomorrow = client.post(
                f"/api/v1/plans/people/{A}/done",
                json={"day": "2022-11-13", "sampled": True},
                headers=asked,
            )
            unknown = client.get("/api/v1/plans/people/p-ffffffffffff", headers=asked)
            both = client.post(
                f"/api/v1/plans/people/{A}/result", json={"sampled": "2022-11-12"}, headers=asked
            )
            result = client.post(
                f"/api/v1/plans/people/{A}/result", headers=asked,
                json={"sampled": "2022-11-12", "reported": "2022-11-12T09:00:00+08:00"},
            )  # fmt: skip
        assert seen == told
        assert done.json()["test_today"] is False
        assert (early.status_code, tomorrow.status_code, unknown.status_code) == (422, 422, 404)
        assert (both.status_code, result.status_code) == (422, 200)
        assert "an order shortens it" in early.json()["error"]["message"]

    def test_refuse_a_role_no_protocol_knows(self, post):
        with pytest.raises(ValueError, match="close_contact"):
            said(post, A, "close_contacts", TENTH_DAY)


class TestRights:
    def test_keep_a_plan_from_those_who_do_not_command_its_area(self, post):
        ordered(post)
        shenzhen = Viewer(user="s", duty=Duty.TRACER, area=area_path("44.4403."))

        with post.store.reading(shenzhen) as record, pytest.raises(NotYourArea):
            plans.people(record, area=PROVINCE, at=TENTH, time_zone=CHINA)
        with post.store.reading(shenzhen) as record, pytest.raises(LookupError):
            plans.sheet_of(record, A, at=TENTH, time_zone=CHINA)
