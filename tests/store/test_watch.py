"""The watch desk on a record: round, alerts, triage, sentinels, rules."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from psycopg.errors import InsufficientPrivilege

from places import GUANGZHOU, PROVINCE, SHENZHEN
from yipan.model import (
    AlertState,
    Area,
    Counted,
    CountSeries,
    Duty,
    Incident,
    IncidentState,
    Interval,
    KindMethod,
    NotAllowed,
    NotYourArea,
    SchoolBreak,
    Sentence,
    Sentinel,
    SentinelKind,
    Stream,
    Triage,
    Verdict,
    Viewer,
    WrongStep,
)
from yipan.operations import commanding, day, lateness, nearness, users, watch
from yipan.operations.post import Post
from yipan.store.record import NotFound
from yipan.store.schema import versioned
from yipan.store.tables.commanding import TASKS
from yipan.store.tables.incidents import INCIDENTS
from yipan.store.tables.watch import ALERTS, SENTINELS

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

CHINA = ZoneInfo("Asia/Shanghai")
FIRST = date(2022, 8, 1)
DAYS = 101
AT = datetime(2022, 11, 10, 8, tzinfo=CHINA)
FEVER = Stream(disease="respiratory", counted=Counted.FEVER_CLINIC_VISITS)
CLINIC = Stream(disease="respiratory", counted=Counted.ILI_VISITS, site="clinic-1")


def counts_of(seed, *, mean=8.0, extra=0, silent=0):
    counts = [int(c) for c in np.random.default_rng(seed).poisson(mean, DAYS)]
    for back in range(1, 4):
        counts[-back] += extra
    return tuple(counts[: DAYS - silent])


def table(*series):
    rows = [
        (one.area, one.stream.key, one.day(i), value, "test")
        for one in series
        for i, value in enumerate(one.counts)
    ]
    return pl.DataFrame(rows, schema=["area", "stream", "day", "value", "source"], orient="row")


def fill(store, *, extra=30):
    with store.acting(
        store.system(), desk="t", verb="t", why="t", at=AT - timedelta(hours=2)
    ) as act:
        act.put_counts(
            table(
                CountSeries(area=GUANGZHOU, stream=FEVER, first_day=FIRST, counts=counts_of(1, extra=extra)),
                CountSeries(area=SHENZHEN, stream=FEVER, first_day=FIRST, counts=counts_of(2)),
                CountSeries(area=GUANGZHOU, stream=CLINIC, first_day=FIRST, counts=counts_of(3, silent=6)),
            ),
            published=True,
        )  # fmt: skip


@pytest.fixture
def post(store):
    fill(store)
    return Post(store=store, viewer=store.system())


def raised(post):
    watch.review_signals(post, at=AT, time_zone=CHINA)
    with post.store.reading(post.viewer) as record:
        (alert,) = watch.alerts(record, area=PROVINCE, at=AT)
    return alert


class TestReview:
    def test_raises_one_alert_with_its_sentence_and_its_signals(self, post):
        alert = raised(post)

        assert alert.area == GUANGZHOU
        assert "广州市" in alert.explanation.zh
        with post.store.reading(post.viewer) as record:
            found = watch.signals(
                record, area=PROVINCE, since=date(2022, 11, 1), until=date(2022, 11, 10)
            )
        assert {one.signal.method for one in found} == {"calendar baseline"}
        assert max(one.signal.day for one in found) == date(2022, 11, 9)

    def test_done_again_changes_nothing(self, post):
        raised(post)
        with post.store.reading(post.viewer) as record:
            before = record.nouns(ALERTS), record.signals(under=PROVINCE)

        watch.review_signals(post, at=AT, time_zone=CHINA)

        with post.store.reading(post.viewer) as record:
            assert (record.nouns(ALERTS), record.signals(under=PROVINCE)) == before

    def test_joins_the_next_day_to_the_alert_instead_of_raising_it_again(self, post):
        first = raised(post)
        later = AT + timedelta(days=1)
        with post.store.acting(post.viewer, desk="t", verb="t", why="t", at=later) as act:
            act.put_counts(
                table(
                    CountSeries(area=GUANGZHOU, stream=FEVER, first_day=FIRST + timedelta(days=DAYS), counts=(45,))
                ),
                published=True,
            )  # fmt: skip

        watch.review_signals(post, at=later, time_zone=CHINA)

        with post.store.reading(post.viewer) as record:
            (alert,) = watch.alerts(record, area=PROVINCE, at=later)
        assert (alert.id, alert.seen) == (first.id, 2)

    def test_hears_a_stream_that_always_comes_late_by_its_own_newest_day(self, post):
        late = Stream(disease="measles", counted=Counted.SUSPECTED)
        with post.store.acting(post.viewer, desk="t", verb="t", why="t", at=AT) as act:
            one = CountSeries(
                area=SHENZHEN, stream=late, first_day=FIRST, counts=(*counts_of(6, silent=3), 40)
            )
            act.put_counts(table(one), published=True)

        watch.review_signals(post, at=AT, time_zone=CHINA)
        watch.review_signals(post, at=AT + timedelta(minutes=1), time_zone=CHINA)

        with post.store.reading(post.viewer) as record:
            (alert,) = [
                found for found in watch.alerts(record, area=PROVINCE, at=AT) if found.disease == "measles"
            ]  # fmt: skip
        assert (alert.first_day, alert.last_day, alert.seen) == (
            date(2022, 11, 7),
            date(2022, 11, 7),
            1,
        )

    def test_makes_a_call_due_for_a_sentinel_silent_against_its_habit(self, post):
        register(post)

        watch.review_signals(post, at=AT, time_zone=CHINA)
        watch.review_signals(post, at=AT, time_zone=CHINA)

        with post.store.reading(post.viewer) as record:
            calls = [t for t in record.nouns(TASKS) if t.kind == "watch.call"]
        assert [task.subject for task in calls] == ["s-1"]
        assert "门诊部" in calls[0].what.zh

    def test_learns_from_the_versions_how_complete_the_newest_day_is(self, store):
        post = Post(store=store, viewer=store.system())
        stream = Stream(disease="dengue", counted=Counted.SUSPECTED)
        start, days = date(2022, 11, 2), 35
        for back in range(days):
            day_seen = start + timedelta(days=back)
            rows = [(GUANGZHOU, stream.key, day_seen, 10, "test")]
            if back >= 1:
                rows.append((GUANGZHOU, stream.key, day_seen - timedelta(days=1), 20, "test"))
            at = datetime.combine(day_seen + timedelta(days=1), datetime.min.time(), CHINA)
            with store.acting(
                post.viewer, desk="t", verb="t", why="t", at=at + timedelta(hours=8)
            ) as act:
                act.put_counts(
                    pl.DataFrame(rows, schema=["area", "stream", "day", "value", "source"], orient="row"),
                    published=True,
                )  # fmt: skip
        until = start + timedelta(days=days)
        series = CountSeries(area=GUANGZHOU, stream=stream, first_day=start, counts=(20,) * days)

        with store.reading(post.viewer) as record:
            found = lateness.completeness(
                record, [series], under=PROVINCE, until=until, time_zone=CHINA
            )

        assert found["dengue/suspected"][0] == pytest.approx(0.5, abs=0.06)
        assert found["dengue/suspected"][1] == pytest.approx(1.0, abs=0.02)

    def test_says_nothing_of_delays_where_the_past_was_handed_in_at_once(self, post):
        series = CountSeries(area=GUANGZHOU, stream=FEVER, first_day=FIRST, counts=(5,) * DAYS)

        with post.store.reading(post.viewer) as record:
            assert lateness.completeness(
                record, [series], under=PROVINCE, until=AT.date(), time_zone=CHINA
            ) == {}  # fmt: skip

    def test_says_nothing_of_delays_where_the_days_before_the_beginning_came_in_one_act(
        self, store
    ):
        post = Post(store=store, viewer=store.system())
        begun, days = date(2022, 11, 2), 60
        with store.acting(
            post.viewer, desk="t", verb="t", why="t", at=datetime.combine(begun, datetime.min.time(), CHINA)
        ) as act:  # fmt: skip
            past = CountSeries(
                area=GUANGZHOU,
                stream=FEVER,
                first_day=begun - timedelta(days=days),
                counts=(20,) * days,
            )
            act.put_counts(table(past), published=True)
        for back in range(21):
            day_seen = begun + timedelta(days=back)
            rows = [CountSeries(area=GUANGZHOU, stream=FEVER, first_day=day_seen, counts=(18,))]
            if back:
                rows.append(replace(rows[0], first_day=day_seen - timedelta(days=1), counts=(20,)))
            at = datetime.combine(day_seen + timedelta(days=1), datetime.min.time(), CHINA)
            with store.acting(post.viewer, desk="t", verb="t", why="t", at=at) as act:
                act.put_counts(table(*rows), published=True)
        until = begun + timedelta(days=21)
        series = CountSeries(
            area=GUANGZHOU, stream=FEVER, first_day=begun - timedelta(days=days), counts=(20,) * 81
        )

        with store.reading(post.viewer) as record:
            found = lateness.completeness(
                record, [series], under=PROVINCE, until=until, time_zone=CHINA
            )

        assert found["respiratory/fever_clinic_visits"][0] == pytest.approx(0.9, abs=0.02)

    def test_counts_incidents_in_response_as_outbreaks_on_record(self, post):
        opened = AT - timedelta(days=20)
        with post.store.acting(post.viewer, desk="t", verb="t", why="t", at=AT) as act:
            act.put(INCIDENTS, [
                Incident(
                    id=state.value, area=GUANGZHOU, disease="respiratory", title_zh="事件", title_en="Event",
                    state=state, opened=opened,
                )
                for state in (IncidentState.WATCH, IncidentState.RESPONSE)
            ])  # fmt: skip

        with post.store.reading(post.viewer) as record:
            (known,) = watch.known_outbreaks(
                record, under=PROVINCE, until=AT.date(), time_zone=CHINA
            )

        assert (known.area, known.since) == (GUANGZHOU, (opened - timedelta(days=7)).date())
        assert watch.review_signals(post, at=AT, time_zone=CHINA) >= 1


class TestNeighbours:
    def test_are_those_whose_boundaries_share_a_stretch(self, store):
        def square(x):
            return {
                "type": "Polygon",
                "coordinates": [[[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]]],
            }

        areas = [
            Area(path=f"{GUANGZHOU}{n}.", level="county", name_zh="区", name_en="D", source="test") for n in "abc"
        ]  # fmt: skip
        with store.acting(store.system(), desk="areas", verb="put", why="test", at=AT) as act:
            act.put_areas(areas, boundaries={one.path: square(x) for x, one in enumerate(areas)})
        with store.reading(store.system()) as record:
            found = nearness.neighbours(record, [one.path for one in areas])

        assert found[areas[0].path] == (areas[1].path,)
        assert found[areas[1].path] == (areas[0].path, areas[2].path)


class TestTriage:
    def test_to_verify_makes_a_task_with_a_clock_and_an_event_an_incident(self, post):
        alert = raised(post)

        verifying = watch.triage(
            post, alert.id, held=Triage.VERIFY, reason="三家门诊一致", at=AT, hours=6
        )
        event = watch.triage(
            post, alert.id, held=Triage.EVENT, reason="五例确诊", at=AT + timedelta(hours=3)
        )

        with post.store.reading(post.viewer) as record:
            task = record.noun(TASKS, verifying.task)
            incident = record.noun(INCIDENTS, event.incident)
            (verdicts,) = watch.verdicts(record, area=PROVINCE)
            (seven,) = watch.seven(record, area=PROVINCE)
        assert task.due - task.starts == timedelta(hours=6)
        assert task.state.value == "done"
        assert incident.area == GUANGZHOU
        assert verdicts.predictive_value == 1.0
        assert seven.incident == incident.id
        assert seven.days is None

    def test_closes_noise_with_its_reason_and_is_not_raised_again_within_the_week(self, post):
        alert = raised(post)

        closed = watch.triage(post, alert.id, held=Triage.NOISE, reason="促销活动", at=AT)
        watch.review_signals(post, at=AT + timedelta(minutes=5), time_zone=CHINA)

        assert closed.state is AlertState.CLOSED
        with post.store.reading(post.viewer) as record:
            assert watch.alerts(record, area=PROVINCE, at=AT) == ()

    def test_refuses_a_step_that_is_not_in_the_table_and_a_reason_left_out(self, post):
        alert = raised(post)

        with pytest.raises(WrongStep, match="cannot be held event"):
            watch.triage(post, alert.id, held=Triage.EVENT, reason="x", at=AT)
        with pytest.raises(ValueError, match="reason"):
            watch.triage(post, alert.id, held=Triage.NOISE, reason=" ", at=AT)

    def test_is_for_those_who_may_and_in_their_area(self, post):
        alert = raised(post)
        for viewer, wrong in (
            (Viewer(user="a", duty=Duty.ANALYST, area=PROVINCE), NotAllowed),
            (Viewer(user="b", duty=Duty.EPIDEMIOLOGIST, area=SHENZHEN), Exception),
        ):
            with pytest.raises(wrong) as failure:
                watch.triage(
                    Post(store=post.store, viewer=viewer),
                    alert.id,
                    held=Triage.NOISE,
                    reason="x",
                    at=AT,
                )
            assert isinstance(failure.value, NotAllowed | NotYourArea | KeyError | LookupError)

    def test_a_snooze_ends_by_itself(self, post):
        alert = raised(post)
        until = AT + timedelta(days=2)

        watch.snooze(post, alert.id, until=until, reason="周一更正", at=AT)

        with post.store.reading(post.viewer) as record:
            assert watch.alerts(record, area=PROVINCE, at=AT) == ()
            assert len(watch.alerts(record, area=PROVINCE, at=until)) == 1
        with pytest.raises(ValueError, match="14 days"):
            watch.snooze(post, alert.id, until=AT + timedelta(days=20), reason="x", at=AT)


def register(post):
    sentinel = Sentinel(
        id="s-1", area=GUANGZHOU, kind=SentinelKind.FEVER_CLINIC, name=Sentence(zh="一号门诊", en="Clinic one"),
        streams=(CLINIC,), due_hour=10, since=FIRST, office="门诊部",
    )  # fmt: skip
    watch.register_sentinels(post, [sentinel], at=AT)


class TestSentinels:
    def test_silent_ones_stand_first_with_whom_to_ring(self, post):
        register(post)

        with post.store.reading(post.viewer) as record:
            (sheet,) = watch.sentinel_sheets(record, area=PROVINCE, at=AT, time_zone=CHINA)
            (place,) = watch.silence([sheet])
        assert sheet.state == "silent"
        assert sheet.silent_days == 5
        assert sheet.silence_p < 0.01
        assert sheet.completeness < 1
        assert "门诊部" in sheet.explanation.zh
        assert (place.area, place.silent) == (GUANGZHOU, 1)


class TestCalls:
    def test_are_due_for_the_silent_end_with_their_outcome_and_are_not_due_again(self, post):
        register(post)
        watch.review_signals(post, at=AT, time_zone=CHINA)
        with post.store.reading(post.viewer) as record:
            (call,) = [task for task in record.nouns(TASKS) if task.kind == "watch.call"]
        assert (call.subject, call.duty) == ("s-1", Duty.EPIDEMIOLOGIST)
        assert "门诊部" in call.what.zh

        commanding.acknowledge(post, call.id, at=AT, note="rang twice, nobody there")
        commanding.report_done(post, call.id, at=AT, note="line was down; they send today")
        watch.review_signals(post, at=AT + timedelta(hours=1), time_zone=CHINA)

        with post.store.reading(post.viewer) as record:
            (again,) = [task for task in record.nouns(TASKS) if task.kind == "watch.call"]
        assert not again.is_running
        assert [step.note for step in again.steps] == [
            "rang twice, nobody there",
            "line was down; they send today",
        ]


class TestReport:
    KEY = CLINIC.key

    def sent(self, post, day_seen, value, *, at=AT, **more):
        return watch.report(
            post, "s-1", day=day_seen, values={self.KEY: value, **more}, at=at, time_zone=CHINA
        )

    def test_a_zero_typed_ends_the_silence(self, post):
        register(post)

        told = self.sent(post, date(2022, 11, 9), 0)

        assert (told.new, told.corrected, told.late) == (1, 0, False)
        with post.store.reading(post.viewer) as record:
            (sheet,) = watch.sentinel_sheets(
                record, area=PROVINCE, at=AT + timedelta(hours=5), time_zone=CHINA
            )
        assert sheet.silent_days == 0
        assert sheet.zero_reports >= 1

    def test_sent_again_corrects_and_both_stay_on_record(self, post):
        register(post)
        self.sent(post, date(2022, 11, 9), 4)

        told = self.sent(post, date(2022, 11, 9), 5, at=AT + timedelta(hours=6))

        assert (told.new, told.corrected, told.late) == (0, 1, True)
        with post.store.reading(post.viewer) as record:
            versions = record.count_versions(
                under=PROVINCE, since=date(2022, 11, 9), until=date(2022, 11, 10), counted=[CLINIC.counted]
            )  # fmt: skip
        assert versions["value"].to_list() == [4, 5]

    def test_says_what_is_wrong_with_it(self, post):
        register(post)
        for wrong, words in (
            (lambda: self.sent(post, date(2022, 11, 12), 1), "has not come"),
            (lambda: self.sent(post, date(2022, 7, 1), 1), "owes nothing"),
            (lambda: self.sent(post, date(2022, 11, 9), -1), "lies between 0"),
            (lambda: self.sent(post, date(2022, 11, 9), 1, other=2), "does not report other"),
            (
                lambda: watch.report(
                    post, "s-1", day=date(2022, 11, 9), values={}, at=AT, time_zone=CHINA
                ),
                "is owed too",
            ),
        ):
            with pytest.raises(ValueError, match=words):
                wrong()

    def test_is_for_duties_that_bring_data_in_and_in_their_area(self, post):
        register(post)
        registrar = Viewer(user="a", duty=Duty.REGISTRAR, area=GUANGZHOU)
        analyst = Viewer(user="b", duty=Duty.ANALYST, area=GUANGZHOU)

        assert self.sent(Post(store=post.store, viewer=registrar), date(2022, 11, 9), 2).new == 1
        with pytest.raises(NotAllowed):
            self.sent(Post(store=post.store, viewer=analyst), date(2022, 11, 9), 3)


class TestDaysAndWeeksOfOneSentinel:
    """A health centre that counts one thing by the day and another by the week."""

    BY_DAY = Stream(disease="respiratory", counted=Counted.ILI_VISITS, site="centre")
    BY_WEEK = Stream(
        disease="measles", counted=Counted.SUSPECTED, interval=Interval.WEEK, site="centre"
    )
    LAST_MONDAY, THIS_MONDAY = date(2022, 10, 31), date(2022, 11, 7)

    @pytest.fixture
    def centre(self, post):
        one = Sentinel(
            id="s-9", area=GUANGZHOU, kind=SentinelKind.HEALTH_CENTRE, name=Sentence(zh="社康", en="Centre"),
            streams=(self.BY_DAY, self.BY_WEEK), due_hour=10, since=date(2022, 10, 1),
        )  # fmt: skip
        watch.register_sentinels(post, [one], at=AT)
        return post

    def test_owe_a_day_each_day_and_a_week_once_it_is_over(self, centre):
        for day_seen in (date(2022, 11, 8), date(2022, 11, 9)):
            watch.report(
                centre, "s-9", day=day_seen, values={self.BY_DAY.key: 3}, at=AT, time_zone=CHINA
            )
        watch.report(
            centre,
            "s-9",
            day=self.LAST_MONDAY,
            values={self.BY_WEEK.key: 0},
            at=AT,
            time_zone=CHINA,
        )

        with centre.store.reading(centre.viewer) as record:
            own = watch.own_reports(record, "s-9", at=AT + timedelta(hours=3), time_zone=CHINA)

        by = {(one.day, one.interval): one.state for one in own.days}
        assert by[date(2022, 11, 9), Interval.DAY] == "sent"
        assert by[self.LAST_MONDAY, Interval.DAY] == "missing"
        assert by[self.LAST_MONDAY, Interval.WEEK] == "late"
        assert (self.THIS_MONDAY, Interval.WEEK) not in by

    def test_are_complete_where_all_of_both_came(self, centre):
        with centre.store.acting(centre.viewer, desk="t", verb="t", why="t", at=AT) as act:
            act.put_counts(
                table(
                    CountSeries(area=GUANGZHOU, stream=self.BY_DAY, first_day=date(2022, 10, 1), counts=(2,) * 40),
                    CountSeries(area=GUANGZHOU, stream=self.BY_WEEK, first_day=date(2022, 10, 3), counts=(1,) * 5),
                ),
                published=False,
            )  # fmt: skip

        with centre.store.reading(centre.viewer) as record:
            (sheet,) = [
                one for one in watch.sentinel_sheets(record, area=GUANGZHOU, at=AT + timedelta(hours=3), time_zone=CHINA)
                if one.sentinel.id == "s-9"
            ]  # fmt: skip

        assert (sheet.completeness, sheet.state, sheet.silent_days) == (1.0, "reporting", 0)

    def test_say_what_is_wrong_with_a_week(self, centre):
        for wrong_day, told in ((self.THIS_MONDAY, "not over"), (date(2022, 11, 2), "Monday")):
            with pytest.raises(ValueError, match=told):
                watch.report(
                    centre,
                    "s-9",
                    day=wrong_day,
                    values={self.BY_WEEK.key: 1},
                    at=AT,
                    time_zone=CHINA,
                )


class TestSchoolHolidays:
    def test_let_a_school_owe_nothing_and_stay_on_record(self, post):
        school = Sentinel(
            id="s-8", area=GUANGZHOU, kind=SentinelKind.SCHOOL, name=Sentence(zh="小学", en="School"),
            streams=(Stream(disease="respiratory", counted=Counted.SCHOOL_ABSENCES, site="s-8"),), due_hour=10,
            since=date(2022, 10, 1), working_days_only=True,
        )  # fmt: skip
        watch.register_sentinels(post, [school], at=AT)
        holiday = SchoolBreak(
            id="b", area=PROVINCE, since=date(2022, 10, 1), until=date(2022, 11, 9), name="假期", source="an example"
        )  # fmt: skip

        def sheet():
            with post.store.reading(post.viewer) as record:
                found = watch.sentinel_sheets(
                    record, area=GUANGZHOU, at=AT + timedelta(hours=3), time_zone=CHINA
                )
                assert watch.school_breaks(record, area=GUANGZHOU) in {(), (holiday,)}
            return next(one for one in found if one.sentinel.id == "s-8")

        assert sheet().owed > 10
        assert watch.register_school_breaks(post, [holiday], at=AT) == 1
        assert watch.register_school_breaks(post, [holiday], at=AT) == 0
        assert sheet().owed == 1

    def test_a_closed_school_is_not_told_to_be_missing(self, post):
        stream = Stream(disease="respiratory", counted=Counted.SCHOOL_ABSENCES, site="s-8")
        school = Sentinel(
            id="s-8", area=GUANGZHOU, kind=SentinelKind.SCHOOL, name=Sentence(zh="小学", en="School"), streams=(stream,),
            due_hour=10, since=date(2022, 10, 1), working_days_only=True,
        )  # fmt: skip
        watch.register_sentinels(post, [school], at=AT)
        with post.store.acting(post.viewer, desk="t", verb="t", why="t", at=AT) as act:
            act.put_counts(
                table(CountSeries(area=GUANGZHOU, stream=stream, first_day=FIRST, counts=counts_of(9, silent=1))),
                published=False,
            )  # fmt: skip

        def missing():
            with post.store.reading(post.viewer) as record:
                seen = watch.seen_now(record, area=PROVINCE, day=date(2022, 11, 9), at=AT)
            return {one.stream for one in seen.unjudged}

        before = missing()
        watch.register_school_breaks(
            post,
            [SchoolBreak(id="b", area=PROVINCE, since=date(2022, 11, 9), until=date(2022, 11, 20), name="假期", source="an example")],
            at=AT,
        )  # fmt: skip

        assert before - missing() == {stream}


class TestTheLogInOfOneSentinel:
    KEY = CLINIC.key
    LATE = AT + timedelta(hours=6)

    @pytest.fixture
    def school(self, post):
        register(post)
        other = Sentinel(
            id="s-2", area=GUANGZHOU, kind=SentinelKind.FEVER_CLINIC, name=Sentence(zh="二号", en="Two"),
            streams=(FEVER,), due_hour=10, since=FIRST,
        )  # fmt: skip
        watch.register_sentinels(post, [other], at=AT)
        with post.store.reading(post.viewer) as record:
            place = record.noun(SENTINELS, "s-1").place
        keeper = Post(store=post.store, viewer=users.administrator(post.viewer))
        users.add(
            keeper, name="clinic", shown_as="clinic", password="long enough 1", duty=Duty.SENTINEL,
            area=place, at=AT,
        )  # fmt: skip
        found = users.check_password(post.store, "clinic", "long enough 1", at=AT)
        return Post(store=post.store, viewer=users.viewer_of(found))

    def sent(self, school, day_seen, value, *, sentinel="s-1", at=AT, key=KEY):
        return watch.report(
            school, sentinel, day=day_seen, values={key: value}, at=at, time_zone=CHINA
        )

    def days(self, post, *, at=AT, sentinel="s-1"):
        with post.store.reading(post.viewer) as record:
            return watch.own_reports(record, sentinel, at=at, time_zone=CHINA)

    def test_reports_zeros_corrects_and_sees_what_is_due(self, school):
        self.sent(school, date(2022, 11, 9), 0)
        self.sent(school, date(2022, 11, 8), 3)
        self.sent(school, date(2022, 11, 9), 2, at=self.LATE)

        found = self.days(school, at=self.LATE)

        newest = {one.day: one for one in found.days}
        assert newest[date(2022, 11, 10)].state == "due"
        assert newest[date(2022, 11, 9)].state == "sent"
        assert newest[date(2022, 11, 9)].values == ((self.KEY, 2),)
        assert newest[date(2022, 11, 9)].corrections == 1
        assert newest[date(2022, 11, 8)].state == "late"
        assert newest[date(2022, 11, 6)].state == "missing"
        assert found.sheet.sentinel.id == "s-1"

    def test_is_seen_by_those_it_reports_to(self, post, school):
        self.sent(school, date(2022, 11, 9), 0)

        assert self.days(post).days[1].values == ((self.KEY, 0),)
        with post.store.reading(post.viewer) as record:
            acts = record.acts()
        assert any(act.user == "clinic" and act.verb == "report" for act in acts)
        assert post.store.verify() is None

    def test_sees_no_row_that_is_not_its_own(self, school):
        with school.store.reading(school.viewer) as record:
            shown = {
                table: record.connection.execute(f"select count(*) from {table}").fetchone()[0]
                for table in (*versioned(), "act")
                if table not in {"user_version", "duty_grant"}
            }
            own = record.connection.execute(
                "select distinct area, stream from count_version"
            ).fetchall()

        assert {table for table, rows in shown.items() if rows} == {
            "sentinel",
            "count_version",
            "area",
        }
        assert shown["sentinel"] == 1
        assert own == [(GUANGZHOU, self.KEY)]

    def test_reads_and_writes_nothing_of_another(self, school):
        with pytest.raises(NotFound):
            self.sent(school, date(2022, 11, 9), 1, sentinel="s-2", key=FEVER.key)
        with pytest.raises(NotFound):
            self.days(school, sentinel="s-2")
        with pytest.raises(ValueError, match="does not report"):
            self.sent(school, date(2022, 11, 9), 1, key=FEVER.key)
        for area, stream in ((GUANGZHOU, FEVER), (SHENZHEN, CLINIC)):
            one = CountSeries(area=area, stream=stream, first_day=date(2022, 11, 9), counts=(1,))
            with (
                pytest.raises(InsufficientPrivilege),
                school.store.acting(
                    school.viewer, desk="watch", verb="report", why="x", at=AT
                ) as act,
            ):
                act.put_counts(table(one), published=False)

    def test_acts_in_no_other_way(self, school):
        with pytest.raises(NotAllowed):
            watch.register_sentinels(school, [], at=AT)
        with pytest.raises(NotAllowed):
            day.run(school, at=AT, time_zone=CHINA)
        with (
            pytest.raises(InsufficientPrivilege),
            school.store.acting(school.viewer, desk="zoning", verb="open", why="x", at=AT),
        ):
            pass

    def test_is_given_at_the_place_of_a_sentinel_only(self, post):
        keeper = Post(store=post.store, viewer=users.administrator(post.viewer))
        given = {"name": "x1", "shown_as": "x", "password": "long enough 1", "at": AT}

        with pytest.raises(ValueError, match="place of one sentinel"):
            users.add(keeper, duty=Duty.SENTINEL, area=GUANGZHOU, **given)
        with pytest.raises(ValueError, match="place of one sentinel"):
            users.add(keeper, duty=Duty.COMMANDER, area=f"{GUANGZHOU}--s-1.", **given)

    def test_ends_where_the_sentinel_moves_away(self, post, school):
        with post.store.reading(post.viewer) as record:
            one = record.noun(SENTINELS, "s-1")
        watch.register_sentinels(post, [replace(one, area=SHENZHEN)], at=AT)

        with pytest.raises(NotFound):
            self.days(school)


class TestRules:
    def test_change_only_by_a_decision_and_show_their_workload_before(self, post):
        proposal = watch.propose_rule(
            post,
            area=PROVINCE,
            method="EARS C2",
            alpha=0.01,
            false_share=0.2,
            at=AT,
            time_zone=CHINA,
        )
        with post.store.reading(post.viewer) as record:
            assert watch.rule_of(record, GUANGZHOU, AT).method == "standard"
        assert any("signals a week" in reason.en for reason in proposal.reasons)

        day.decide(post, proposal.id, verdict=Verdict.ACCEPT, at=AT, reason="试行")

        with post.store.reading(post.viewer) as record:
            rule = watch.rule_of(record, GUANGZHOU, AT + timedelta(minutes=1))
        assert (rule.method, rule.alpha, rule.false_share) == ("EARS C2", 0.01, 0.2)

    def test_of_unknown_methods_are_refused(self, post):
        with pytest.raises(ValueError, match="no method"):
            watch.propose_rule(
                post,
                area=PROVINCE,
                method="magic",
                alpha=0.01,
                false_share=0.2,
                at=AT,
                time_zone=CHINA,
            )
        assert commanding.DESK == "commanding"

    def test_show_their_workload_before_anybody_proposes(self, post):
        with post.store.reading(post.viewer) as record:
            found = watch.workload(
                record, area=PROVINCE, method="EARS C2", alpha=0.01, false_share=0.2, at=AT, time_zone=CHINA
            )  # fmt: skip
            waiting = commanding.proposals(record, area=PROVINCE, at=AT)

        assert (found.in_force.method, found.wanted.method) == ("standard", "EARS C2")
        assert found.wanted.streams == 3
        assert waiting == ()

    def test_name_another_method_for_a_kind_and_keep_it_when_another_is_named(self, post):
        asked = {"area": PROVINCE, "at": AT, "time_zone": CHINA}
        first = watch.propose_rule(
            post, kinds=[KindMethod.parse("fever_clinic_visits/day=EARS C2")], **asked
        )
        day.decide(post, first.id, verdict=Verdict.ACCEPT, at=AT, reason="试行")
        later = AT + timedelta(minutes=1)

        second = watch.propose_rule(
            post, kinds=[KindMethod.parse("ili_visits/day=CUSUM")], **asked | {"at": later}
        )

        assert "fever-clinic visits by the day by EARS C2" in second.what.en
        assert "发热门诊就诊（日）用EARS C2" in second.what.zh
        assert any("CUSUM) at" in reason.en for reason in second.reasons)
        watch.review_signals(post, at=later, time_zone=CHINA)
        with post.store.reading(post.viewer) as record:
            (alert,) = watch.alerts(record, area=PROVINCE, at=later)
            found = record.signals(
                under=PROVINCE, since=date(2022, 11, 1), until=date(2022, 11, 10)
            )
        assert alert.method == "EARS C2"
        assert "judged by EARS C2 on 7 plain days before" in alert.explanation.en
        assert {one.method for one in found} == {"EARS C2"}

    def test_of_a_city_judge_its_streams_in_the_round_of_the_province(self, post):
        proposal = watch.propose_rule(
            post, area=GUANGZHOU, method="EARS C2", at=AT, time_zone=CHINA
        )
        day.decide(post, proposal.id, verdict=Verdict.ACCEPT, at=AT, reason="试行")

        with post.store.reading(post.viewer) as record:
            seen = watch.seen_now(
                record, area=PROVINCE, day=date(2022, 11, 9), at=AT + timedelta(minutes=1)
            )

        (finding,) = seen.findings
        by = {one.area: one.method for one in finding.contributions}
        assert by == {PROVINCE: "calendar baseline", GUANGZHOU: "EARS C2"}

    @pytest.mark.parametrize(
        ("kind", "told"),
        [
            ("fever_clinic_visits/day=magic", "no method"),
            ("fever_clinic_visits/week=NSSP switch", "does not judge streams by the week"),
            ("fever_clinic_visits/day=binomial CUSUM", "positive results only"),
            ("wastewater_copies/day=CUSUM", "a method of its own"),
        ],
    )
    def test_that_do_not_fit_a_kind_are_refused(self, post, kind, told):
        with pytest.raises(ValueError, match=told):
            watch.propose_rule(
                post, area=PROVINCE, kinds=[KindMethod.parse(kind)], at=AT, time_zone=CHINA
            )


class TestReading:
    def test_by_whole_streams_is_what_the_rows_say(self, post):
        with post.store.reading(post.viewer) as record:
            columns = record.count_columns(
                under=PROVINCE, since=date(2022, 8, 5), until=date(2022, 11, 10)
            )
            rows = record.count_rows(
                under=PROVINCE, since=date(2022, 8, 5), until=date(2022, 11, 10)
            )

        told = [
            (one.area, one.stream, date(2022, 8, 5) + timedelta(days=at), value)
            for one in columns
            for at, value in zip(one.days.tolist(), one.values.tolist(), strict=True)
        ]
        assert told == list(rows.select("area", "stream", "day", "value").iter_rows())

    def test_goes_further_back_for_weeks_and_for_kinds_named(self, post):
        weekly = Stream(disease="respiratory", counted=Counted.ILI_VISITS, interval=Interval.WEEK)
        with post.store.acting(post.viewer, desk="t", verb="t", why="t", at=AT) as act:
            act.put_counts(
                table(CountSeries(area=GUANGZHOU, stream=weekly, first_day=date(2018, 1, 1), counts=(4,) * 250)),
                published=True,
            )  # fmt: skip

        with post.store.reading(post.viewer) as record:
            found = record.count_columns(
                under=PROVINCE, since=date(2022, 11, 1), until=date(2022, 11, 10),
                long=date(2018, 1, 1), long_counted=[Counted.FEVER_CLINIC_VISITS],
            )  # fmt: skip

        lengths = {one.stream: len(one.days) for one in found if one.area == GUANGZHOU}
        assert lengths == {weekly.key: 250, FEVER.key: DAYS, CLINIC.key: 3}

    def test_tells_weekly_streams_by_the_day_their_week_begins(self, post):
        weekly = Stream(disease="measles", counted=Counted.SUSPECTED, interval=Interval.WEEK)
        counts = (*np.random.default_rng(4).poisson(5.0, 147).tolist(), 40)
        with post.store.acting(post.viewer, desk="t", verb="t", why="t", at=AT) as act:
            act.put_counts(
                table(CountSeries(area=GUANGZHOU, stream=weekly, first_day=date(2020, 1, 6), counts=counts)),
                published=True,
            )  # fmt: skip

        watch.review_signals(post, at=AT, time_zone=CHINA)
        watch.review_signals(post, at=AT + timedelta(days=1), time_zone=CHINA)

        with post.store.reading(post.viewer) as record:
            (alert,) = [
                one
                for one in watch.alerts(record, area=PROVINCE, at=AT)
                if one.disease == "measles"
            ]
            signals = record.signals(
                under=PROVINCE, since=date(2022, 10, 1), until=date(2022, 11, 10)
            )
            seen = watch.seen_now(record, area=PROVINCE, day=date(2022, 11, 9), at=AT)
        assert [one.day for one in signals if one.stream == weekly] == [date(2022, 10, 31)]
        assert (alert.first_day, alert.last_day, alert.seen) == (
            date(2022, 10, 31),
            date(2022, 11, 6),
            1,
        )
        assert "in the week from 31 October" in alert.explanation.en
        assert {one.disease for one in seen.findings} == {"respiratory", "measles"}
