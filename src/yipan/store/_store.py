"""The store: one record, opened once, read and written as a viewer."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from yipan.model import (
    FIRST_HASH,
    Act,
    AreaPath,
    Duty,
    Grant,
    User,
    Viewer,
    act_hash,
    check_area,
)
from yipan.store.acting import Acting, digest_of
from yipan.store.migrate import migrate
from yipan.store.record import Connection, Record
from yipan.store.schema import versioned
from yipan.store.server import EmbeddedServer, ServerUnavailable

CLOSE_MOMENTS = timedelta(seconds=5)
POOL_SIZE = 10


class ActInThePast(ValueError):
    """An act would speak for a moment before the newest act of the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenAct:
    """The first act whose content or place in the chain is not what its hash says."""

    number: int
    what: str


class Store:
    """One record. Open it with `Store.open`, read it with `reading`, change it with `acting`."""

    def __init__(
        self,
        conninfo: str,
        *,
        home: Path,
        server: EmbeddedServer | None,
        clock: Callable[[], datetime],
    ) -> None:
        self.conninfo = conninfo
        self.home = home
        """The folder of this deployment: what the record names and does not hold lies below it."""
        self.server = server
        self.committed: dict[str, int] = {}
        """How many acts of each desk were committed through this object: it moves before who made one goes on."""
        self._counting = threading.Lock()
        self._clock = clock
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            conninfo, min_size=1, max_size=POOL_SIZE, configure=_as_application, open=True
        )

    @classmethod
    def open(
        cls, home: Path, *, database_url: str | None = None, clock: Callable[[], datetime]
    ) -> "Store":
        """
        Open the record: start or find the embedded server under `home`, or reach `database_url`; migrate it.

        `clock` is asked only for the moment an act is written down. Raises ServerUnavailable.
        """
        server = None
        if database_url is None:
            server = EmbeddedServer(home=home)
            server.start()
            conninfo = server.conninfo()
        else:
            conninfo = database_url
        try:
            migrate(conninfo)
        except psycopg.OperationalError as failure:
            raise ServerUnavailable(
                f"the record cannot be reached: {str(failure).strip()}"
            ) from None
        return cls(conninfo, home=home, server=server, clock=clock)

    def close(self) -> None:
        """Give back every connection; an embedded server goes on for others and for the next start."""
        self._pool.close()

    def top(self) -> AreaPath | None:
        """The path of the top area, None while the record holds no areas."""
        with self.keeper() as connection:
            row = connection.execute(
                "select path from area where known_until is null order by length(path), path limit 1"
            ).fetchone()
        return AreaPath(row[0]) if row else None

    def system(self, area: AreaPath | None = None) -> Viewer:
        """Return the viewer as whom the daily round of the whole record works."""
        found = area or self.top()
        if found is None:
            raise LookupError("the record holds no areas yet; begin with a pack")
        return Viewer(user="system", duty=Duty.COMMANDER, area=found)

    @contextmanager
    def reading(
        self, viewer: Viewer, *, known_at: datetime | None = None, one_plan: bool = False
    ) -> Iterator[Record]:
        """
        Read as `viewer`, everything as known at `known_at` (now where None).

        With `one_plan` the plan of a question once made serves whatever it asks for: quicker where every question is
        answered by an index of its own, as one address is; wrong where the area alone says what is asked.
        """
        with self._pool.connection() as connection, connection.transaction():
            _scope(connection, viewer, one_plan=one_plan)
            yield Record(
                connection=connection, viewer=viewer, known_at=known_at, one_plan=one_plan,
                apart=lambda: self._apart(viewer),
            )  # fmt: skip

    @contextmanager
    def _apart(self, viewer: Viewer) -> Iterator[Connection]:
        """A transaction of its own as `viewer`, not from the pool: whoever asks for it may hold one of those."""
        with psycopg.connect(self.conninfo) as connection:
            _as_application(connection)
            with connection.transaction():
                _scope(connection, viewer)
                yield connection

    @contextmanager
    def acting(
        self,
        viewer: Viewer,
        *,
        desk: str,
        verb: str,
        why: str,
        at: datetime,
        rule: str = "",
        subject: str = "",
        area: AreaPath | None = None,
    ) -> Iterator[Acting]:
        """
        Change the record as one act that speaks for the moment `at`.

        Acts never go back: one that would lie before the newest by up to five seconds speaks for the newest's
        moment instead (two clocks), any earlier raises ActInThePast. Raises NotYourArea.
        """
        place = area or viewer.area
        check_area(viewer, place)
        with self._pool.connection() as connection, connection.transaction():
            locked = connection.execute(
                "select set_config('yipan.scope', %s, true), number, at, hash from chain_lock()",
                (viewer.scope,),
            ).fetchone()
            assert locked is not None
            head = locked[1:]
            number, newest, previous = int(head[0]) + 1, head[1], str(head[2])
            moment = at.astimezone(UTC)
            if newest is not None and moment < newest:
                if newest - moment > CLOSE_MOMENTS:
                    raise ActInThePast(
                        f"an act of {at.isoformat()} would lie before the newest act of {newest.isoformat()}; "
                        "the record never goes back"
                    )
                moment = newest.astimezone(UTC)
            act = Acting(
                connection=connection, viewer=viewer, number=number, moment=moment,
                apart=lambda: self._apart(viewer),
            )  # fmt: skip
            yield act
            content = {
                "number": number, "at": moment, "recorded": self._clock().astimezone(UTC),
                "user": viewer.user, "duty": viewer.duty.value, "desk": desk, "verb": verb, "area": place,
                "subject": subject, "rule": rule, "why": why, "digest": act.digest(), "previous": previous,
            }  # fmt: skip
            mark = act_hash(**content)
            connection.execute(
                'insert into act (number, at, recorded, "user", duty, desk, verb, area, subject, rule, why, digest, '
                "previous, hash) values (%(number)s, %(at)s, %(recorded)s, %(user)s, %(duty)s, %(desk)s, %(verb)s, "
                "%(area)s, %(subject)s, %(rule)s, %(why)s, %(digest)s, %(previous)s, %(hash)s)",
                {**content, "hash": mark},
            )
            connection.execute(
                "select chain_move(%s, %s, %s), pg_notify('yipan_acts', %s)",
                (number, moment, mark, f"{number} {desk}"),
            )
        with self._counting:
            self.committed[desk] = self.committed.get(desk, 0) + 1

    def founder(self, area: AreaPath) -> Viewer:
        """Return the viewer who may begin an empty record whose top area will be `area`."""
        if self.top() not in {None, area}:
            raise ValueError(f"the record already has the top area {self.top()}")
        return Viewer(user="system", duty=Duty.COMMANDER, area=area)

    def find_user(self, name: str) -> tuple[User, str] | None:
        """Return a user with their duties and the hash kept of their password, None where there is none."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "select name, shown_as, password from user_find(%s)", (name,)
            ).fetchone()
            if row is None:
                return None
            grants = connection.execute("select * from user_grants(%s)", (name,)).fetchall()
        held = tuple(
            Grant(user=name, duty=Duty(duty), area=AreaPath(area), since=since, until=until)
            for duty, area, since, until in grants
        )
        return User(name=row[0], shown_as=row[1], grants=held), str(row[2])

    def open_session(self, token: str, viewer: Viewer, *, since: datetime, until: datetime) -> None:
        """Keep a log-in under the hash of its token."""
        with self._pool.connection() as connection:
            connection.execute(
                "select session_open(%s, %s, %s, %s, %s, %s)",
                (token, viewer.user, viewer.duty.value, viewer.area, since, until),
            )

    def find_session(self, token: str, *, at: datetime) -> Viewer | None:
        """Return as whom the holder of a token works, None where it is unknown or has ended."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "select name, duty, area from session_find(%s, %s)", (token, at)
            ).fetchone()
        return Viewer(user=row[0], duty=Duty(row[1]), area=AreaPath(row[2])) if row else None

    def close_session(self, token: str) -> None:
        """End a log-in."""
        with self._pool.connection() as connection:
            connection.execute("select session_close(%s)", (token,))

    @contextmanager
    def keeper(self) -> Iterator[Connection]:
        """A connection that sees every row: for proof, backup and migration only, never for a door."""
        with psycopg.connect(self.conninfo) as connection:
            connection.execute("set timezone to 'UTC'")
            yield connection

    def verify(self) -> BrokenAct | None:
        """
        Walk the chain of acts and recompute what each wrote; return the first that is not as it should be.

        None means: every act is there, in order, with the content its hash was made of, and every row an act
        wrote is the row it wrote.
        """
        tables = sorted(versioned())
        hidden = {"user_version", "duty_grant"}
        with self.keeper() as connection:
            rows = connection.cursor(row_factory=dict_row).execute(
                'select number, at, recorded, "user", duty, desk, verb, area, subject, rule, why, digest, '
                "previous, hash from act order by number"
            )
            previous, expected = FIRST_HASH, 1
            for row in rows:
                act = Act(**row)
                if act.number != expected:
                    return BrokenAct(number=expected, what="is missing")
                if act.previous != previous or act.expected_hash() != act.hash:
                    return BrokenAct(number=act.number, what="is not what its hash says")
                if (
                    digest_of(connection, act.number, [t for t in tables if t not in hidden])
                    != act.digest
                ):
                    return BrokenAct(number=act.number, what="wrote other rows than are there")
                previous, expected = act.hash, expected + 1
            head = connection.execute("select number, hash from chain_head").fetchone()
        if head is None or (int(head[0]), str(head[1])) != (expected - 1, previous):
            return BrokenAct(number=expected, what="is missing at the end of the chain")
        return None


def _as_application(connection: psycopg.Connection[Any]) -> None:
    connection.autocommit = True
    connection.execute("set timezone to 'UTC'")
    connection.execute("set role yipan_app")


def _scope(connection: psycopg.Connection[Any], viewer: Viewer, *, one_plan: bool = False) -> None:
    """Say in a transaction what may be seen, and that plans once made serve whatever is asked (`one_plan`)."""
    if one_plan:
        connection.execute(
            "select set_config('yipan.scope', %s, true), set_config('plan_cache_mode', 'force_generic_plan', true)",
            (viewer.scope,),
        )
    else:
        connection.execute("select set_config('yipan.scope', %s, true)", (viewer.scope,))
