"""The text in force in an area: by adoption, by its own date, with what was settled and by whose act."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from places import GUANGZHOU, PROVINCE, TENTH
from yipan.model import Adoption, Duty, NotYourArea, Viewer, area_path
from yipan.operations import protocol, zoning
from yipan.operations.post import Post

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

CHINA = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)


@pytest.fixture
def post(store):
    return Post(store=store, viewer=store.system())


def adopt(post, version, since, *, area=PROVINCE, at=None):
    adoption = Adoption(
        id=f"ad-{area}{version}", area=area, version=version, profile="guangdong-2022", at=since
    )
    zoning.adopt(post, adoption, at=at or since)


def here(post, at, *, known_at=None, area=GUANGZHOU, viewer=None):
    with post.store.reading(viewer or post.viewer, known_at=known_at) as record:
        return protocol.here(record, area=area, at=at.astimezone(CHINA))


class TestHere:
    def test_holds_nothing_where_nobody_adopted_anything(self, post):
        found = here(post, TENTH)

        assert found.text is None
        assert found.choices == ()
        assert found.in_effect == "cn-covid-9ed"

    def test_holds_what_the_command_above_adopted_until_the_next(self, post):
        adopt(post, "cn-covid-9ed", TENTH - 5 * DAY)
        adopt(post, "cn-covid-20m", TENTH + DAY)

        found = here(post, TENTH + 2 * DAY)

        assert found.text.id == "cn-covid-20m"
        assert [(one.version, one.until, one.holds) for one in found.adopted] == [
            ("cn-covid-9ed", TENTH + DAY, False), ("cn-covid-20m", None, True),
        ]  # fmt: skip
        assert found.adopted[1].by == post.viewer.user

    def test_is_what_was_known_then(self, post):
        adopt(post, "cn-covid-9ed", TENTH - 5 * DAY)
        adopt(post, "cn-covid-20m", TENTH + DAY)

        assert here(post, TENTH + 2 * DAY, known_at=TENTH).text.id == "cn-covid-9ed"

    def test_names_a_newer_text_in_effect_that_was_not_adopted(self, post):
        adopt(post, "cn-covid-9ed", TENTH - 5 * DAY)

        found = here(post, datetime(2022, 11, 15, tzinfo=CHINA))

        assert (found.text.id, found.in_effect) == ("cn-covid-9ed", "cn-covid-20m")

    def test_prefers_what_the_area_adopted_itself(self, post):
        adopt(post, "cn-covid-9ed", TENTH - 5 * DAY)
        adopt(post, "cn-covid-20m", TENTH + DAY, area=GUANGZHOU)

        assert here(post, TENTH + 2 * DAY).text.id == "cn-covid-20m"
        assert here(post, TENTH + 2 * DAY, area=PROVINCE).text.id == "cn-covid-9ed"

    def test_is_told_to_those_who_command_the_area(self, post):
        shenzhen = Viewer(user="s", duty=Duty.COMMANDER, area=area_path("44.4403."))

        with pytest.raises(NotYourArea):
            here(post, TENTH, viewer=shenzhen)
