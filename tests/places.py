"""The places and moments most tests speak of."""

from datetime import UTC, datetime

from yipan.model import area_path

TENTH = datetime(2022, 11, 10, 2, tzinfo=UTC)
"""Ten in the morning of 10 November 2022 in Guangdong."""
PROVINCE, GUANGZHOU, SHENZHEN = area_path("44."), area_path("44.4401."), area_path("44.4403.")


def clock() -> datetime:
    return datetime(2022, 12, 1, tzinfo=UTC)
