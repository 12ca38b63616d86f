"""What every test shares: laws judged by truth and not by the clock of a busy machine; a record of its own."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from places import GUANGZHOU, PROVINCE, SHENZHEN, TENTH, clock

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A folder that holds the embedded record of this module's tests."""
    return tmp_path_factory.mktemp("record") / "home"


@pytest.fixture(scope="module")
def server(home):
    """The embedded server of this module's tests, stopped at their end."""
    from yipan.store import Store

    store = Store.open(home, clock=clock)
    yield store.server
    store.close()
    store.server.stop()


@pytest.fixture
def store(server, home):
    """An empty record with Guangdong, Guangzhou and Shenzhen, known since nine days before the tenth."""
    import psycopg

    from yipan.model import Area
    from yipan.store import Store

    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        connection.execute("drop database if exists yipan with (force)")
        connection.execute("create database yipan")
    opened = Store.open(home, clock=clock)
    founder = opened.founder(PROVINCE)
    with opened.acting(
        founder, desk="areas", verb="put", why="test", at=TENTH - timedelta(days=9)
    ) as act:
        act.put_areas(
            Area(path=path, level=level, name_zh=zh, name_en=en, source="test")
            for path, level, zh, en in (
                (PROVINCE, "province", "广东省", "Guangdong"),
                (GUANGZHOU, "city", "广州市", "Guangzhou"),
                (SHENZHEN, "city", "深圳市", "Shenzhen"),
            )
        )
    yield opened
    opened.close()
