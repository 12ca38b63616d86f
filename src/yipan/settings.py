"""Settings: read from the environment once, at a door, and handed down from there."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    What a deployment chooses.

    `home` holds the embedded record and its sockets' password; `database_url` names any other PostgreSQL 18
    and switches the embedded one off. `time_zone` is the one moments without an offset are read in at
    the doors. `pack` names the province.
    """

    home: Path
    database_url: str | None = None
    pack: str = "guangdong"
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    host: str = "127.0.0.1"
    port: int = 8100
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
        return cls(
            home=Path(found.get("YIPAN_HOME", ".yipan")).absolute(),
            database_url=found.get("YIPAN_DATABASE_URL") or None,
            pack=found.get("YIPAN_PACK", "guangdong"),
            time_zone=ZoneInfo(found.get("YIPAN_TIME_ZONE", "Asia/Shanghai")),
            host=found.get("YIPAN_HOST", "127.0.0.1"),
            port=int(port),
            oidc_issuer=found.get("YIPAN_OIDC_ISSUER") or None,
            oidc_client=found.get("YIPAN_OIDC_CLIENT") or None,
            oidc_secret=found.get("YIPAN_OIDC_SECRET") or None,
        )
