"""Users: who works at the board, with which duties, where, and from when."""

import re
from datetime import datetime

from yipan.model import (
    AreaPath,
    Duty,
    Grant,
    Power,
    User,
    Viewer,
    area_path,
    check_area,
    check_may,
    sentinel_at,
)
from yipan.operations.post import Post
from yipan.store import Store

LEAST_PASSWORD = 10
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,40}")


__all__ = [
    "WrongPassword",
    "add",
    "administrator",
    "area_path",
    "check_password",
    "hash_password",
    "viewer_of",
]


class WrongPassword(PermissionError):
    """No such user, or not this password; which of the two is not said."""


def add(
    post: Post, *, name: str, shown_as: str, password: str, duty: Duty, area: AreaPath, at: datetime
) -> User:
    """
    Add a user with one duty in one area; the area must lie in the one the post commands.

    Raises ValueError for a name or password that will not do, NotAllowed or NotYourArea.
    """
    check_may(post.viewer, Power.MANAGE_USERS)
    check_area(post.viewer, area)
    if (duty is Duty.SENTINEL) != (sentinel_at(area) is not None):
        raise ValueError(
            f"{duty.value} in {area} will not do; the duty of a sentinel is held at the place of one sentinel, every other in an area"
        )
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"user name {name!r} will not do; expected 2 to 41 lower-case letters, digits, dots or hyphens"
        )
    if len(password) < LEAST_PASSWORD:
        raise ValueError(
            f"the password has {len(password)} characters; at least {LEAST_PASSWORD} are needed"
        )
    grant = Grant(user=name, duty=duty, area=area, since=at)
    user = User(name=name, shown_as=shown_as, grants=(grant,))
    with post.store.acting(
        post.viewer, desk="users", verb="add_user", subject=name, area=area,
        why=f"{duty.value} in {area}", at=at,
    ) as act:  # fmt: skip
        act.put_user(user, password_hash=hash_password(password))
    return user


def hash_password(password: str) -> str:
    """Return the Argon2 hash that is kept instead of a password."""
    from argon2 import PasswordHasher

    return PasswordHasher().hash(password)


_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$Zm9yLW5vYm9keS1hdC1hbGwtaGVyZS0wMDAwMDA"
)


def check_password(store: Store, user: str, password: str, *, at: datetime) -> User:
    """Return the user with the grants in force at `at`, or raise WrongPassword after the same work."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    found = store.find_user(user)
    kept = found[1] if found else _NOBODY
    try:
        PasswordHasher().verify(kept, password)
    except (VerificationError, InvalidHashError):
        raise WrongPassword("no such user, or not this password") from None
    if found is None:
        raise WrongPassword("no such user, or not this password")
    known = found[0]
    return User(
        name=known.name,
        shown_as=known.shown_as,
        grants=tuple(grant for grant in known.grants if grant.in_force(at)),
    )


def viewer_of(user: User, *, wanted: str | None = None) -> Viewer:
    """
    Return the viewer of one of a user's grants: the widest area, or the one named as `duty:area`.

    Raises WrongPassword where the user holds no such duty.
    """
    held = sorted(user.grants, key=lambda grant: (len(grant.area), grant.duty.value))
    for grant in held:
        if wanted is None or wanted == f"{grant.duty.value}:{grant.area}":
            return Viewer(user=user.name, duty=grant.duty, area=grant.area)
    raise WrongPassword(f"{user.name} holds no duty {wanted or 'at present'}")


def administrator(system: Viewer) -> Viewer:
    """Return the viewer as whom whoever holds the machine adds the first users of its record."""
    return Viewer(user=system.user, duty=Duty.ADMINISTRATOR, area=system.area)
