"""From the files of a screening round to the closing round of a zone, and to the proposal to lift it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from places import PROVINCE
from yipan.cli import ingest
from yipan.model import (
    Adoption,
    Area,
    Confirmation,
    LakeKind,
    ScreeningRound,
    Verdict,
    ZoneChange,
    ZoneTerms,
    area_path,
    place,
)
from yipan.operations import closing, commanding, day, screening, timer, zoning
from yipan.operations.post import Post
from yipan.store.tables.screening import CONFIRMATIONS

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

CHINA = ZoneInfo("Asia/Shanghai")
HAIZHU, STREET = area_path("44.4401.440105."), area_path("44.4401.440105.440105001.")
SET = datetime(2022, 11, 10, 11, tzinfo=CHINA)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OVER = SET + 7 * DAY
ROSTER = "风险区,人员编号,楼栋\n" + "".join(f"z-1,{n},{1 if n <= 3 else 2}\n" for n in range(1, 6))


@pytest.fixture
def post(store, home, monkeypatch, tmp_path):
    monkeypatch.setenv("YIPAN_HOME", str(home))
    made = Post(store=store, viewer=store.system())
    before = SET - 9 * DAY
    with store.acting(made.viewer, desk="areas", verb="put", why="test", at=before) as act:
        act.put_areas(
            [
                Area(path=HAIZHU, level="county", name_zh="海珠区", name_en="Haizhu", code="440105", source="test"),
                Area(path=STREET, level="street", name_zh="赤岗街道", name_en="Chigang", code="440105001", source="test"),
            ]
        )  # fmt: skip
    zoning.adopt(
        made, Adoption(id="ad", area=PROVINCE, version="cn-covid-9ed", profile="guangdong-2022", at=before), at=before,
    )  # fmt: skip
    terms = ZoneTerms(
        place=place(f"{HAIZHU} compound 桃源居"), level="high", name_zh="桃源居", name_en="Taoyuan", disease="covid-19",
    )  # fmt: skip
    line = zoning.line(ZoneChange.SET, "z-1", area=HAIZHU, effective=SET, terms=terms)
    commanding.order(made, area=HAIZHU, lines=(line,), reason="test", at=SET, hands=day.HANDS)
    path = tmp_path / "roster.csv"
    path.write_text(ROSTER, encoding="utf-8")
    done = CliRunner().invoke(ingest.app, [str(path), "--at", (SET + HOUR).isoformat()])
    assert done.exit_code == 0, done.output
    return made


@pytest.fixture
def screen(post, tmp_path):
    """Take the swabs and results of a round of screening in, as its files would bring them."""
    numbers = iter(range(10_000))

    def run(name, swabbed, *, sampled, known, at=None, kind=LakeKind.SAMPLES):
        moment = (at or known) + HOUR / 2
        with post.store.reading(post.viewer) as record:
            there = {one.id for one in screening.rounds(record)}
        if name not in there:
            made = ScreeningRound(
                id=name,
                area=PROVINCE,
                disease="covid-19",
                opened=sampled - HOUR,
                closes=sampled + 2 * DAY,
            )
            screening.open_round(post, made, why="test", at=max(sampled, SET + 2 * HOUR))
        rows = [
            f"{next(numbers)},{tube},{person},440105001,1,{mode},{sampled:%Y-%m-%dT%H:%M:%S%z}"
            for person, (tube, mode, _) in swabbed.items()
        ]
        shown = {tube: result for tube, _, result in swabbed.values() if result}
        stamp = f"{known:%Y-%m-%dT%H:%M:%S%z}"
        for told, head, several in (
            (kind, "sample,tube,person,street,site,mode,sampled_at", rows),
            (
                LakeKind.RESULTS, "tube,laboratory,result,plate,well,received_at,published_at",
                [f"{tube},lab-a,{result},p1,A{tube},{stamp},{stamp}" for tube, result in shown.items()],
            ),
        ):  # fmt: skip
            if several:
                path = tmp_path / f"{told.value}-{next(numbers)}.csv"
                path.write_text("\n".join([head, *several]) + "\n", encoding="utf-8")
                screening.take_in(
                    post,
                    post.lake,
                    path,
                    round=name,
                    kind=told,
                    at=moment,
                    time_zone=CHINA,
                )
        return moment

    return run


def look(post, at, *, whole=False):
    """Do the round's work for zones, or the whole round, and return the sheet of the zone and what is proposed."""
    if whole:
        done = day.run(post, at=at, time_zone=CHINA)
        assert done.ok, done
    else:
        closing.review_rounds(post, at=at, time_zone=CHINA)
        zoning.review_zones(post, at=at, time_zone=CHINA)
    with post.store.reading(post.viewer) as record:
        made = commanding.proposals(record, area=HAIZHU, at=at)
        sheet = zoning.sheet_of(record, "z-1", at=at)
    return sheet, tuple(one for one in made if one.proposal.subject == "z-1")


def swabbed(*people, tube=500, mode=10, result="negative"):
    return dict.fromkeys(people, (tube, mode, result))


class TestLaboratory:
    def test_closes_a_round_by_itself_names_the_two_missing_and_lifts_when_they_are_in(
        self, post, screen
    ):
        screen("r1", swabbed(1, 2, 3), sampled=OVER - 20 * HOUR, known=OVER - 10 * HOUR)

        short, nothing = look(post, OVER + HOUR)

        with post.store.reading(post.viewer) as record:
            (roster,) = record.nouns(zoning.ROSTERS)
        assert short.missing == ("closing_round",)
        assert set(short.missing_people) == {dict(roster.tokens)[number] for number in (4, 5)}
        assert short.reasons[1].en.endswith(
            "(2 people had not been sampled when the period ended); the zone waits for it and does not start again."
        )
        assert nothing == ()

        screen("r1", swabbed(4, 5, tube=501), sampled=OVER + 2 * HOUR, known=OVER + 8 * HOUR)
        full, (proposal,) = look(post, OVER + 9 * HOUR, whole=True)

        assert (full.eligible_at, full.missing_people) == (OVER + 8 * HOUR, ())
        assert (proposal.proposal.kind, proposal.proposal.subject) == ("zone.lower", "z-1")

    def test_lifts_at_the_very_instant_where_the_round_was_done_in_time(self, post, screen):
        screen("r1", swabbed(1, 2, 3, 4, 5), sampled=OVER - 20 * HOUR, known=OVER - 10 * HOUR)

        sheet, (proposal,) = look(post, OVER)

        assert sheet.eligible_at == OVER
        assert proposal.proposal.kind == "zone.lower"

    def test_does_not_close_with_swabs_from_before_the_last_day(self, post, screen):
        screen("r1", swabbed(1, 2, 3, 4, 5), sampled=OVER - 30 * HOUR, known=OVER - 10 * HOUR)

        sheet, proposals = look(post, OVER)

        assert sheet.eligible_at is None
        assert proposals == ()

    def test_starts_the_clock_again_when_it_finds_somebody(self, post, screen):
        found = OVER - 3 * DAY
        told = swabbed(1, tube=601, mode=1, result="positive") | swabbed(2, 3, 4, 5)
        screen("r1", told, sampled=found - 6 * HOUR, known=found)

        sheet, (proposal,) = look(post, found + HOUR)

        assert sheet.infections == 1
        assert sheet.period_ends == found + 7 * DAY
        assert proposal.proposal.kind == "zone.split"

    @pytest.mark.parametrize(
        ("round", "kind"), [("r2", LakeKind.SAMPLES), ("r1", LakeKind.RESWABS)]
    )
    def test_waits_for_everybody_in_a_positive_tube_to_be_swabbed_again(
        self, post, screen, round, kind
    ):
        hot = swabbed(1, 2, 3, tube=601, result="positive") | swabbed(4, 5)
        screen("r1", hot, sampled=OVER - 20 * HOUR, known=OVER - 10 * HOUR)
        held, _ = look(post, OVER)
        assert held.eligible_at is None

        again = {person: (700 + person, 1, "negative") for person in (1, 2, 3)}
        screen(round, again, sampled=OVER + HOUR, known=OVER + 5 * HOUR, kind=kind)
        freed, (proposal,) = look(post, OVER + 6 * HOUR)

        assert freed.eligible_at == OVER + 5 * HOUR
        assert freed.infections == 0
        assert proposal.proposal.kind == "zone.lower"

    @pytest.mark.parametrize("result", ["weak", "invalid", "cancelled", None])
    def test_takes_nothing_but_a_negative_for_negative(self, post, screen, result):
        told = swabbed(1, 2, 3, 4) | swabbed(5, tube=601, mode=1, result=result)
        screen("r1", told, sampled=OVER - 20 * HOUR, known=OVER - 10 * HOUR)

        sheet, _ = look(post, OVER + HOUR)

        assert sheet.eligible_at is None
        assert len(sheet.missing_people) == (0 if result is None else 1)

    def test_waits_for_nobody_it_found_before_the_round_began(self, post, screen):
        found = OVER - 3 * DAY
        told = swabbed(1, tube=601, mode=1, result="positive") | swabbed(2, 3, 4, 5)
        screen("r1", told, sampled=found - 6 * HOUR, known=found)
        _, (proposal,) = look(post, found + HOUR)
        day.decide(
            post, proposal.proposal.id, verdict=Verdict.CHANGE, reason="all of it", at=found + 2 * HOUR,
            alternative=0,
        )  # fmt: skip
        end = found + 7 * DAY
        screen("r2", swabbed(2, 3, 4, 5, tube=800), sampled=end - 12 * HOUR, known=end - HOUR)

        sheet, proposals = look(post, end)

        assert sheet.eligible_at == end
        open_now = [one.proposal.kind for one in proposals if one.proposal.decision is None]
        assert open_now == ["zone.lower"]

    def test_is_not_asked_again_by_the_timer_while_nothing_came_in(self, post, screen, monkeypatch):
        screen("r1", swabbed(1, 2, 3), sampled=OVER - 20 * HOUR, known=OVER - 10 * HOUR)
        first = timer.tick(post, at=OVER, time_zone=CHINA)
        monkeypatch.setattr(screening, "looking", lambda *_: 1 / 0)

        second = timer.tick(post, at=OVER + HOUR, time_zone=CHINA, told_until=first.told_until)

        assert (first.told, second.told, second.told_until) == (1, 0, first.told_until)
        with pytest.raises(ZeroDivisionError):
            timer.tick(post, at=OVER + HOUR, time_zone=CHINA)

    def test_is_heard_once(self, post, screen):
        screen("r1", swabbed(1, 2, 3), sampled=OVER - 20 * HOUR, known=OVER - 10 * HOUR)
        first = closing.review_rounds(post, at=OVER, time_zone=CHINA)
        with post.store.reading(post.viewer) as record:
            newest = record.newest_act()

        again = closing.review_rounds(post, at=OVER + HOUR, time_zone=CHINA)

        with post.store.reading(post.viewer) as record:
            assert record.newest_act() == newest
        assert (first, again) == (1, 0)

    def test_takes_back_an_infection_that_a_second_laboratory_did_not_confirm(self, post, screen):
        found = OVER - 3 * DAY
        told = swabbed(1, tube=601, mode=1, result="positive") | swabbed(2, 3, 4, 5)
        screen("r1", told, sampled=found - 6 * HOUR, known=found)
        look(post, found + HOUR)
        made = Confirmation(
            id="k-1",
            area=HAIZHU,
            round="r1",
            person=1,
            laboratory="lab-b",
            confirmed=False,
            at=found + 5 * HOUR,
        )
        with post.store.acting(
            post.viewer, desk="screening", verb="confirm", why="test", at=found + 5 * HOUR
        ) as act:
            act.put(CONFIRMATIONS, [made])

        sheet, _ = look(post, found + 6 * HOUR)

        assert sheet.infections == 0
        assert sheet.period_ends == OVER
