"""The outlook: how fast it spreads now, and what is likely to come."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from yipan.analytics.outlook import reproduction as cori
from yipan.model import (
    AreaPath,
    Estimate,
    EstimateState,
    Power,
    ReproductionNumber,
    check_area,
    check_may,
)
from yipan.operations import figures
from yipan.operations.post import Post
from yipan.store import Record

DESK = "outlook"
WINDOW_DAYS = 7
HISTORY_DAYS = 60
RENEWED_DAYS = 14
SERIAL_INTERVAL_DAYS = 2.7
"""Mean serial interval of Omicron BA.5 (2.7 days, interval 2.1 to 3.6, as reviewed for the autumn of 2022)."""
SERIAL_INTERVAL_SD_DAYS = 1.8
"""Two thirds of the mean: an assumption of this project, stated beside every estimate; no source gives it."""


def estimate_reproduction(post: Post, *, at: datetime, time_zone: ZoneInfo) -> int:
    """Estimate R of every area that publishes infections over the newest windows, record it, say how many."""
    check_may(post.viewer, Power.RUN_ROUND)
    until = at.astimezone(time_zone).date()
    since = until - timedelta(days=HISTORY_DAYS)
    with post.store.acting(
        post.viewer, desk=DESK, verb="estimate_reproduction",
        rule=f"Cori, window {WINDOW_DAYS} d, serial interval {SERIAL_INTERVAL_DAYS} d sd {SERIAL_INTERVAL_SD_DAYS} d",
        why=f"round of {at.astimezone(time_zone):%Y-%m-%d %H:%M}", at=at,
    ) as act:  # fmt: skip
        numbers = [
            number
            for number in province_reproduction(act, under=post.area, since=since, until=until)
            if number.until > until - timedelta(days=RENEWED_DAYS)
        ]
        act.put_reproduction(numbers)
    return sum(1 for number in numbers if number.estimate is not None)


def province_reproduction(
    record: Record, *, under: AreaPath, since: date, until: date
) -> tuple[ReproductionNumber, ...]:
    """Return R of every area under `under` that publishes infections, window by window, the whole at once."""
    found = figures.daily(record, figures.Figure.INFECTIONS, under=under, since=since, until=until)
    reported = [day for _, day in found.values]
    if not reported:
        return ()
    first, days = min(reported), (until - min(reported)).days
    areas = found.areas
    counts = np.array(
        [
            [_number(found.of(area, first + timedelta(days=i))) for i in range(days)]
            for area in areas
        ]
    )
    interval = cori.discretised_serial_interval(
        mean_days=SERIAL_INTERVAL_DAYS, sd_days=SERIAL_INTERVAL_SD_DAYS, last_lag=days
    )
    table = cori.reproduction_table(counts, interval, window_days=WINDOW_DAYS)
    low, middle, high = table.quantiles((0.025, 0.5, 0.975))
    states = table.states()
    numbers = []
    for row, area in enumerate(areas):
        for column, (begin, end) in enumerate(zip(table.since, table.until, strict=True)):
            window = counts[row, begin:end]
            state = EstimateState(str(states[row, column].value))
            numbers.append(
                ReproductionNumber(
                    area=area,
                    since=first + timedelta(days=int(begin)),
                    until=first + timedelta(days=int(end)),
                    state=state,
                    estimate=Estimate(
                        value=float(middle[row, column]),
                        low=float(low[row, column]),
                        high=float(high[row, column]),
                    )
                    if state is EstimateState.ESTIMATED
                    else None,
                    cases=int(np.nansum(window)),
                    missing_days=int(np.isnan(window).sum()),
                )
            )
    return tuple(numbers)


def reproduction(
    record: Record, *, area: AreaPath, since: date, until: date
) -> tuple[ReproductionNumber, ...]:
    """Return what the rounds recorded of R in `area`, by area and by the last day of the window."""
    check_area(record.viewer, area)
    return record.reproduction(under=area, since=since, until=until)


def _number(count: int | None) -> float:
    return float("nan") if count is None else float(count)
