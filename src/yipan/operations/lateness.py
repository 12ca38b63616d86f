"""How complete the newest days are: learned from the versions the record keeps of days now complete."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta, tzinfo

import numpy as np
import polars as pl

from yipan.analytics.detect.baseline import sibling_key
from yipan.analytics.outlook.nowcast import nowcast, reporting_triangle
from yipan.model import AreaPath, CountSeries, Interval
from yipan.store import Record

LEARNED_DAYS = 63
"""Days whose versions are read: what came late for them says what will come late for the newest."""
MOST_DELAY = 14
"""Days after which a day is taken to be complete."""
MOST_FIRST = 7
"""A day first reported so many days after its end, or together with more days of its stream, was handed in as a past."""
LEAST_VERSIONED_DAYS = 14
"""Days whose first report was kept from which a delay is believed; a past handed in at once says nothing of delays."""

Completeness = Mapping[str, tuple[float, ...]]
"""By what is counted (`sibling_key`): the share already known of the newest day, of the day before, and so on."""


def completeness(
    record: Record,
    series: Sequence[CountSeries],
    *,
    under: AreaPath,
    until: date,
    time_zone: tzinfo,
) -> Completeness:
    """
    Return what share of the newest days of each kind of daily stream is known by now, at most 1.

    Lawless's reverse-time hazards by the nowcast of `analytics.outlook`, all streams that count the same thing taken
    together. A day first known more than a week after its end, or in one act with more than a week of its stream, was handed in as a past and does not
    speak: the days before a record was begun would look late for ever. Kinds
    whose reports are complete when they come are left out.
    """
    daily = [one for one in series if one.stream.interval is Interval.DAY]
    kinds = {one.stream.key: sibling_key(one) for one in daily}
    counted = sorted({one.stream.counted for one in daily})
    if not counted:
        return {}
    since = until - timedelta(days=LEARNED_DAYS)
    rows = record.count_versions(under=under, since=since, until=until, counted=counted)
    found: dict[str, tuple[float, ...]] = {}
    if not rows.height:
        return found
    known = pl.col("known_from").dt.convert_time_zone(str(time_zone)).dt.date()
    keyed = rows.filter(pl.col("stream").is_in(list(kinds))).with_columns(
        # the rows come sorted: numbers for the streams are cheaper than their names
        place=((pl.col("area") != pl.col("area").shift()) | (pl.col("stream") != pl.col("stream").shift()))
        .fill_null(value=True).cum_sum(),
        kind=pl.col("stream").replace_strict(kinds, return_dtype=pl.String),
        at=(pl.col("day") - since).dt.total_days(),
        # a report is due when its day has ended: one that comes the next morning is not late
        delay=pl.max_horizontal(0, (pl.min_horizontal(known, until) - pl.col("day")).dt.total_days() - 1),
        act=pl.col("known_from").rank("dense"),
    )  # fmt: skip
    keyed = keyed.filter(pl.Series(_came_by_itself(keyed)))
    for kind, kept in sorted(keyed.partition_by("kind", as_dict=True).items()):
        if (
            kept["day"].n_unique() < LEAST_VERSIONED_DAYS
            or kept.height == kept.select("place", "at").n_unique()
        ):  # fmt: skip
            continue
        place = kept.select(pl.col("place").rank("dense").cast(pl.Int64) - 1).to_series()
        triangle = reporting_triangle(
            place.to_numpy(), kept["at"].to_numpy(),
            np.minimum((kept["at"] + kept["delay"]).to_numpy(), LEARNED_DAYS - 1), kept["value"].to_numpy(),
            areas=place.n_unique(), days=LEARNED_DAYS, most_delay=MOST_DELAY,
            weekday_of_first=since.weekday(),
        )  # fmt: skip
        share = nowcast(triangle, levels=(0.5,), rehearsals=1, pooling_cases=1e6).seen_share
        newest = np.clip(share[0, ::-1][:MOST_DELAY], 0.0, 1.0)
        if (newest < 0.99).any():
            found[str(kind[0])] = tuple(float(one) for one in newest)
    return found


def _came_by_itself(rows: pl.DataFrame) -> "np.ndarray":
    """Return which versions are of a day first reported soon and not together with a past of its stream; the rows lie by stream, day and moment."""
    if not rows.height:
        return np.zeros(0, bool)
    place, at, act, delay = (
        rows[name].to_numpy().astype(np.int64) for name in ("place", "at", "act", "delay")
    )
    _, batch, sizes = np.unique(
        place * (act.max() + 1) + act, return_inverse=True, return_counts=True
    )
    new_day = np.ones(len(place), bool)
    new_day[1:] = (place[1:] != place[:-1]) | (at[1:] != at[:-1])
    starts = np.flatnonzero(new_day)
    soon = (np.minimum.reduceat(delay, starts) <= MOST_FIRST) & (sizes[batch][starts] <= MOST_FIRST)
    return np.asarray(soon[np.cumsum(new_day) - 1])
