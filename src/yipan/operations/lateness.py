"""How complete the newest days are: learned from the versions the record keeps of days now complete."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta, tzinfo

import numpy as np

from yipan.analytics.detect.baseline import sibling_key
from yipan.analytics.outlook.nowcast import nowcast, reporting_triangle
from yipan.model import AreaPath, CountSeries, Interval
from yipan.store import Record

LEARNED_DAYS = 63
"""Days whose versions are read: what came late for them says what will come late for the newest."""
MOST_DELAY = 14
"""Days after which a day is taken to be complete."""
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
    together. A day first known more than a week after its end was handed in as a past and does not speak. Kinds
    whose reports are complete when they come are left out.
    """
    daily = [one for one in series if one.stream.interval is Interval.DAY]
    kinds = {one.stream.key: sibling_key(one) for one in daily}
    counted = sorted({one.stream.counted for one in daily})
    if not counted:
        return {}
    since = until - timedelta(days=LEARNED_DAYS)
    rows = record.count_versions(under=under, since=since, until=until, counted=counted)
    told: dict[str, list[tuple[tuple[str, str], int, int, int]]] = {}
    for area, key, day, value, known in rows.iter_rows():
        if key in kinds:
            known_on = min(known.astimezone(time_zone).date(), until)
            # a report is due when its day has ended: one that comes the next morning is not late
            delay = max(0, (known_on - day).days - 1)
            at = (day - since).days
            told.setdefault(kinds[key], []).append(((area, key), at, at + delay, int(value)))
    found: dict[str, tuple[float, ...]] = {}
    for kind, versions in sorted(told.items()):
        first: dict[tuple[tuple[str, str], int], int] = {}
        for place, at, known_at, _ in versions:
            first[place, at] = min(known_at - at, first.get((place, at), known_at - at))
        kept = [v for v in versions if first[v[0], v[1]] <= 7]
        if (
            len({at for _, at, *_ in kept}) < LEAST_VERSIONED_DAYS
            or len(kept) == len({(place, at) for place, at, *_ in kept})
        ):  # fmt: skip
            continue
        places = {place: row for row, place in enumerate(sorted({place for place, *_ in kept}))}
        days = LEARNED_DAYS
        triangle = reporting_triangle(
            [places[place] for place, *_ in kept], [at for _, at, *_ in kept],
            [min(known_at, days - 1) for *_, known_at, _ in kept], [value for *_, value in kept],
            areas=len(places), days=days, most_delay=MOST_DELAY, weekday_of_first=since.weekday(),
        )  # fmt: skip
        share = nowcast(triangle, levels=(0.5,), rehearsals=1, pooling_cases=1e6).seen_share
        newest = np.clip(share[0, ::-1][:MOST_DELAY], 0.0, 1.0)
        if (newest < 0.99).any():
            found[kind] = tuple(float(one) for one in newest)
    return found
