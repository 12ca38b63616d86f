"""The desk of tracing on a record: from files and a report to contacts, letters, chains and what changed."""

import json
import random
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from places import GUANGZHOU, PROVINCE, SHENZHEN, TENTH
from yipan.cli.tracing import app as terminal
from yipan.feeds.tracing import read_tracing
from yipan.model import (
    AssistOutcome,
    Case,
    Classification,
    DueWord,
    Duty,
    EarlyAction,
    Exposure,
    ExposureState,
    FollowUp,
    FollowUpResult,
    Incident,
    IncidentState,
    NotYourArea,
    Role,
    SamenessState,
    Setting,
    Stage,
    TransmissionChain,
    Venue,
    Viewer,
    Visit,
    person_id,
)
from yipan.operations import (
    case_file,
    changes,
    day,
    following,
    letters,
    network,
    outbreak_files,
    seven_one_seven,
    told_twice,
    tracing,
)
from yipan.operations.post import Post
from yipan.store.tables.incidents import INCIDENTS
from yipan.store.tables.tracing import CHAINS, EXPOSURES, FOLLOW_UPS, VENUES, VISITS

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

ZONE = ZoneInfo("Asia/Shanghai")
A, B, C = (person_id(f"p-{digit * 12}") for digit in "abc")
CASE = Case(
    id="c-1", person=A, area=GUANGZHOU, disease="covid-19", classification=Classification.CONFIRMED, onset=date(2022, 11, 8),
    reported=TENTH,
)  # fmt: skip
LINES = "case_id,onset,report_date,phone,name\n1,2022-11-01,2022-11-02,13800000001,Wang\n2,2022-11-05,2022-11-06,,\n3,2022-11-06,2022-11-07,,\n"
PAIRS = "from,to\n1,2\n1,3\n"


@pytest.fixture
def post(store):
    with store.acting(store.system(), desk="t", verb="t", why="t", at=TENTH) as act:
        act.put_cases([CASE])
    return Post(store=store, viewer=store.system())


def at(hours):
    return TENTH + timedelta(hours=hours)


def files(folder, **texts):
    paths = []
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        paths.append(folder / f"{name}.csv")
    return paths


class TestImport:
    def test_brings_all_of_an_outbreak_under_one_receipt(self, post, tmp_path):
        paths = files(tmp_path, o_linelist=LINES, o_contacts=PAIRS)
        done = outbreak_files.import_files(
            post, paths, at=at(1), area=GUANGZHOU, disease="covid-19"
        )

        with post.store.reading(post.viewer) as record:
            assert len(record.cases(under=GUANGZHOU)) == 4
            assert record.count(EXPOSURES) == 2
        assert (done.cases, done.exposures, done.components) == (3, 2, (3,))
        assert done.most_exposing == (("1", 2),)
        with pytest.raises(outbreak_files.AlreadyImported, match="committed before"):
            outbreak_files.import_files(post, paths, at=at(2), area=GUANGZHOU, disease="covid-19")

    def test_knows_the_same_people_in_a_later_file(self, post, tmp_path):
        outbreak_files.import_files(
            post,
            files(tmp_path, o_linelist=LINES),
            at=at(1),
            area=GUANGZHOU,
            disease="covid-19",
            outbreak="o",
        )
        outbreak_files.import_files(
            post,
            files(tmp_path, later=PAIRS),
            at=at(2),
            area=GUANGZHOU,
            disease="covid-19",
            outbreak="o",
        )

        with post.store.reading(post.viewer) as record:
            people = {case.person for case in record.cases(under=GUANGZHOU)}
            assert {e.source for e in record.nouns(EXPOSURES)} <= people
        assert post.store.verify() is None

    def test_commits_nothing_where_a_row_is_wrong(self, post, tmp_path):
        with pytest.raises(outbreak_files.TracingFilesHaveProblems, match="row 2, column onset"):
            outbreak_files.import_files(
                post,
                files(tmp_path, o=LINES.replace("2022-11-01,", "2022-13-01,")),
                at=at(1),
                area=GUANGZHOU,
                disease="x",
            )

        with post.store.reading(post.viewer) as record:
            assert len(record.cases(under=PROVINCE)) == 1


class TestInvestigation:
    def test_runs_on_the_clocks_of_the_protocol(self, post):
        view = tracing.open_investigation(post, "c-1", at=at(0.5))

        due = {clock.stage: (clock.due - TENTH).total_seconds() / 3600 for clock in view.clocks}
        assert due == {Stage.ON_SITE: 2, Stage.CORE: 4, Stage.ZONES: 5, Stage.FULL: 24}
        with post.store.reading(post.viewer) as record:
            (late,) = tracing.investigations(record, area=GUANGZHOU, at=at(3))
            from yipan.operations import commanding

            assert (
                len(
                    commanding.tasks(
                        record, area=GUANGZHOU, at=at(3), subject=view.investigation.id
                    )
                )
                == 4
            )
        assert [clock.late_hours for clock in late.clocks] == [1, 0, 0, 0]

    def test_says_what_is_missing_and_takes_answers_of_the_form_only(self, post):
        made = tracing.open_investigation(post, "c-1", at=at(0.5)).investigation.id

        view = tracing.answer(post, made, {"present": "yes"}, at=at(1))

        assert view.clocks[0].missing == ("interviewed_at",)
        with pytest.raises(ValueError, match="no question of the form"):
            tracing.answer(post, made, {"colour": "red"}, at=at(1))
        with pytest.raises(ValueError, match="answered by one of yes, no, unknown"):
            tracing.answer(post, made, {"present": "maybe"}, at=at(1))

    def test_ends_its_task_with_its_stage(self, post):
        made = tracing.open_investigation(post, "c-1", at=at(0.5)).investigation.id

        view = tracing.reach(post, made, Stage.CORE, at=at(5), reached=at(4.5))

        assert [(c.stage, c.late_hours) for c in view.clocks[:2]] == [
            (Stage.ON_SITE, 2.5),
            (Stage.CORE, 0.5),
        ]
        with pytest.raises(ValueError, match="cannot go from core to on_site"):
            tracing.reach(post, made, Stage.ON_SITE, at=at(6))

    def test_is_handed_over_with_its_record(self, post):
        made = tracing.open_investigation(post, "c-1", at=at(0.5)).investigation.id

        view = tracing.hand_over(post, made, to=SHENZHEN, why="the case works there", at=at(2))

        assert [charge.area for charge in view.investigation.charges] == [GUANGZHOU, SHENZHEN]
        with post.store.reading(Viewer(user="sz", duty=Duty.TRACER, area=SHENZHEN)) as record:
            assert len(tracing.investigations(record, area=SHENZHEN, at=at(2))) == 1

    def test_is_opened_once(self, post):
        tracing.open_investigation(post, "c-1", at=at(0.5))

        with pytest.raises(ValueError, match="investigated already"):
            tracing.open_investigation(post, "c-1", at=at(1))


class TestContacts:
    @pytest.fixture
    def visits(self, post):
        def visit(id, person, start, end, place="v-inn"):
            return Visit(id=id, area=GUANGZHOU, person=person, place=place, since=start, until=end)

        noon = TENTH - timedelta(days=1)
        with post.store.acting(post.viewer, desk="t", verb="t", why="t", at=TENTH) as act:
            act.put(
                VENUES,
                [
                    Venue(
                        id="v-inn",
                        area=GUANGZHOU,
                        name_zh="饭店",
                        name_en="Inn",
                        setting=Setting.RESTAURANT,
                    )
                ],
            )
            act.put(VISITS, [
                visit("1", A, noon, noon + timedelta(hours=2)), visit("2", B, noon + timedelta(hours=1), noon + timedelta(hours=3)),
                visit("3", C, noon + timedelta(hours=2), noon + timedelta(hours=3)),
                visit("4", C, noon - timedelta(days=20), noon - timedelta(days=19)),
            ])  # fmt: skip

    def test_are_proposed_from_overlapping_visits_and_confirmed(self, post, visits):
        (proposed,) = tracing.propose_contacts(post, "c-1", at=at(1), time_zone=ZONE)

        assert (proposed.target, proposed.setting, proposed.state) == (
            B,
            Setting.RESTAURANT,
            ExposureState.PROPOSED,
        )
        tracing.judge_exposures(post, [proposed.id], state=ExposureState.CONFIRMED, at=at(2))
        assert tracing.propose_contacts(post, "c-1", at=at(3), time_zone=ZONE) == ()
        with post.store.reading(post.viewer) as record:
            (row,) = tracing.contacts(record, area=GUANGZHOU, today=date(2022, 11, 10))
        assert (row.person, row.role, row.proposed, row.due) == (B, Role.CONTACT, False, "today")

    def test_are_gone_when_rejected(self, post, visits):
        (proposed,) = tracing.propose_contacts(post, "c-1", at=at(1), time_zone=ZONE)
        tracing.judge_exposures(post, [proposed.id], state=ExposureState.REJECTED, at=at(2))

        with post.store.reading(post.viewer) as record:
            assert tracing.contacts(record, area=GUANGZHOU, today=date(2022, 11, 10)) == ()

    def test_stand_on_the_page_of_the_case(self, post, visits):
        tracing.propose_contacts(post, "c-1", at=at(1), time_zone=ZONE)

        with post.store.reading(post.viewer) as record:
            view = case_file.case_view(record, "c-1", at=at(2), time_zone=ZONE)
        assert [span.name for span in view.spans] == ["infectious"]
        assert {"onset", "reported", "visit", "exposed"} <= {m.kind for m in view.chronology}
        assert view.sources[0].source is None


class TestContactList:
    """The list that is kept for paging says what the whole record says, whatever was done and by whom."""

    def kept(self, post, today, area=PROVINCE):
        with post.store.reading(post.viewer) as record:
            pages = [
                row
                for due in DueWord
                for row in tracing.contact_page(record, area=area, today=today, due=due, limit=1000)
            ]
            counted = tracing.contact_counts(record, area=area, today=today)
            plain = tracing.contacts(record, area=area, today=today)
        assert sorted(pages, key=repr) == sorted(plain, key=repr)
        assert sum(getattr(counted, due.value) for due in DueWord) == len(plain)
        return plain

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_is_that_of_the_whole_record_after_anything(self, post, seed):
        luck = random.Random(seed)
        nodes = [person_id(f"p-{i:012x}") for i in range(14)] + ["v-1", "g-1"]

        def exposure(i):
            source, target = luck.sample(nodes, 2)
            return Exposure(
                id=f"x-{i}", area=luck.choice([GUANGZHOU, SHENZHEN]), source=source, target=target,
                last_contact=date(2022, 11, luck.randint(1, 12)), state=luck.choice(list(ExposureState)),
            )  # fmt: skip

        for turn in range(8):
            hour = 1 + 2 * turn
            with post.store.acting(post.viewer, desk="t", verb="t", why="t", at=at(hour)) as act:
                act.put(EXPOSURES, [exposure(i) for i in luck.sample(range(40), 9)])
                person = luck.choice(nodes[:14])
                act.put_cases([replace(CASE, id=f"k-{person}", person=person, classification=luck.choice(
                    [Classification.CONFIRMED, Classification.SUSPECTED, Classification.EXCLUDED]
                ), onset=None)])  # fmt: skip
                act.put(FOLLOW_UPS, [FollowUp(
                    id=f"f-{luck.randint(1, 9)}", area=GUANGZHOU, person=luck.choice(nodes[:14]),
                    day=date(2022, 11, luck.randint(8, 12)), result=FollowUpResult.SEEN_OK,
                )])  # fmt: skip
            one, other = luck.sample(nodes[:14], 2)
            state = luck.choice([SamenessState.SAME, SamenessState.UNDONE, SamenessState.DIFFERENT])
            told_twice.decide_same(
                post, one, other, state=state, why="w", at=at(hour + 1), area=PROVINCE
            )

            self.kept(post, date(2022, 11, 12))

    def test_is_right_for_the_province_when_a_city_that_cannot_see_the_case_judges(self, post):
        with post.store.acting(post.viewer, desk="t", verb="t", why="t", at=at(1)) as act:
            act.put(
                EXPOSURES,
                [
                    Exposure(
                        id="x-1", area=SHENZHEN, source=A, target=B, state=ExposureState.PROPOSED
                    )
                ],
            )
        shenzhen = Post(store=post.store, viewer=Viewer(user="sz", duty=Duty.TRACER, area=SHENZHEN))

        tracing.judge_exposures(shenzhen, ["x-1"], state=ExposureState.CONFIRMED, at=at(2))

        (row,) = self.kept(post, date(2022, 11, 12))
        assert (row.person, row.of_cases, row.proposed) == (B, ("c-1",), False)

    def test_is_paged_in_order(self, post):
        with post.store.acting(post.viewer, desk="t", verb="t", why="t", at=at(1)) as act:
            act.put(EXPOSURES, [
                Exposure(id=f"x-{i}", area=GUANGZHOU, source=A, target=person_id(f"p-{i:012x}"), last_contact=date(2022, 11, 3 + i % 4))
                for i in range(20)
            ])  # fmt: skip
        following.renew(post, at=at(2))
        seen, last = [], None
        with post.store.reading(post.viewer) as record:
            while True:
                rows = tracing.contact_page(
                    record, area=GUANGZHOU, today=date(2022, 11, 9), due=DueWord.OVERDUE, limit=3,
                    after=last.person if last else None, after_day=last.until if last else None,
                )  # fmt: skip
                if not rows:
                    break
                seen += rows
                last = rows[-1]

        assert len({row.person for row in seen}) == len(seen) == 20
        assert [(row.until, row.person) for row in seen] == sorted(
            (row.until, row.person) for row in seen
        )

    def test_is_as_it_was_known_at_an_earlier_moment(self, post):
        with post.store.acting(post.viewer, desk="t", verb="t", why="t", at=at(1)) as act:
            act.put(
                EXPOSURES,
                [
                    Exposure(
                        id="x-1", area=GUANGZHOU, source=A, target=B, last_contact=date(2022, 11, 9)
                    )
                ],
            )
        following.renew(post, at=at(2))
        tracing.judge_exposures(post, ["x-1"], state=ExposureState.REJECTED, at=at(5))

        with post.store.reading(post.viewer, known_at=at(3)) as record:
            assert (
                tracing.contact_counts(record, area=GUANGZHOU, today=date(2022, 11, 10)).today == 1
            )
        with post.store.reading(post.viewer) as record:
            assert (
                tracing.contact_counts(record, area=GUANGZHOU, today=date(2022, 11, 10)).today == 0
            )


class TestLetters:
    def test_go_out_come_back_and_are_late_meanwhile(self, post):
        letter = letters.send_letter(
            post, to=SHENZHEN, people=[B], asked="test", due=at(24), at=at(0), area=GUANGZHOU
        )

        shenzhen = Post(store=post.store, viewer=Viewer(user="sz", duty=Duty.TRACER, area=SHENZHEN))
        with post.store.reading(shenzhen.viewer) as record:
            (waiting,) = letters.letters(record, area=SHENZHEN, at=at(30))
        assert waiting.late_hours == 6
        letters.reply_letter(
            shenzhen, letter.id, outcome=AssistOutcome.FOUND, text="negative", at=at(31)
        )
        with post.store.reading(post.viewer) as record:
            (done,) = letters.letters(record, area=GUANGZHOU, at=at(40))
        assert (done.reply.outcome, done.late_hours) == (AssistOutcome.FOUND, 7)

    def test_are_answered_by_whom_they_were_sent_to(self, post):
        letter = letters.send_letter(
            post, to=SHENZHEN, people=[B], asked="test", due=at(24), at=at(0), area=GUANGZHOU
        )
        guangzhou = Post(
            store=post.store, viewer=Viewer(user="gz", duty=Duty.TRACER, area=GUANGZHOU)
        )

        with pytest.raises(NotYourArea):
            letters.reply_letter(
                guangzhou, letter.id, outcome=AssistOutcome.FOUND, text="x", at=at(1)
            )


class TestTheEstimateOfAnArea:
    def of(self, post, *, area=PROVINCE, known_at=None):
        with post.store.reading(post.viewer, known_at=known_at) as record:
            return tracing.traced(record, area=area, time_zone=ZONE)

    def test_is_made_once_while_nothing_is_committed(self, post):
        once = self.of(post)

        assert self.of(post) is once
        assert self.of(post, area=GUANGZHOU) is not once

    def test_knows_what_was_committed_since(self, post):
        before = self.of(post)
        with post.store.acting(post.viewer, desk="t", verb="t", why="t", at=at(1)) as act:
            act.put_cases([replace(CASE, id="c-2", person=B)])
            within = tracing.traced(act, area=PROVINCE, time_zone=ZONE)

        assert len(before.network.cases) == 1
        assert len(within.network.cases) == len(self.of(post).network.cases) == 2
        assert len(self.of(post, known_at=at(0)).network.cases) == 1

    def test_of_one_command_is_not_shown_to_another(self, post):
        whole = self.of(post)
        other = Viewer(user="s", duty=Duty.TRACER, area=SHENZHEN)

        with post.store.reading(other) as record:
            found = tracing.traced(record, area=SHENZHEN, time_zone=ZONE)

        assert whole.network.cases
        assert not found.network.cases


class TestChainsOnRecord:
    def test_are_extended_by_the_round_and_compared_with_before(self, post, tmp_path):
        outbreak_files.import_files(
            post,
            files(tmp_path, o_linelist=LINES, o_contacts="from,to\n1,2\n"),
            at=at(1),
            area=GUANGZHOU,
            disease="covid-19",
            outbreak="o",
        )
        changes.extend_chains(post, at=at(2), time_zone=ZONE)
        outbreak_files.import_files(
            post,
            files(tmp_path, p_contacts="from,to\n1,3\n"),
            at=at(3),
            area=GUANGZHOU,
            disease="covid-19",
            outbreak="o",
        )
        made = changes.extend_chains(post, at=at(4), time_zone=ZONE)

        with (
            post.store.reading(post.viewer) as now,
            post.store.reading(post.viewer, known_at=at(2)) as before,
        ):
            found = changes.changed(
                now, before, area=GUANGZHOU, since=at(2), at=at(4), time_zone=ZONE
            )
            assert made == now.count(CHAINS)
        assert found.new_cases == ()
        assert {entry.change for entry in found.chains} <= {"grown", "same", "merged"}

    def test_are_done_within_the_round(self, post):
        done = day.run(post, at=at(1), time_zone=ZONE)

        assert [desk.desk for desk in done.desks if desk.desk == "tracing" and desk.ok] == [
            "tracing"
        ]


class TestIndicators:
    def test_count_what_they_list(self, post, tmp_path):
        outbreak_files.import_files(
            post,
            files(tmp_path, o_linelist=LINES, o_contacts=PAIRS),
            at=at(1),
            area=GUANGZHOU,
            disease="covid-19",
        )

        with post.store.reading(post.viewer) as record:
            among, *_ = changes.indicators(record, area=GUANGZHOU, time_zone=ZONE)
            seven = seven_one_seven.seven_one_seven(
                record, area=GUANGZHOU, disease="covid-19", time_zone=ZONE
            )
        assert (len(among.cases), len(among.of), among.share) == (2, 4, 0.5)
        assert (seven.detect_days, seven.notify_days, seven.respond_days) == (1, 0, None)


class TestSevenOneSeven:
    """An outbreak reported within a day whose seven early actions are on record, noted, or do not apply."""

    @pytest.fixture
    def incident(self, post):
        made = Incident(
            id="i-1", area=GUANGZHOU, disease="covid-19", title_zh="疫情", title_en="Outbreak", state=IncidentState.RESPONSE,
            opened=at(1),
        )  # fmt: skip
        with post.store.acting(post.viewer, desk="t", verb="t", why="t", at=at(1)) as act:
            act.put(INCIDENTS, [made])
            act.put_cases([replace(CASE, incident="i-1", confirmed=at(2), isolated=at(3))])
        return made

    def test_takes_what_the_record_shows_and_what_a_person_notes(self, post, incident):
        tracing.open_investigation(post, "c-1", at=at(4))
        with post.store.reading(post.viewer) as record:
            before = seven_one_seven.seven_one_seven(
                record, area=PROVINCE, disease="x", incident="i-1", time_zone=ZONE
            )
        for action, told in (
            (EarlyAction.ANALYSIS, {"started": at(5)}), (EarlyAction.COMMUNITY, {"not_applicable": "nobody was exposed there"}),
            (EarlyAction.COMMUNICATION, {"started": at(30), "why": "press office"}),
        ):  # fmt: skip
            after = seven_one_seven.note_action(
                post, "i-1", action, at=at(40), time_zone=ZONE, **told
            )

        shown = {a.name: a.at for a in before.actions if a.at}
        assert shown == {
            "investigation_started": at(4), "laboratory_confirmation": at(2), "case_management": at(3), "coordination": at(1),
        }  # fmt: skip
        assert (before.detect_days, before.notify_days, before.respond_days) == (2, 0, None)
        assert (after.incident, after.respond_days) == ("i-1", 1)
        assert after.milestones[-1].at == at(30)

    def test_is_not_complete_by_an_action_that_lies_ahead_or_says_nothing(self, post, incident):
        with pytest.raises(ValueError, match="lies in the future"):
            seven_one_seven.note_action(
                post, "i-1", EarlyAction.ANALYSIS, at=at(5), started=at(6), time_zone=ZONE
            )
        with pytest.raises(ValueError, match="either a moment or a reason"):
            seven_one_seven.note_action(post, "i-1", EarlyAction.ANALYSIS, at=at(5), time_zone=ZONE)


class TestAtTheTerminal:
    """Letters, answers, stages, hand-over and 7-1-7 by the command line."""

    def test_does_what_the_desk_does(self, post, home, monkeypatch, tmp_path):
        monkeypatch.setenv("YIPAN_HOME", str(home))
        made = tracing.open_investigation(post, "c-1", at=at(0.5)).investigation.id

        def typed(*words, code=0):
            done = CliRunner().invoke(terminal, [*words, "--json"])
            assert done.exit_code == code, done.output
            return json.loads(done.stdout)

        def when(hours):
            return at(hours).isoformat()

        letter = typed(
            "letter",
            "深圳",
            "--asked",
            "find and test",
            "--due",
            "24",
            "--person",
            B,
            "--area",
            "广州",
            "--at",
            when(1),
        )
        assert typed("letters", "--at", when(26), code=1)[0]["late_hours"] == 1
        answered = typed(
            "reply", letter["id"], "--outcome", "found", "--answer", "negative", "--at", when(27)
        )
        assert (answered["reply"]["outcome"], answered["late_hours"]) == ("found", 2)
        typed("letters", "--at", when(28))
        view = typed(
            "answer",
            made,
            "present=yes",
            "interviewed_at=2022-11-10T09:00:00+08:00",
            "--at",
            when(28),
        )
        assert view["clocks"][0]["missing"] == []
        assert typed("reach", made, "core", "--at", when(29))["stage"] == "core"
        handed = typed("hand-over", made, "深圳", "--why", "works there", "--at", when(30))
        assert [c["area"] for c in handed["charges"]] == [GUANGZHOU, SHENZHEN]
        assert typed("7-1-7", "--disease", "covid-19", code=1)["detect_days"] == 2
        assert {q["key"] for q in typed("form", "mers")} >= {"onset", "hospital_stay"}
        assert typed("same") == []
        assert typed("diseases")[0]["serial_mean_days"] == 3.0
        assert typed("reports") == []
        seen = typed(
            "visit",
            "c-1",
            "Tea house",
            "--since",
            when(-24),
            "--until",
            when(-22),
            "--setting",
            "restaurant",
            "--no-mask",
            "--at",
            when(31),
        )
        assert (seen["mask"], seen["person"]) == (False, A)
        assert [v["place"] for v in typed("visits", "c-1")] == [seen["place"]]
        with post.store.acting(post.viewer, desk="t", verb="t", why="t", at=at(32)) as act:
            act.put_cases([replace(CASE, id="c-2", person=B, reported=at(1))])
        (distances,) = files(tmp_path, d="first,second,snps\nc-1,c-2,3\n")
        assert typed("genomes", str(distances), "--at", when(33))["distances"] == 1
        assert [c["id"] for c in typed("reports")] == ["c-2"]
        (wrong_file,) = files(tmp_path, w="first,second,snps\nc-1,c-9,3\n")
        assert (
            "no case known"
            in typed("genomes", str(wrong_file), code=3)[0]["problems"][0]["reason_en"]
        )
        wrong = CliRunner().invoke(terminal, ["reach", made, "everest"])
        assert wrong.exit_code == 2
        assert "on_site" in wrong.output


class TestExport:
    def test_leaves_names_in_the_house_unless_a_purpose_is_given(self, post, tmp_path):
        outbreak_files.import_files(
            post, files(tmp_path, o_linelist=LINES), at=at(1), area=GUANGZHOU, disease="covid-19"
        )
        tracer = Viewer(user="tr", duty=Duty.TRACER, area=GUANGZHOU)

        with post.store.reading(tracer) as record:
            plain = outbreak_files.export_files(
                record, area=GUANGZHOU, format="csv", at=at(2), time_zone=ZONE
            )
        with post.store.reading(tracer) as record:
            outbreak_files.export_files(
                record,
                area=GUANGZHOU,
                format="godata-csv",
                at=at(2),
                time_zone=ZONE,
                purpose="hand over",
            )
        with post.store.reading(tracer) as record:
            readings = record.identity_readings()

        assert b"Wang" not in b"".join(content for _, content in plain.files)
        assert any("names, numbers and addresses" in loss for loss in plain.losses)
        assert [r["purpose"] for r in readings] == ["hand over"]


class TestPeopleToldOfTwice:
    def test_are_proposed_by_pseudonym_and_remembered_when_different(self, post, tmp_path):
        twice = (
            "case_id,onset,name,phone,birth_date\n1,2022-11-01,张伟,13800000001,1980-02-03\n"
            "2,2022-11-02,章伟,13800000001,1980-02-03\n3,2022-11-02,李娜,13800000009,1990-01-01\n"
        )
        outbreak_files.import_files(
            post, files(tmp_path, o=twice), at=at(1), area=GUANGZHOU, disease="covid-19"
        )
        tracer = Viewer(user="tr", duty=Duty.TRACER, area=GUANGZHOU)

        def found():
            with post.store.reading(tracer) as record:
                return told_twice.likely_same(
                    record, area=GUANGZHOU, purpose="one person twice", at=at(2)
                )

        (one,) = found()
        assert "张" not in repr(one)
        told_twice.decide_same(
            post,
            one.first,
            one.second,
            state=SamenessState.DIFFERENT,
            why="father and son",
            at=at(3),
        )
        assert found() == ()
        told_twice.decide_same(
            post, one.first, one.second, state=SamenessState.UNDONE, why="a mistake", at=at(4)
        )
        assert len(found()) == 1


class TestOnePersonTwice:
    """Two pseudonyms decided to be one person are one wherever people are counted, until it is taken back."""

    @pytest.fixture
    def twice(self, post, tmp_path):
        lines = "case_id,onset,report_date\n1,2022-11-01,2022-11-02\n2,2022-11-05,2022-11-06\n3,,2022-11-06\n4,2022-11-09,2022-11-10\n"
        outbreak_files.import_files(
            post, files(tmp_path, o_linelist=lines, o_contacts="from,to\n1,2\n3,4\n1,k5\n2,k5\n"), at=at(1),
            area=GUANGZHOU, disease="x", outbreak="o",
        )  # fmt: skip
        with post.store.reading(post.viewer) as record:
            return {c.id: c for c in record.cases(under=GUANGZHOU)}

    def decided(self, post, twice, state, hours):
        two, three = (next(c.person for n, c in twice.items() if n.endswith(e)) for e in ("2", "3"))
        return told_twice.decide_same(
            post, two, three, state=state, why="one certificate", at=at(hours)
        )

    def seen(self, post, known_at=None):
        with post.store.reading(post.viewer, known_at=known_at) as record:
            net = tracing.network_in(record, area=GUANGZHOU, disease="x")
            listed = [c.id for c in case_file.case_page(record, area=GUANGZHOU)]
            among, *_ = changes.indicators(record, area=GUANGZHOU, time_zone=ZONE)
            return (
                len(net.cases),
                network.recorded_components(net),
                len(listed),
                (len(among.cases), len(among.of)),
            )

    def test_joins_chains_counts_and_lists_and_can_be_taken_back(self, post, twice):
        apart = self.seen(post)
        self.decided(post, twice, SamenessState.SAME, 2)
        joined = self.seen(post)
        self.decided(post, twice, SamenessState.UNDONE, 4)

        assert apart == (4, (3, 2), 5, (2, 5))
        assert joined == (3, (4,), 4, (2, 4))
        assert self.seen(post) == apart
        assert self.seen(post, known_at=at(3)) == joined

    def test_shows_one_case_with_everything_told_of_it(self, post, twice):
        self.decided(post, twice, SamenessState.SAME, 2)
        two, three = (next(n for n in twice if n.endswith(e)) for e in ("2", "3"))

        with post.store.reading(post.viewer) as record:
            views = [case_file.case_view(record, n, at=at(3), time_zone=ZONE) for n in (two, three)]
            rows = tracing.contacts(record, area=GUANGZHOU, today=date(2022, 11, 10), case=three)
        assert [v.case.id for v in views] == [two, two]
        assert views[0].told_as == (three,)
        assert {e.target for e in views[0].exposed} > {
            next(c.person for n, c in twice.items() if n.endswith("4"))
        }
        assert [row.of_cases for row in rows] == [(two,)]

    def test_waits_on_a_queue_that_reads_no_identity(self, post, tmp_path):
        outbreak_files.import_files(
            post, files(tmp_path, o="case_id,onset,name,phone,birth_date\n1,2022-11-01,张伟,13800000001,1980-02-03\n"
                        "2,2022-11-02,章伟,13800000001,1980-02-03\n"), at=at(1), area=GUANGZHOU, disease="x",
        )  # fmt: skip
        tracer = Post(store=post.store, viewer=Viewer(user="tr", duty=Duty.TRACER, area=GUANGZHOU))

        def queue(decided=False):
            with post.store.reading(tracer.viewer) as record:
                return told_twice.same_queue(record, area=GUANGZHOU, decided=decided)

        (made,) = told_twice.suggest_same(tracer, area=GUANGZHOU, purpose="told twice", at=at(2))
        (waiting,) = queue()
        assert waiting.sameness == made
        assert made.why == "phone born sound"
        assert waiting.cases_kept
        assert told_twice.suggest_same(tracer, area=GUANGZHOU, purpose="told twice", at=at(3)) == ()
        with post.store.reading(tracer.viewer) as record:
            readings = record.identity_readings()
        assert [r["purpose"] for r in readings] == ["told twice"] * 4
        for state, hours, left in ((SamenessState.LATER, 4, 1), (SamenessState.DIFFERENT, 5, 0)):
            told_twice.decide_same(
                tracer, made.kept, made.other, state=state, why="asked", at=at(hours)
            )
            assert len(queue()) == left
        assert [p.sameness.bits for p in queue(decided=True)] == [made.bits]
        assert told_twice.suggest_same(tracer, area=GUANGZHOU, purpose="told twice", at=at(6)) == ()
        with pytest.raises(ValueError, match="by a search"):
            told_twice.decide_same(
                tracer, made.kept, made.other, state=SamenessState.SUGGESTED, why="x", at=at(7)
            )


def chain(id, cases, *, active=True):
    return TransmissionChain(
        id=id, area=GUANGZHOU, disease="x", root=cases[0], cases=tuple(cases), generations=1, first_day=None, last_day=None, active=active
    )  # fmt: skip


class TestChainChanges:
    @pytest.mark.parametrize(
        ("now", "before", "words"),
        [
            ([chain("a", "ab")], [], ["new"]),
            ([chain("a", "abc")], [chain("a", "ab")], ["grown"]),
            ([chain("a", "abcd")], [chain("a", "ab"), chain("c", "cd")], ["merged"]),
            ([chain("a", "ab"), chain("c", "cd")], [chain("a", "abcd")], ["split", "split"]),
            ([chain("a", "ab", active=False)], [chain("a", "ab")], ["quiet"]),
            ([chain("a", "ab")], [chain("a", "ab", active=False)], ["again"]),
            ([chain("a", "ab")], [chain("a", "ab")], ["same"]),
            ([], [chain("a", "ab")], ["out"]),
        ],
    )
    def test_say_what_became_of_each(self, now, before, words):
        assert [entry.change for entry in changes.chain_changes(now, before)] == words


class TestNetwork:
    def test_ties_cases_that_were_at_a_place_at_one_time_to_it(self):
        lines = "case_id,onset\n1,2022-11-01\n2,2022-11-05\n3,2022-11-05\n"
        visits = (
            "person,place,since,until,venue_setting\n1,Inn,2022-11-01 18:00,2022-11-01 20:00,restaurant\n"
            "2,Inn,2022-11-01 19:00,2022-11-01 21:00,restaurant\n3,Inn,2022-11-02 19:00,2022-11-02 21:00,restaurant\n"
        )
        found = read_tracing(
            [("l.csv", lines.encode()), ("v.csv", visits.encode())], area=GUANGZHOU, disease="x", bare=True, outbreak="o"
        )  # fmt: skip

        (event,) = network.events_of(outbreak_files.network_of_reading(found))

        assert (event.what, event.setting, event.day) == ("venue", "restaurant", date(2022, 11, 1))
        assert (event.brought_by, event.reached) == ((), ("1", "2"))

    def test_knows_shared_gatherings_and_leaves_excluded_cases_out(self):
        found = read_tracing(
            [("c.csv", b"uuid,date_of_onset,classification\n1,2022-11-01,CONFIRMED\n2,2022-11-05,CONFIRMED\n3,2022-11-05,NOT_A_CASE_DISCARDED\n"),
             ("r.csv", b"uuid,source_uuid,target_uuid,sourcePersonType\nr1,3,2,CASE\n")],
            area=GUANGZHOU, disease="x", bare=True,
        )  # fmt: skip
        net = outbreak_files.network_of_reading(found)
        traced = network.trace(net, time_zone=ZONE)

        assert [case.id for case in net.cases] == ["1", "2"]
        assert [q.doubt for q in network.inconsistencies(traced)] == ["infector_excluded"]
        assert network.trace(replace(net, exposures=()), time_zone=ZONE).serial_from == "assumed"
