"""Files about zones on their way into the record: register, where cases were, rosters, measures; and back out."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from places import PROVINCE
from yipan.cli import ingest
from yipan.model import Adoption, Area, ZoneChange, ZoneTerms, area_path, place
from yipan.operations import commanding, day, zoning
from yipan.operations.ingest import AlreadyRead
from yipan.operations.post import Post
from yipan.store.tables.prohibitions import FINDINGS, MEASURES
from yipan.store.tables.zoning import CASE_PLACES, REGISTER, ROSTERS

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

CHINA = ZoneInfo("Asia/Shanghai")
AT = datetime(2022, 11, 10, 11, tzinfo=CHINA)
HAIZHU = area_path("44.4401.440105.")
FILES = {
    "register": "区县,小区,楼栋,居住人数\n海珠区,桃源居,1,120\n海珠区,桃源居,2,80\n",
    "cases": "病例,区县,小区,楼栋,发现时间\nC1,海珠区,桃源居,1,2022-11-10 08:30\n",
    "roster": "风险区,人员编号,楼栋,姓名\nz-1,7,1,张三\nz-1,8,2,\nz-1,9,2,\n",
    "measures": "编号,措施种类,区县,开始时间,批准单位,劝返数,其中符合条件,理由\nm-1,卡点,海珠区,2022-11-09 08:00,无,12,3,无\n",
}


@pytest.fixture
def post(store):
    made = Post(store=store, viewer=store.system())
    before = AT - timedelta(days=9)
    with store.acting(made.viewer, desk="areas", verb="put", why="test", at=before) as act:
        act.put_areas(
            [Area(path=HAIZHU, level="county", name_zh="海珠区", name_en="Haizhu", source="test")]
        )
    zoning.adopt(
        made, Adoption(id="ad", area=PROVINCE, version="cn-covid-9ed", profile="guangdong-2022", at=before), at=before,
    )  # fmt: skip
    return made


@pytest.fixture
def terminal(post, home, monkeypatch, tmp_path):
    monkeypatch.setenv("YIPAN_HOME", str(home))

    def run(name, *words, text=None, at=AT):
        path = tmp_path / f"{name}.csv"
        path.write_text(text or FILES[name], encoding="utf-8")
        return CliRunner().invoke(ingest.app, [str(path), *words, "--at", at.isoformat()])

    return run


def known(post, table):
    with post.store.reading(post.viewer) as record:
        return record.nouns(table)


class TestFilesAboutZones:
    def test_make_a_proposal_with_its_cost_out_of_a_register_and_a_case(self, post, terminal):
        for name in ("register", "cases"):
            done = terminal(name)
            assert done.exit_code == 0, done.output
        zoning.review_zones(post, at=AT, time_zone=CHINA)

        with post.store.reading(post.viewer) as record:
            (proposal,) = commanding.proposals(record, area=HAIZHU, at=AT)
        assert proposal.proposal.kind == "zone.set"
        assert proposal.proposal.cost.residents == 200

    def test_commit_nothing_on_trial_and_nothing_where_a_row_is_wrong(self, post, terminal):
        wrong = FILES["register"] + "海珠区,桃源居,3,many\n"

        assert terminal("register", "--dry-run").exit_code == 0
        done = terminal("register", text=wrong)

        assert done.exit_code == 3
        assert "row 4, column 居住人数: 'many' is not a number" in done.output
        assert known(post, REGISTER) == ()

    def test_are_taken_back_by_their_receipt(self, post, terminal):
        receipt = terminal("register").output.split("Receipt ")[1].split(":")[0]
        assert len(known(post, REGISTER)) == 2

        done = terminal("register", "--undo", receipt, "--why", "of another town")

        assert done.exit_code == 0, done.output
        assert known(post, REGISTER) == ()

    def test_are_read_once(self, terminal):
        terminal("cases")

        assert isinstance(terminal("cases").exception, AlreadyRead)

    def test_tell_the_prohibitions_of_a_checkpoint_nobody_approved(self, post, terminal):
        assert terminal("measures").exit_code == 0, terminal("measures").output
        day.run(post, at=AT, time_zone=CHINA)

        (finding,) = known(post, FINDINGS)
        assert (finding.subject, finding.item) == ("m-1", 8)
        assert len(known(post, MEASURES)) == 1

    def test_refuse_a_measure_whose_terms_its_kind_does_not_understand(self, terminal):
        text = "id,kind,area,since,order_level\nm-1,checkpoint,海珠区,2022-11-09,moon\n"

        done = terminal("measures", text=text)

        assert done.exit_code == 3
        assert "'moon' is no level of command; one of nation, province" in done.output

    def test_name_the_zones_a_roster_may_speak_of(self, post, terminal):
        assert "zones in force: none" in terminal("roster").output
        terms = ZoneTerms(
            place=place(f"{HAIZHU} compound 桃源居"), level="high", name_zh="桃源居", name_en="Taoyuan", disease="covid-19",
        )  # fmt: skip
        line = zoning.line(ZoneChange.SET, "z-1", area=HAIZHU, effective=AT, terms=terms)
        commanding.order(post, area=HAIZHU, lines=(line,), reason="test", at=AT, hands=day.HANDS)

        done = terminal("roster", at=AT + timedelta(hours=1))
        first = known(post, ROSTERS)
        again = terminal("roster", text=FILES["roster"] + "z-1,10,2,\n", at=AT + timedelta(hours=2))
        second = known(post, ROSTERS)

        assert done.exit_code == again.exit_code == 0, done.output + again.output
        assert (len(first[0].people), len(second[0].people)) == (3, 4)
        assert first[0].people < second[0].people
        assert "张三" not in repr(second)


def test_where_cases_lived_is_kept_to_the_minute(post, terminal):
    terminal("cases")

    (found,) = known(post, CASE_PLACES)

    assert found.found == datetime(2022, 11, 10, 8, 30, tzinfo=CHINA)
