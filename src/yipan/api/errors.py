"""Where a failure becomes an answer: one table for the web door's status and the command line's exit code."""

import importlib
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What a failure is called, the status it has on the web and the code the command line leaves with."""

    code: str
    status: int
    exit: int


class BadInput(ValueError):
    """A value that was asked with cannot be meant; `where` names the parameter."""

    def __init__(self, message: str, *, where: str = "") -> None:
        super().__init__(message)
        self.where = where


class AskedWrongly(ValueError):
    """The question itself is malformed: not the values in it, but how it was put."""


class NotLoggedIn(PermissionError):
    """Nobody is logged in, or the log-in has ended."""


class ForeignOrigin(PermissionError):
    """A page of another origin tried to change something in the name of who is logged in here."""


class TooManyTries(PermissionError):
    """Too many log-ins failed lately from this address or for this user."""


TABLE: tuple[tuple[str, str, Failure], ...] = (
    ("yipan.model", "NotYourArea", Failure(code="not_your_area", status=403, exit=4)),
    ("yipan.model", "NotAllowed", Failure(code="not_allowed", status=403, exit=4)),
    ("yipan.model", "WrongStep", Failure(code="wrong_step", status=409, exit=3)),
    ("yipan.api.errors", "NotLoggedIn", Failure(code="not_logged_in", status=401, exit=4)),
    ("yipan.api.errors", "ForeignOrigin", Failure(code="foreign_origin", status=403, exit=4)),
    ("yipan.api.errors", "TooManyTries", Failure(code="too_many_tries", status=429, exit=4)),
    ("yipan.operations.users", "WrongPassword", Failure(code="wrong_password", status=401, exit=4)),
    ("yipan.api.errors", "AskedWrongly", Failure(code="asked_wrongly", status=400, exit=2)),
    ("yipan.api.errors", "BadInput", Failure(code="bad_input", status=422, exit=3)),
    ("yipan.store", "ActInThePast", Failure(code="act_in_the_past", status=409, exit=3)),
    ("yipan.store", "NotFound", Failure(code="not_found", status=404, exit=5)),
    ("yipan.store", "ServerUnavailable", Failure(code="record_unavailable", status=503, exit=6)),
    ("yipan.store.lake", "DamagedLake", Failure(code="lake_damaged", status=503, exit=6)),
    ("yipan.api.oidc", "NoProvider", Failure(code="no_provider", status=404, exit=5)),
    ("yipan.api.oidc", "ProviderFailed", Failure(code="provider_failed", status=503, exit=6)),
    (
        "yipan.operations.outbreak_files",
        "AlreadyImported",
        Failure(code="already_read", status=409, exit=3),
    ),
    ("yipan.operations.reports", "NoFont", Failure(code="no_font", status=503, exit=6)),
    ("psycopg_pool", "PoolTimeout", Failure(code="record_unavailable", status=503, exit=6)),
    ("psycopg", "DataError", Failure(code="bad_input", status=422, exit=3)),
    ("psycopg.errors", "DiskFull", Failure(code="disk_full", status=503, exit=6)),
    ("psycopg", "OperationalError", Failure(code="record_unavailable", status=503, exit=6)),
    ("builtins", "FileNotFoundError", Failure(code="not_found", status=404, exit=5)),
    ("builtins", "IsADirectoryError", Failure(code="bad_input", status=422, exit=3)),
    ("builtins", "LookupError", Failure(code="not_found", status=404, exit=5)),
    ("builtins", "ValueError", Failure(code="bad_input", status=422, exit=3)),
    ("builtins", "PermissionError", Failure(code="not_allowed", status=403, exit=4)),
)
"""Every failure the doors know, the particular before the general: where it is defined, its name, its answer."""

UNEXPECTED = Failure(code="unexpected", status=500, exit=1)
"""What nobody foresaw: the web says no more than that; the command line shows where it happened."""


def failure_of(error: BaseException) -> Failure:
    """
    Return what a failure is called and answered with.

    Types are compared by name along the line of descent, so that asking costs no import.

    >>> from yipan.model import NotYourArea
    >>> failure_of(NotYourArea("44.4403. lies outside 44.4401.")).status
    403
    >>> failure_of(KeyError("a mistake of ours")).code
    'unexpected'
    """
    kind: Any = type(error)
    return _failure_of_type(kind)


@cache
def _failure_of_type(kind: Any) -> Failure:
    line = {(ancestor.__name__, ancestor.__module__.partition(".")[0]) for ancestor in kind.__mro__}
    if issubclass(kind, KeyError | IndexError) and kind.__module__ == "builtins":
        return UNEXPECTED
    for module, name, failure in TABLE:
        if (name, module.partition(".")[0]) in line:
            return failure
    return UNEXPECTED


def exit_code_of(error: BaseException) -> int | None:
    """
    Return the exit code of a failure somebody outside can mend, None for a mistake of ours.

    >>> exit_code_of(BadInput("31 February is not a day")), exit_code_of(ZeroDivisionError())
    (3, None)
    """
    found = failure_of(error)
    return None if found is UNEXPECTED else found.exit


def error_body(error: BaseException) -> dict[str, Any]:
    """
    Return the one shape in which the web door tells a failure.

    >>> error_body(BadInput("31 February is not a day", where="day"))["error"]["where"]
    'day'
    """
    found = failure_of(error)
    if found is UNEXPECTED:
        message = "something failed here that should not have; the server's log says what"
    elif found.code == "record_unavailable":
        message = "the record cannot be reached at the moment"
    elif found.code == "disk_full":
        message = "the disk of the record is full; nothing of this was kept"
    else:
        message = str(error)
    return told(found.code, message, where=getattr(error, "where", ""))


def told(code: str, message: str, *, where: str = "") -> dict[str, Any]:
    """Return the error shape from its parts."""
    return {"error": {"code": code, "message": message, "where": where}}


def known_types() -> tuple[type[BaseException], ...]:
    """Return the types the table names, imported: the proof that each of them exists."""
    return tuple(getattr(importlib.import_module(module), name) for module, name, _ in TABLE)
