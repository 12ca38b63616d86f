"""Settings: read from the environment once, at a door, and handed down from there."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    What a deployment chooses.

    `home` holds the embedded record and its sockets' password; `database_url` names any other PostgreSQL 18
    and switches the embedded one off. `time_zone` is the one moments without an offset are read in at
    the doors. `pack` names the province. `behind` is how far the record's present lies behind this machine's
    clock: zero, except where the record is a demonstration of days gone by (see `set_present`). `timer_seconds` is
    after how long at the latest a served board looks at the clocks of zones again, 0 where it shall not.
    """

    home: Path
    database_url: str | None = None
    pack: str = "guangdong"
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    host: str = "127.0.0.1"
    port: int = 8100
    behind: timedelta = timedelta(0)
    timer_seconds: float = 60.0
    oidc_issuer: str | None = None
    oidc_client: str | None = None
    oidc_secret: str | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """
        Read the YIPAN_* variables; what is not set keeps its default.

        >>> Settings.read({"YIPAN_PORT": "8200"}).port
        8200
        """
        found = os.environ if environment is None else environment
        port = found.get("YIPAN_PORT", "8100")
        if not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError(f"YIPAN_PORT is {port!r}; expected a port between 1 and 65535")
        home = Path(found.get("YIPAN_HOME", ".yipan")).absolute()
        timer = found.get("YIPAN_TIMER", "60")
        if not timer.isdecimal() or int(timer) > 86_400:
            raise ValueError(
                f"YIPAN_TIMER is {timer!r}; expected whole seconds between looks at the clocks, at most 86400, or 0 for none"
            )
        return cls(
            home=home,
            database_url=found.get("YIPAN_DATABASE_URL") or None,
            pack=found.get("YIPAN_PACK", "guangdong"),
            time_zone=ZoneInfo(found.get("YIPAN_TIME_ZONE", "Asia/Shanghai")),
            host=found.get("YIPAN_HOST", "127.0.0.1"),
            port=int(port),
            behind=_behind(home),
            timer_seconds=float(timer),
            oidc_issuer=found.get("YIPAN_OIDC_ISSUER") or None,
            oidc_client=found.get("YIPAN_OIDC_CLIENT") or None,
            oidc_secret=found.get("YIPAN_OIDC_SECRET") or None,
        )

    def now(self) -> datetime:
        """
        Return the record's present, by this machine's clock; nothing below the doors asks it.

        >>> early = Settings(home=Path("/srv/yipan"), behind=timedelta(days=1400))
        >>> round((datetime.now(UTC) - early.now()) / timedelta(days=1))
        1400
        """
        return datetime.now(UTC) - self.behind

    @property
    def demonstration(self) -> bool:
        """Whether the record is a demonstration: its present is not the world's."""
        return self.behind > timedelta(0)


CLOCK = "clock.json"


def set_present(home: Path, moment: datetime) -> timedelta:
    """
    Let the clock of the record in `home` go on from `moment`, and return how far it lies behind this machine's.

    For demonstrations: what the record speaks of is then due and late as it was on its day, not years later. A moment
    that is not behind leaves the clock alone. The distance is kept in `home` and read by every door.
    """
    behind = max(datetime.now(UTC) - moment, timedelta(0))
    home.mkdir(parents=True, exist_ok=True)
    draft = home / f"{CLOCK}.new"
    draft.write_text(json.dumps({"behind_seconds": behind.total_seconds()}), encoding="utf-8")
    draft.replace(home / CLOCK)
    return behind


def _behind(home: Path) -> timedelta:
    place = home / CLOCK
    try:
        text = place.read_text(encoding="utf-8")
    except FileNotFoundError:
        return timedelta(0)
    try:
        seconds = json.loads(text)["behind_seconds"]
        if not isinstance(seconds, int | float) or not math.isfinite(seconds) or seconds < 0:
            raise ValueError(seconds)
        return timedelta(seconds=seconds)
    except (ValueError, KeyError, TypeError, OverflowError):
        raise ValueError(
            f'{place} says {text[:80]!r}; expected {{"behind_seconds": a number of seconds, not negative}}; '
            "delete the file to let the record run on this machine's clock"
        ) from None
