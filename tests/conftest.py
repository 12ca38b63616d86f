"""What every test shares: laws judged by truth and not by the clock of a busy machine; a record of its own."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from places import GUANGZHOU, PROVINCE, SHENZHEN, TENTH, clock

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


BLANK = "yipan_blank"
"""The empty database, migrated once, of which every test's record begins as a copy."""


@pytest.fixture(scope="session")
def blank(tmp_path_factory) -> Path:
    """
    The home of an embedded record with an empty, migrated database and a copy of it, stopped: others begin as its copy.

    Making a cluster and running every migration takes seconds, copying them does not. These servers do not wait for
    the disk, because no test cuts the power; those of `test_faults` begin for themselves and do.
    """
    import psycopg

    from yipan.store import Store

    home = tmp_path_factory.mktemp("blank") / "home"
    store = Store.open(home, clock=clock)
    store.close()
    with psycopg.connect(store.server.conninfo("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {BLANK} template yipan")
        connection.execute("alter system set fsync = off")
    store.server.stop()
    return home


def begin_as_copy(blank: Path, home: Path) -> None:
    """Begin a home as a copy of a stopped one, owners and rights with it: the server insists on them."""
    subprocess.run(["cp", "-a", str(blank), str(home)], check=True)  # cp of the machine


@pytest.fixture(scope="module")
def home(blank, tmp_path_factory) -> Path:
    """A folder that holds the embedded record of this module's tests."""
    folder = tmp_path_factory.mktemp("record") / "home"
    begin_as_copy(blank, folder)
    return folder


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
        connection.execute(f"create database yipan template {BLANK}")
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
