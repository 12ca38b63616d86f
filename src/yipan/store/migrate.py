"""Brings a record's schema to the one this version of Yipan writes."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def migrate(conninfo: str) -> str:
    """
    Run every step the record lacks, holding one lock so that two starts do it once; return the revisions.

    Every desk's tables are a branch of their own, so there are several newest steps, told in order.
    """
    import psycopg

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


def newest_revision() -> str:
    """The newest revision of every branch this version of Yipan writes, in order."""
    return " ".join(sorted(ScriptDirectory.from_config(_config()).get_heads()))
