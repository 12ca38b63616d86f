"""Brings a record's schema to the one this version of Yipan writes."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from alembic.config import Config

VERSIONS = Path(__file__).parent / "migrations" / "versions"
_TOLD = re.compile(r"^(revision|down_revision) = (.+)$", re.MULTILINE)
_NAME = re.compile(r"[\"']([^\"']+)[\"']")


def migrate(conninfo: str) -> str:
    """
    Run every step the record lacks, holding one lock so that two starts do it once; return the revisions.

    Every desk's tables are a branch of their own, so there are several newest steps, told in order. A record
    that has them all is only looked at: most starts need nothing, and the tool that runs steps takes a second
    to load.
    """
    newest = newest_revision()
    if _revision_of(conninfo) == newest:
        return newest
    return _run(conninfo)


def newest_revision() -> str:
    """The newest revision of every branch this version of Yipan writes, in order, read from the steps' own files."""
    known: set[str] = set()
    followed: set[str] = set()
    for step in VERSIONS.glob("*.py"):
        told = dict(_TOLD.findall(step.read_text(encoding="utf-8")))
        known.update(_NAME.findall(told.get("revision", "")))
        followed.update(_NAME.findall(told.get("down_revision", "")))
    return " ".join(sorted(known - followed))


def _revision_of(conninfo: str) -> str:
    with psycopg.connect(conninfo) as connection:
        found = connection.execute("select to_regclass('public.alembic_version')").fetchone()
        if found is None or found[0] is None:
            return ""
        rows = connection.execute("select version_num from public.alembic_version").fetchall()
    return " ".join(sorted(row[0] for row in rows))


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    return config


def _run(conninfo: str) -> str:
    from alembic import command
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=NullPool
    )
    config = _config()
    with engine.connect() as connection:
        connection.exec_driver_sql("select pg_advisory_lock(719100)")
        connection.commit()
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")
        connection.commit()
        connection.exec_driver_sql("select pg_advisory_unlock(719100)")
        return " ".join(sorted(MigrationContext.configure(connection).get_current_heads()))
