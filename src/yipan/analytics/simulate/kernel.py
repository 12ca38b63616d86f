"""
The epidemic, event by event: what it costs follows the infections, never the residents.

A person infected lays out attempts to infect others: how many, whom and on which day follows from keyed draws. On its
day an attempt is accepted with the product of what the measures of that day let through (thinning, exact while every
factor is at most 1). Nothing is kept of those never infected but quarantines.

A day is two compiled functions, its infections (`strike`) and its evening (`evening`), so that two processes can
compile them side by side. Below them one function a duty. Nothing compiled allocates.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .draws import (
    ACCEPT,
    ATTENDS,
    COMMUNITY_COUNT,
    CONTACT,
    CONTACT_COUNT,
    CT_FALL,
    CT_PEAK,
    CT_RISE,
    DIES,
    DORMITORY_COUNT,
    HOUSEHOLD_COUNT,
    IMPORT,
    IMPORT_COUNT,
    INCUBATION,
    INFECTIOUSNESS,
    LATENT,
    LEAVE_TEST,
    RECALL,
    SAMPLE_POOL,
    SAMPLE_SINGLE,
    SCHOOL_COUNT,
    SEED_PLACE,
    SEEK_TEST,
    SEEKS,
    SEVERE,
    SYMPTOMS,
    VACCINE,
    VACCINE_DAY,
    WORK_COUNT,
    Ints,
    Reals,
    Rows,
    Whole,
    below,
    draw,
    entry,
    helper,
    last_at_most,
    mix,
    once,
    poisson,
    u64,
    unit,
)
from .measures import (
    BEDS,
    CAMPAIGN,
    CAMPAIGN_SINCE,
    FINDING,
    ISOLATION,
    LABORATORY,
    RECALL_AT,
    ROOMS,
    STAFF,
    TRACE,
    TRACE_SINCE,
    TRAVEL,
    TRAVEL_SINCE,
    ZONE_DELAY,
    ZONE_MULT,
    ZONE_SINCE,
    Means,
    Orders,
)
from .pathogen import (
    CONTACTS_AT,
    COVERAGE_AT,
    CT_AT,
    FATAL_AT,
    GENERATION_AT,
    INFECTIOUSNESS_AT,
    NORMAL_AT,
    QUANTILES,
    RATES_AT,
    REACH_AT,
    SEVERE_AT,
    SPREAD_AT,
    SUSCEPTIBILITY_AT,
    SYMPTOMATIC_AT,
    VACCINE_AT,
)
from .province import (
    CITIES,
    CITY_START,
    CLASSES,
    COMMUNITIES,
    COMMUNITY_START,
    COMMUNITY_TOWN,
    COUNTIES,
    COUNTY_CITY,
    COUNTY_START,
    DORMITORY_SHARE,
    RESIDENTS,
    ROLE_SCHOOL,
    ROLE_WORK,
    TOWN_COUNTY,
    TOWN_START,
    TOWNS,
    Layout,
    age_of,
    community_of,
    county_of,
    group_mate,
    place_of,
    role_of,
    school_group_of,
    work_group_of,
)
from .zones import next_stage, stage_due, version_on

NEVER_DAY = 32000
LAST_DAY = 0x7FFF
"""Those kept apart are entries of resident, days in a room, days in all, the day it ends and whether all is at home."""
MOST_BEHIND_DAYS = 7
"""Where a city's laboratories are this many days behind no round is begun: its results would come too late."""
WATCHED_DAYS = 21
"""Infections older than this are no longer looked for by tests of their own accord."""

DAILY = (
    "high_residents", "medium_residents", "quarantined_central", "quarantined_home", "beds_held",
    "beds_wanting", "tubes", "sampled", "cases_traced", "tracing_queue", "contacts_named", "found_clinic",
    "found_pharmacy", "found_tracing", "found_screening", "found_routine", "found_travel", "found_known",
    "beds_admitted", "beds_released", "exported", "zones_open", "lab_backlog", "held_for_retest",
)  # fmt: skip
"""Columns of the daily table, all of the province."""
(
    D_HIGH, D_MEDIUM, D_QCENTRAL, D_QHOME, D_BEDS, D_UNMET, D_TUBES, D_SAMPLED, D_TRACED, D_QUEUE, D_CONTACTS,
    D_CLINIC, D_PHARMACY, D_TRACING, D_SCREENING, D_ROUTINE, D_TRAVEL, D_KNOWN, D_ADMIT, D_RELEASE, D_EXPORT,
    D_ZONES, D_BACKLOG, D_HELD,
) = range(len(DAILY))  # fmt: skip
CLINIC, PHARMACY, TRACED, SCREENED, ROUTINE, TRAVELLER, KNOWN = np.arange(1, 8)
"""How an infection was found."""
PENDING = 100
"""In the place of how: a positive sample lies in the laboratory and is not sampled again."""


INFECTION = np.dtype(
    [
        ("person", np.int32), ("source", np.int32), ("community", np.int32), ("child", np.int32),
        ("sibling", np.int32), ("born", np.int16), ("apart_from", np.int16), ("apart_until", np.int16),
        ("room_until", np.int16), ("due", np.int16), ("found", np.int16), ("layer", np.uint8), ("route", np.uint8), ("at_home", np.uint8),
        ("age", np.uint8),
    ],
    align=True,
)  # fmt: skip
"""What is kept of an infection: 36 bytes. Until `room_until` somebody kept apart is in a room, unless at home for want of one."""
ZONE = np.dtype(
    [
        ("first", np.int64), ("size", np.int64), ("within", np.int64), ("cell", np.int32), ("clock", np.int32),
        ("done", np.int32), ("book", np.int32), ("opened", np.int32), ("community", np.int32), ("positive", np.int32),
        ("stage", np.int8), ("medium", np.int8), ("extent", np.int8), ("round", np.int8),
    ],
    align=True,
)  # fmt: skip
FINDING_TO_COME = np.dtype(
    [("infection", np.int32), ("next", np.int32), ("route", np.uint8)], align=True
)
CHUNK = 64
"""Attempts of one day that lie together in memory."""
MANY = 1 << 20
"""From this many infections on, who was infected or kept apart is also kept as bits, four residents a byte."""
BUFFER = 4096
PLACES = (
    "infections", "chunks", "chunk_free", "finds", "find_free", "seed", "arrived", "plan", "plans", "q_central",
    "q_home", "unmet", "zones", "zones_active", "pending_zones", "queued", "case", "kept", "keys", "watched",
    "sampled", "rounds", "stage", "indexed",
)  # fmt: skip
"""Where a run stands, whole numbers in one array: how many there are of what, and how far today has come."""
(
    INFECTIONS, CHUNKS, CHUNK_FREE, FINDS, FIND_FREE, SEED, ARRIVED, PLAN, PLANS, Q_CENTRAL, Q_HOME, UNMET, ZONES,
    ZONES_ACTIVE, PENDING_ZONES, QUEUED, CASE, KEPT, KEYS, WATCHED, SAMPLED, ROUNDS, STAGE, INDEXED,
) = range(len(PLACES))  # fmt: skip
(
    DONE, SHORT_ATTEMPTS, SHORT_INFECTIONS, SHORT_TABLE, SHORT_FINDS, MANY_NOW, SHORT_QUEUE, SHORT_PENDING,
    SHORT_ZONES, SHORT_APART,
) = range(10)  # fmt: skip
"""What a compiled day answers: done, or which array is too short to go on."""


GENERATION, INCUBATING = np.arange(2)
"""Laws of whole days by number. Numbers handed on are of one width, so that nothing is compiled twice for them."""
OPENED, CLOSED = np.int64(1), np.int64(-1)
FIRST, SECOND, ROUTINELY, PHASE = (np.int64(k) for k in (1, 2, 1000, 1001))
"""Numbers of draws."""


@helper
def law(D: NDArray[np.float64], which: Whole, u: float) -> int:
    """Return how many days past the first the law of generation times (0) or incubation (1) gives for u."""
    at = GENERATION_AT
    if which == 1:
        at += 2 + int(D[at])
    low = 0
    high = int(D[at]) - 1
    near = min(high, 8)
    for x in range(near):
        low += 1 if u >= D[at + 2 + x] else 0
    if low < near:
        return low
    while low < high:
        middle = (low + high) >> 1
        if u < D[at + 2 + middle]:
            high = middle
        else:
            low = middle + 1
    return low


@helper
def trip(L: Layout, city: Whole, u: float) -> Whole:
    """Return the city a trip from a city goes to."""
    cities = L.ints[CITIES]
    at = DORMITORY_SHARE + L.ints[CLASSES] + city * (cities + 1)
    low = 0
    high = cities
    while high - low > 1:
        middle = (low + high) >> 1
        if L.shares[at + middle] <= u:
            low = middle
        else:
            high = middle
    return low


@helper
def vaccine_left(seed: u64, D: Reals, m: Reals, person: Whole, age: Whole, day: Whole) -> float:
    """Return what is left of a person's vaccine on a day: 0 unvaccinated, 1 on the day of the dose."""
    had = D[COVERAGE_AT + age]
    more = m[CAMPAIGN + age]
    since = m[CAMPAIGN_SINCE]
    if had <= 0.0 and more <= 0.0:
        return 0.0
    u = unit(once(seed, person, VACCINE))
    if u < had:
        ago = (
            D[VACCINE_AT + 4]
            + (unit(once(seed, person, VACCINE_DAY)) - 0.5) * D[VACCINE_AT + 5]
            + float(day)
        )
        return float(0.5 ** (ago / D[VACCINE_AT + 3]))
    if more > 0.0 and day > since:
        reached = min(max(had, m[CAMPAIGN + 4]), had + more * (day - since))
        if u < reached:
            ago = (day - since) - (u - had) / more
            return float(0.5 ** (ago / D[VACCINE_AT + 3]))
    return 0.0


@helper
def ct_of(seed: u64, D: Reals, person: Whole, age_days: Whole | float) -> float:
    """Return a person's Ct some days after infection: a straight fall to the peak, a straight rise after it."""
    n = np.int64(QUANTILES)
    top = float(D[CT_AT + 8])
    since = age_days - D[CT_AT + 0] * D[SPREAD_AT + below(once(seed, person, LATENT), n)]
    if since <= 0.0:
        return top
    rise = D[CT_AT + 1] * D[SPREAD_AT + below(once(seed, person, CT_RISE), n)]
    fall = D[CT_AT + 2] * D[SPREAD_AT + below(once(seed, person, CT_FALL), n)]
    if since >= rise + fall:
        return top
    z = D[NORMAL_AT + below(once(seed, person, CT_PEAK), n)]
    peak = min(top, D[CT_AT + 3] + D[CT_AT + 4] * z)
    if since < rise:
        return float(top - (top - peak) * since / rise)
    return float(peak + (top - peak) * (since - rise) / fall)


@helper
def sensitivity(D: Reals, ct: float, shift: float) -> float:
    """Return the chance that a sample of this Ct is positive in a tube that adds `shift`."""
    if ct >= D[CT_AT + 8]:
        return 0.0
    x = (D[CT_AT + 5] - ct - shift) / D[CT_AT + 6]
    return float(D[CT_AT + 7] * 0.5 * math.erfc(-x / math.sqrt(2.0)))


@helper
def positive(
    seed: u64, D: Reals, person: Whole, age_days: Whole | float, shift: float, bits: u64
) -> bool:
    """Return whether a sample is positive: the draw first, since most days a sample cannot be."""
    u = unit(bits)
    if u >= D[CT_AT + 7]:
        return False
    return u < sensitivity(D, ct_of(seed, D, person, age_days), shift)


@helper
def unit_of(L: Layout, i: Whole, cm: Whole, kind: Whole) -> tuple[Whole, Whole]:
    """Return (first resident, residents) of the building, compound, community, town or county of a resident of cm."""
    G = L.ints
    first = G[G[COMMUNITY_START] + cm]
    size = G[G[COMMUNITY_START] + cm + 1] - first
    if kind == 2:
        return first, size
    if kind < 2:
        step = 512 if kind == 1 else 64
        start = first + ((i - first) // step) * step
        return start, min(np.int64(step), first + size - start)
    t = G[G[COMMUNITY_TOWN] + cm]
    if kind == 3:
        return G[G[TOWN_START] + t], G[G[TOWN_START] + t + 1] - G[G[TOWN_START] + t]
    c = G[G[TOWN_COUNTY] + t]
    return G[G[COUNTY_START] + c], G[G[COUNTY_START] + c + 1] - G[G[COUNTY_START] + c]


@helper
def _slot(table: Ints, key: Whole) -> Whole:
    """Return where a key is, or would be, in a table of words whose upper half is the key; -1 is empty."""
    mask = table.size - 1
    s = np.int64(mix(u64(key)) & u64(mask))
    while table[s] != -1 and (table[s] >> 32) != key:
        s = (s + 1) & mask
    return s


@helper
def struck_of(struck: Ints, t: Whole) -> Whole:
    """Return 1 for a resident infected and 0 for another; a byte of `struck` is of four residents."""
    return np.int64(struck[t >> 2] >> (t & 3)) & 1


@helper
def was_apart(struck: Ints, t: Whole) -> Whole:
    """Return 1 for a resident who was ever put into quarantine and 0 for another."""
    return np.int64(struck[t >> 2] >> (4 + (t & 3))) & 1


@helper
def infection_of(table: Ints, index: Ints, t: Whole) -> Whole:
    """Return the infection of a resident, -1 without one: from the table of keys, or from the index once there is one."""
    if index.size > 0:
        return np.int64(index[t]) - 1
    word = table[_slot(table, t)]
    if word == -1:
        return np.int64(-1)
    return np.int64(word & 0xFFFFFFFF)


@helper
def cell_of(G: Ints, first_cell: Whole, extent: Whole, first: Whole, i: Whole, cm: Whole) -> Whole:
    """Return the cell of the zone of an extent in which a resident of community cm, which begins at `first`, lives."""
    if extent == 0:
        return first_cell + (first >> 6) + cm + ((i - first) >> 6)
    if extent == 1:
        return first_cell + (first >> 9) + cm + ((i - first) >> 9)
    if extent == 2:
        return first_cell + cm
    t = G[G[COMMUNITY_TOWN] + cm]
    if extent == 3:
        return np.int64(first_cell + t)
    return np.int64(first_cell + G[G[TOWN_COUNTY] + t])


@helper
def zone_level(
    G: Ints, pairs: Ints, cells: Ints, town_zones: Ints, levels: Ints, current: Whole, i: Whole, cm: Whole,
    d: Whole,
) -> tuple[Whole, Whole]:  # fmt: skip
    """Return (level, mark of the zone) of a resident of community cm on a day; the mark tells two zones apart."""
    level: Whole = 0
    mark = np.int64(-1)
    first = G[G[COMMUNITY_START] + cm]
    if levels.size > 0:
        q = (first >> 6) + cm + ((i - first) >> 6)
        ordered = np.int64(levels[min(d, levels.shape[0] - 1), q])
        if ordered > 0:
            level = ordered
            mark = np.int64(1) << 40 | ((first >> 9) + cm + ((i - first) >> 9))
    if town_zones[G[G[COMMUNITY_TOWN] + cm]] > 0:
        for p in range(pairs.shape[0] - 1):
            if pairs[p, 0] > current:
                break
            held = cells[cell_of(G, pairs[p, 3], pairs[p, 1], first, i, cm)]
            if held != 0:
                stage = held & 3
                now = 2 if stage == 2 else (0 if stage == 0 else 1)
                if now > level:
                    level = now
                    mark = np.int64((held >> 2) - 1)
    return level, mark


@helper
def _count_zone(
    G: Ints, town_zones: Ints, county_zones: Ints, cm: Whole, kind: Whole, change: Whole,
) -> None:  # fmt: skip
    t = G[G[COMMUNITY_TOWN] + cm]
    c = G[G[TOWN_COUNTY] + t]
    county_zones[c] += change
    if kind < 4:
        town_zones[t] += change
    else:
        for x in range(town_zones.size):
            if G[G[TOWN_COUNTY] + x] == c:
                town_zones[x] += change


@helper
def lets_through(
    seed: u64, L: Layout, D: Reals, m: Reals, pairs: Ints, cells: Ints, town_zones: Ints, county_zones: Ints,
    levels: Ints, current: Whole, zoned: bool, d: Whole, keep: float, lay: Whole, index: Whole, t: Whole, sp: Whole,
    scm: Whole, sborn: Whole, sage: Whole,
) -> bool:  # fmt: skip
    """Return whether an attempt passes the measures of the day, the age and the vaccine of both; `keep` came so far."""
    u = unit(draw(seed, sp, ACCEPT, index))
    if lay != 0 and u >= keep:
        return False
    G = L.ints
    if zoned:
        cm = community_of(L, t)[0]
        if lay == 0:
            lt, _ = zone_level(G, pairs, cells, town_zones, levels, current, t, cm, d)
            if lt == 2:
                keep *= min(m[ZONE_MULT + 4], m[ZONE_MULT + 5])
        else:
            ls: Whole = np.int64(0)
            ms: Whole = np.int64(-1)
            lt, mt = zone_level(G, pairs, cells, town_zones, levels, current, t, cm, d)
            if lt != 2:
                ls, ms = zone_level(G, pairs, cells, town_zones, levels, current, sp, scm, d)
            if ls == 2 or lt == 2:
                keep *= m[ZONE_MULT]
            elif ls == 1 or lt == 1:
                keep *= m[ZONE_MULT + 1] if ms == mt else m[ZONE_MULT + 2]
            elif county_zones[G[G[TOWN_COUNTY] + G[G[COMMUNITY_TOWN] + scm]]] > 0:
                keep *= m[ZONE_MULT + 3]
    if u >= keep:
        return False
    if lay == 6 and m[TRAVEL_SINCE] <= d:
        keep *= m[TRAVEL]
        if m[TRAVEL + 1] > 0.0 and keep > 0.0:
            if unit(draw(seed, sp, LEAVE_TEST, index)) < m[TRAVEL + 1]:
                keep *= 1.0 - sensitivity(D, ct_of(seed, D, sp, d - sborn - 1), 0.0)
        if u >= keep:
            return False
    tage = age_of(L, t, county_of(L, t))
    keep *= float(D[SUSCEPTIBILITY_AT + tage])
    if u >= keep:
        return False
    if u < keep * (1.0 - D[VACCINE_AT]) * (1.0 - D[VACCINE_AT + 1]) * 0.999999999:
        return True
    left = vaccine_left(seed, D, m, t, tage, d)
    if left > 0.0:
        keep *= 1.0 - D[VACCINE_AT + 0] * left
    if D[VACCINE_AT + 1] > 0.0:
        keep *= 1.0 - D[VACCINE_AT + 1] * vaccine_left(seed, D, m, sp, sage, d)
    return u < keep


@helper
def met_late(
    seed: u64, L: Layout, m: Reals, pairs: Ints, cells: Ints, town_zones: Ints, levels: Ints, current: Whole,
    d: Whole, keep: float, lay: Whole, index: Whole, sp: Whole, scm: Whole,
) -> Whole:  # fmt: skip
    """
    Return whom an attempt at work or at school meets whose target was left open; -1 for nobody.

    Nobody, too, where whoever it is, the measures on the source stop it: finding a mate is most of what it costs.
    """
    u = unit(draw(seed, sp, ACCEPT, index))
    if u >= keep:
        return np.int64(-1)
    level, _ = zone_level(L.ints, pairs, cells, town_zones, levels, current, sp, scm, d)
    if level > 0:
        most = m[ZONE_MULT]
        if level == 1:
            most = max(most, m[ZONE_MULT + 1], m[ZONE_MULT + 2])
        if u >= keep * most:
            return np.int64(-1)
    c = county_of(L, sp)
    role = ROLE_WORK
    purpose = WORK_COUNT
    gd: Whole = np.int64(0)
    if lay == 2:
        gd, gfirst, gsize = work_group_of(L, sp, c)
    else:
        gfirst, gsize = school_group_of(L, sp, c)
        role = ROLE_SCHOOL
        purpose = SCHOOL_COUNT
    h = mix(draw(seed, sp, purpose, (index & 4095) + 1))
    return group_mate(L, role, c, gd, gfirst, gsize, sp, h)


@helper
def lay_plans(
    seed: u64, L: Layout, D: Reals, t: Whole, c: Whole, block: Whole, hstart: Whole, hsize: Whole, dorm: bool,
    age: Whole, d: Whole, days: Whole, headroom: float, at_most: float, late: bool, struck: Ints, whom: Ints,
    when: Ints, marks: Ints,
) -> int:  # fmt: skip
    """
    Write whom a person infected on day d will try to infect, when and where; return how many attempts there are.

    Left out are attempts that cannot succeed: at somebody infected already, where `struck` says who is, and at home
    those whose draw is not under `at_most`, the largest share that any measures let through. Where it is `late`, whom
    an attempt at work or at school meets is left open (-1) until its day.
    """
    G = L.ints
    cities = G[CITIES]
    power = D[INFECTIOUSNESS_AT + below(once(seed, t, INFECTIOUSNESS), np.int64(QUANTILES))]
    role = role_of(L, t, age)
    county_first = G[G[COUNTY_START] + c]
    county_size = G[G[COUNTY_START] + c + 1] - county_first
    city = G[G[COUNTY_CITY] + c]
    city_first = G[G[CITY_START] + city]
    city_size = G[G[CITY_START] + city + 1] - city_first
    laid = 0
    direct = struck.size > 0
    for layer in range(5):
        if layer == 0:
            others = hsize - 1
            if direct:
                for x in range(hstart, hstart + hsize):
                    others -= struck_of(struck, x)
                others += 1
            if others < 1:
                continue
            mean = D[RATES_AT + 0] * power * headroom * (hsize - 1)
            purpose = HOUSEHOLD_COUNT
        elif layer == 1:
            if not dorm:
                continue
            mean = D[RATES_AT + 1] * power
            purpose = DORMITORY_COUNT
        elif layer == 2:
            if role != ROLE_WORK:
                continue
            mean = D[RATES_AT + 2] * power
            purpose = WORK_COUNT
        elif layer == 3:
            if role != ROLE_SCHOOL:
                continue
            mean = D[RATES_AT + 3] * power
            purpose = SCHOOL_COUNT
        else:
            mean = D[RATES_AT + 4] * power
            purpose = COMMUNITY_COUNT
        if mean <= 0.0:
            continue
        count = min(poisson(mean, once(seed, t, purpose)), 4095)
        if count == 0:
            continue
        gd: Whole = np.int64(0)
        gfirst: Whole = np.int64(0)
        gsize: Whole = np.int64(0)
        open_yet = late and 2 <= layer <= 3
        if layer == 2 and not late:
            gd, gfirst, gsize = work_group_of(L, t, c)
        elif layer == 3 and not late:
            gfirst, gsize = school_group_of(L, t, c)
        elif layer == 4:
            _, gfirst, gsize = community_of(L, t)
        for j in range(count):
            h = draw(seed, t, purpose, j + 1)
            o: Whole = np.int64(-1)
            if layer == 0:
                o = hstart + below(mix(h), hsize - 1)
                if o >= t:
                    o += 1
                if direct and struck_of(struck, o):
                    continue
                if unit(draw(seed, t, ACCEPT, j)) >= at_most:
                    continue
            dd = d + 1 + law(D, GENERATION, unit(h))
            if dd >= days:
                continue
            h = mix(h)
            kind = layer
            if layer == 1:
                size = min(np.int64(64), G[G[COUNTY_START] + c + 1] - block)
                if size > hsize:
                    for _ in range(64):
                        o = block + below(h, size)
                        if o < hstart or o >= hstart + hsize:
                            break
                        o = np.int64(-1)
                        h = mix(h)
            elif 2 <= layer <= 3:
                if not open_yet:
                    o = group_mate(L, role, c, gd, gfirst, gsize, t, h)
            elif layer == 4:
                u = unit(h)
                h = mix(h)
                if u < D[REACH_AT + 0]:
                    o = gfirst + below(h, gsize)
                elif u < D[REACH_AT + 1]:
                    kind = 5
                    o = county_first + below(h, county_size)
                elif u < D[REACH_AT + 2] or cities == 1:
                    kind = 5
                    o = city_first + below(h, city_size)
                else:
                    kind = 6
                    y = trip(L, city, unit(h))
                    h = mix(h)
                    o = G[G[CITY_START] + y] + below(
                        h, G[G[CITY_START] + y + 1] - G[G[CITY_START] + y]
                    )
            if (o < 0 and not open_yet) or o == t:
                continue
            whom[laid] = o
            when[laid] = dd
            marks[laid] = (kind << 12) | j
            laid += 1
    if not direct:
        return laid
    # without a branch, so that many are looked up at a time
    kept = 0
    for x in range(laid):
        o = whom[x]
        whom[kept] = o
        when[kept] = when[x]
        marks[kept] = marks[x]
        kept += 1 - struck_of(struck, o)
    return kept


@helper
def will_be_found(
    seed: u64, D: Reals, m: Reals, seek_cdf: Reals, pharmacy_cdf: Reals, t: Whole, d: Whole, ill: bool,
    onset: Whole, known_day: Whole,
) -> tuple[Whole, Whole]:  # fmt: skip
    """Return (day, how) on which a person infected on day d is found without being looked for; NEVER_DAY if never."""
    when: Whole = np.int64(NEVER_DAY)
    how: Whole = np.int64(0)
    if known_day >= 0:
        when = known_day
        how = KNOWN
    if ill:
        u = unit(once(seed, t, SEEKS))
        if u < m[FINDING]:
            goes = onset + last_at_most(seek_cdf, unit(draw(seed, t, SEEKS, FIRST)))
            if positive(seed, D, t, goes - d, 0.0, once(seed, t, SEEK_TEST)):
                x = goes + np.int64(m[FINDING + 2])
                if x < when:
                    when = x
                    how = CLINIC
        elif u < m[FINDING] + m[FINDING + 1] * (1.0 - m[FINDING]):
            goes = onset + 1 + last_at_most(pharmacy_cdf, unit(draw(seed, t, SEEKS, SECOND)))
            if positive(seed, D, t, goes - d, 0.0, once(seed, t, SEEK_TEST)):
                x = goes + np.int64(m[FINDING + 2])
                if x < when:
                    when = x
                    how = PHARMACY
    if m[FINDING + 3] > 0.0 and unit(draw(seed, t, ATTENDS, ROUTINELY)) < m[FINDING + 3]:
        every = np.int64(m[FINDING + 4])
        phase = below(draw(seed, t, ATTENDS, PHASE), every)
        x = d + ((phase - d) % every)
        while x < d + WATCHED_DAYS:
            if positive(
                seed, D, t, x - d, float(m[FINDING + 6]), draw(seed, t, SAMPLE_POOL, x * 16 + 15)
            ):
                if x + 2 < when:
                    when = x + 2
                    how = ROUTINE
                break
            x += every
    return when, how


@helper
def latest_on(spans: Ints, d: Whole) -> int:
    """Return the row that holds on a day; rows begin with their first day, in order of it."""
    now = 0
    for row in range(1, spans.shape[0]):
        if spans[row, 0] <= d:
            now = row
    return now


@helper
def room_until(held: Whole) -> Whole:
    """Return the day from which somebody in quarantine is at home; `held` is an entry of those kept apart."""
    return ((held >> 1) & LAST_DAY) - ((held >> 16) & 0xFF) + ((held >> 24) & 0x7F)


@helper
def fall_ill(
    seed: u64, L: Layout, D: Reals, m: Reals, seek_cdf: Reals, pharmacy_cdf: Reals, quarantine: Ints,
    test_days: Ints, inf: Rows, apart: Ints, q_active: Whole, day_new: Ints, daily: Reals, totals: Reals, r: Whole, t: Whole, s: Whole,
    lay: Whole, d: Whole, days: Whole, headroom: float, at_most: float, late: bool, struck: Ints, known_day: Whole, whom: Ints,
    when: Ints, marks: Ints,
) -> tuple[int, Whole, Whole]:  # fmt: skip
    """Write down infection r of resident t by infection s on day d; return (attempts laid, day found, how)."""
    c, block, hstart, hsize, dorm, age = place_of(L, t)
    inf[r].person = t
    inf[r].source = s
    inf[r].community = community_of(L, t)[0]
    inf[r].child = -1
    inf[r].sibling = -1
    inf[r].born = d
    inf[r].apart_from = NEVER_DAY
    inf[r].apart_until = NEVER_DAY
    inf[r].room_until = NEVER_DAY
    inf[r].due = NEVER_DAY
    inf[r].found = -1
    inf[r].layer = lay
    inf[r].route = 0
    inf[r].at_home = 0
    inf[r].age = age
    if s >= 0:
        inf[r].sibling = inf[s].child
        inf[s].child = r
    day_new[d, c] += 1
    if lay == 6 and s >= 0:
        daily[d, D_EXPORT] += 1
    ill = unit(once(seed, t, SYMPTOMS)) < float(D[SYMPTOMATIC_AT + age])
    onset = d + 1 + law(D, INCUBATING, unit(once(seed, t, INCUBATION)))
    if ill:
        totals[2] += 1
        hard = unit(once(seed, t, SEVERE))
        if hard < D[SEVERE_AT + age]:
            spared = 1.0
            if vaccine_left(seed, D, m, t, age, d) > 0.0:
                spared = 1.0 - D[VACCINE_AT + 2]
            if hard < D[SEVERE_AT + age] * spared:
                totals[0] += 1
                if unit(once(seed, t, DIES)) * D[SEVERE_AT + age] < D[FATAL_AT + age]:
                    totals[1] += 1
    laid = lay_plans(
        seed, L, D, t, c, block, hstart, hsize, dorm, age, d, days, headroom, at_most, late, struck, whom, when,
        marks,
    )  # fmt: skip
    on, how = will_be_found(seed, D, m, seek_cdf, pharmacy_cdf, t, d, ill, onset, known_day)
    if q_active > 0 and (struck.size == 0 or was_apart(struck, t)):
        held = apart[_slot(apart, t)]
        until = (held >> 1) & LAST_DAY
        if held != -1 and until > d:
            inf[r].apart_from = d
            inf[r].apart_until = until
            inf[r].room_until = room_until(held)
            inf[r].at_home = held & 1
            began = until - ((held >> 16) & 0xFF) - 1
            now = latest_on(quarantine, began)
            for x in range(quarantine[now, 5], quarantine[now, 6]):
                td = began + test_days[x]
                if td > d and positive(
                    seed, D, t, td - d, 0.0, draw(seed, t, SAMPLE_SINGLE, td * 16)
                ):
                    if td + 1 < on:
                        on = td + 1
                        how = TRACED
                    break
    return laid, on, how


@helper
def take_in(
    L: Layout, m: Reals, by_city: Reals, inf: Rows, used: Reals, rel_beds: Ints, unmet_until: Ints, town: Ints,
    county: Ints, day_found: Ints, day_open: Ints, daily: Reals, r: Whole, how: Whole, d: Whole, days: Whole,
) -> tuple[bool, int]:  # fmt: skip
    """Isolate an infection found today, in a bed or at home; return (found in quarantine, beds wanting more)."""
    G = L.ints
    inf[r].found = d
    inf[r].route = how
    tw = G[G[COMMUNITY_TOWN] + inf[r].community]
    c = G[G[TOWN_COUNTY] + tw]
    y = G[G[COUNTY_CITY] + c]
    day_found[d, c] += 1
    daily[d, 10 + np.int64(how)] += 1
    kept_apart = (
        inf[r].apart_from <= d < inf[r].apart_until
        and inf[r].at_home == 0
        and d < inf[r].room_until
    )
    from_day = d + 1 + np.int64(m[ISOLATION])
    stay = np.int64(m[ISOLATION + 1])
    if not kept_apart:
        inf[r].apart_from = min(np.int64(inf[r].apart_from), from_day)
    inf[r].apart_until = from_day + stay
    inf[r].room_until = NEVER_DAY
    wanting = 0
    if used[BEDS, y] < by_city[BEDS, y]:
        used[BEDS, y] += 1
        daily[d, D_ADMIT] += 1
        rel_beds[min(from_day + stay, days + 399), y] += 1
        inf[r].at_home = 0
    else:
        inf[r].at_home = 1
        wanting = 1
        unmet_until[min(from_day + stay, days + 399)] += 1
    if not kept_apart:
        day_open[d, c] += 1
        town[1, tw] = d
        county[1, c] = d
        if town[2, tw] < 0:
            town[2, tw] = d
        if county[2, c] < 0:
            county[2, c] = d
    return kept_apart, wanting


@helper
def open_zones(
    L: Layout, rules: Ints, pairs: Ints, cells: Ints, town_zones: Ints, county_zones: Ints, levels: Ints, inf: Rows,
    zones: Rows, active: Ints, pending: Ints, current: Whole, d: Whole, at: Ints,
) -> None:  # fmt: skip
    """Draw the zones whose order takes effect tonight."""
    zn = at[ZONES]
    za = at[ZONES_ACTIVE]
    kept = 0
    for x in range(at[PENDING_ZONES]):
        if (pending[x] & 0xFFFFFFFF) > d:
            pending[kept] = pending[x]
            kept += 1
            continue
        r = pending[x] >> 32
        t = np.int64(inf[r].person)
        cm = np.int64(inf[r].community)
        for medium in range(2):
            kind = rules[current, 8 + medium]
            if kind < 0:
                continue
            now, _ = zone_level(L.ints, pairs, cells, town_zones, levels, current, t, cm, d)
            if medium == 0 and now == 2:
                continue
            start, size = unit_of(L, t, cm, kind)
            cell: Whole = np.int64(-1)
            for p in range(pairs.shape[0] - 1):
                if pairs[p, 1] == kind and pairs[p, 2] == medium:
                    cell = cell_of(
                        L.ints, pairs[p, 3], kind, L.ints[L.ints[COMMUNITY_START] + cm], t, cm
                    )
            if cells[cell] == 0:
                cells[cell] = (zn + 1) << 2
                zones[zn].stage = 0
                zones[zn].cell = cell
                zones[zn].first = start
                zones[zn].size = size
                zones[zn].medium = medium
                zones[zn].extent = kind
                zones[zn].community = cm
                zones[zn].round = 0
                zones[zn].within = 0
                zn += 1
            z = np.int64((cells[cell] >> 2) - 1)
            if zones[z].stage == 0:
                active[za] = z
                za += 1
                zones[z].opened = d
                zones[z].positive = 0
                _count_zone(
                    L.ints,
                    town_zones,
                    county_zones,
                    np.int64(zones[z].community),
                    zones[z].extent,
                    OPENED,
                )
                stage = 1 if medium == 1 else 2
                zones[z].stage = stage
                cells[cell] = (cells[cell] & ~3) | stage
                zones[z].clock = d
                zones[z].done = -1
                zones[z].book = current
    at[ZONES] = zn
    at[ZONES_ACTIVE] = za
    at[PENDING_ZONES] = kept


@helper
def step_zones(
    L: Layout, rules: Ints, cells: Ints, town_zones: Ints, county_zones: Ints, zones: Rows, active: Ints,
    current: Whole, d: Whole, za: Whole, longest: float,
) -> tuple[int, float]:  # fmt: skip
    """Let the zones step down that are due today; return how many are active and the longest there was."""
    kept = 0
    for x in range(za):
        z = active[x]
        before = zones[z].stage
        stage: Whole = np.int64(before)
        while stage != 0:
            at = stage_due(
                stage,
                np.int64(zones[z].clock),
                np.int64(zones[z].done),
                np.int64(zones[z].book),
                current,
                rules,
            )
            if at > d:
                break
            stage = next_stage(stage, current, rules)
            zones[z].clock = at
            zones[z].book = current
            zones[z].done = -1
        if stage != before:
            zones[z].stage = stage
            cells[zones[z].cell] = (cells[zones[z].cell] & ~3) | stage
        if stage == 0:
            longest = max(longest, np.float64(d - zones[z].opened))
            _count_zone(
                L.ints,
                town_zones,
                county_zones,
                np.int64(zones[z].community),
                zones[z].extent,
                CLOSED,
            )
        else:
            active[kept] = z
            kept += 1
    return kept, longest


@helper
def reset_zones(
    L: Layout, pairs: Ints, cells: Ints, zones: Rows, current: Whole, t: Whole, cm: Whole, d: Whole,
) -> None:  # fmt: skip
    """Set the clocks of the zones around a case of today anew; what had stepped down from high is high again."""
    first = L.ints[L.ints[COMMUNITY_START] + cm]
    for p in range(pairs.shape[0] - 1):
        if pairs[p, 0] > current:
            break
        cell = cell_of(L.ints, pairs[p, 3], pairs[p, 1], first, t, cm)
        if (cells[cell] & 3) != 0:
            z = np.int64((cells[cell] >> 2) - 1)
            zones[z].clock = d
            zones[z].done = -1
            zones[z].positive += 1
            if pairs[p, 2] == 0 and zones[z].stage == 3:
                zones[z].stage = 2
                cells[cell] = (cells[cell] & ~3) | 2
                zones[z].book = current


@helper
def name_contacts(
    seed: u64, L: Layout, D: Reals, m: Reals, inf: Rows, r: Whole, d: Whole, contacts: Ints,
) -> tuple[int, int]:  # fmt: skip
    """Write whom a case names: those it infected and its source, home, others met; return (all, of the first ring)."""
    t = np.int64(inf[r].person)
    c, _, hstart, hsize, _, age = place_of(L, t)
    role = role_of(L, t, age)
    power = D[INFECTIOUSNESS_AT + below(once(seed, t, INFECTIOUSNESS), np.int64(QUANTILES))]
    named = 0
    q = np.int64(inf[r].child)
    while q >= 0 and named < 2000:
        lay = np.int64(inf[q].layer)
        if lay != 0 and d - inf[q].born <= m[TRACE + 1] + m[TRACE] + 2:
            if unit(once(seed, np.int64(inf[q].person), RECALL)) < m[RECALL_AT + lay]:
                contacts[named] = inf[q].person
                named += 1
        q = np.int64(inf[q].sibling)
    if m[TRACE + 2] == 1 and inf[r].source >= 0 and inf[r].layer != 0:
        if unit(draw(seed, t, RECALL, FIRST)) < m[RECALL_AT + np.int64(inf[r].layer)]:
            contacts[named] = inf[inf[r].source].person
            named += 1
    for o in range(hstart, hstart + hsize):
        if o != t and unit(draw(seed, o, RECALL, SECOND)) < m[RECALL_AT]:
            contacts[named] = o
            named += 1
    for place in range(2, 5):
        if (place == 2 and role != ROLE_WORK) or (place == 3 and role != ROLE_SCHOOL):
            continue
        mean = (D[CONTACTS_AT + place - 2] * m[TRACE + 1] - D[RATES_AT + place] * power) * m[
            RECALL_AT + place
        ]
        if mean <= 0.0:
            continue
        count = min(poisson(mean, draw(seed, t, CONTACT_COUNT, place)), 400)
        gd: Whole = np.int64(0)
        gfirst: Whole = np.int64(0)
        gsize: Whole = np.int64(0)
        if place == 2:
            gd, gfirst, gsize = work_group_of(L, t, c)
        elif place == 3:
            gfirst, gsize = school_group_of(L, t, c)
        else:
            _, gfirst, gsize = community_of(L, t)
        for j in range(count):
            h = draw(seed, t, CONTACT, place * 512 + j)
            if place == 4:
                met: Whole = gfirst + below(h, gsize)
            else:
                met = group_mate(L, role, c, gd, gfirst, gsize, t, h)
            if met >= 0 and named < 3900:
                contacts[named] = met
                named += 1
    ring = named
    if m[TRACE + 3] == 1:
        for j in range(ring):
            _, _, a, size, _, _ = place_of(L, contacts[j])
            for o in range(a, a + size):
                if o != contacts[j] and named < 4090:
                    contacts[named] = o
                    named += 1
    return named, ring


@helper
def keep_apart(
    seed: u64, L: Layout, D: Reals, by_city: Reals, quarantine: Ints, test_days: Ints, inf: Rows, table: Ints, index: Ints,
    struck: Ints, apart: Ints, used: Reals, rel_central: Ints, rel_home: Ints, contacts: Ints, named: Whole, ring: Whole,
    d: Whole, days: Whole, found_r: Ints, found_on: Ints, at: Ints,
) -> int:  # fmt: skip
    """
    Put contacts into quarantine, in a room or at home; return how many of them will be found.

    `apart` has room for all of them; findings of infected contacts are written to `found_r` and `found_on`.
    """
    G = L.ints
    hits = 0
    now = latest_on(quarantine, d)
    for j in range(named):
        o = contacts[j]
        qs = _slot(apart, o)
        if apart[qs] != -1 and ((apart[qs] >> 1) & LAST_DAY) > d:
            continue
        room = quarantine[now, 1 if j < ring else 3]
        total = room + quarantine[now, 2 if j < ring else 4]
        if total == 0:
            continue
        rr = infection_of(table, index, o)
        if rr >= 0 and inf[rr].found >= 0:
            continue
        if apart[qs] == -1:
            at[KEYS] += 1
        until = d + 1 + total
        oy = G[G[COUNTY_CITY] + county_of(L, o)]
        home = 1
        if room > 0 and used[ROOMS, oy] < by_city[ROOMS, oy]:
            used[ROOMS, oy] += 1
            at[Q_CENTRAL] += 1
            rel_central[d + 1 + room, oy] += 1
            home = 0
            if total > room:
                rel_home[d + 1 + room] -= 1
                rel_home[until] += 1
        else:
            rel_home[until] += 1
            at[Q_HOME] += 1
        if struck.size > 0:
            struck[o >> 2] |= np.uint8(16 << (o & 3))
        apart[qs] = (o << 32) | (room << 24) | (total << 16) | (until << 1) | home
        if rr >= 0:
            inf[rr].apart_from = min(np.int64(inf[rr].apart_from), d + 1)
            inf[rr].apart_until = until
            inf[rr].room_until = d + 1 + room
            inf[rr].at_home = home
            for w in range(quarantine[now, 5], quarantine[now, 6]):
                td = d + test_days[w]
                if positive(
                    seed, D, o, td - inf[rr].born, 0.0, draw(seed, o, SAMPLE_SINGLE, td * 16)
                ):
                    x2 = td + 1
                    if x2 < inf[rr].due and x2 < days:
                        inf[rr].due = x2
                        found_r[hits] = rr
                        found_on[hits] = x2
                        hits += 1
                    break
    return hits


@helper
def rounds_of_day(
    L: Layout, rules: Ints, pairs: Ints, screens: Ints, shares: Reals, zones: Rows, active: Ints, cells: Ints,
    za: Whole, current: Whole, zoning: bool, town: Ints, county: Ints, screen_town: Ints, screen_county: Ints,
    tubes: Reals, backlog: Reals, by_city: Reals, daily: Reals, zprog: Whole, d: Whole,
) -> bool:  # fmt: skip
    """
    Say which zones and areas are tested today and count tubes and people; return whether any is.

    The last row of `town` then says in which towns anybody is: of the others nobody need be looked at.
    """
    G = L.ints
    testing = False
    P = screens.shape[0]
    for t in range(G[TOWNS]):
        town[3, t] = 0
    if zoning and za > 0:
        pool = 10
        cover = 0.95
        never = 0.0
        if zprog >= 0:
            pool = screens[zprog, 3]
            cover = shares[zprog, 0]
            never = shares[zprog, 1]
        wide: Whole = np.int64(-1)
        for p in range(pairs.shape[0] - 1):
            if pairs[p, 1] == rules[current, 9] and pairs[p, 2] == 1:
                wide = p
        for x in range(za):
            zones[active[x]].within = 0
        for x in range(za):
            z = np.int64(active[x])
            zones[z].round = 0
            stage = zones[z].stage
            quiet = rules[current, 1] if stage == 2 else (rules[current, 5] if stage == 1 else -1)
            need = rules[current, 2] if stage == 2 else (rules[current, 6] if stage == 1 else 0)
            if need == 1 and quiet > 0 and d >= zones[z].clock + quiet - 1 and zones[z].done < 0:
                zones[z].round = 2
            if zprog >= 0 and d > zones[z].opened and stage != 0:
                since = d - zones[z].opened - screens[zprog, 7]
                if (
                    since >= 0
                    and since % screens[zprog, 2] == 0
                    and since // screens[zprog, 2] <= screens[zprog, 6]
                ):
                    zones[z].round = max(zones[z].round, np.int8(1))
            y = G[G[COUNTY_CITY] + G[G[TOWN_COUNTY] + G[G[COMMUNITY_TOWN] + zones[z].community]]]
            if backlog[y] > MOST_BEHIND_DAYS * by_city[LABORATORY, y]:
                zones[z].round = 0
            if zones[z].round > 0:
                testing = True
                _count_zone(
                    G, town[3], county[3], np.int64(zones[z].community), zones[z].extent, OPENED
                )
                zones[z].positive = 0
                people = zones[z].size * (1.0 - never) * cover
                tubes[y] += people / pool
                daily[d, D_SAMPLED] += people
            inside = np.int64(-1)
            if zones[z].medium == 0 and wide >= 0:
                cm = np.int64(zones[z].community)
                held = cells[
                    cell_of(
                        G,
                        pairs[wide, 3],
                        pairs[wide, 1],
                        G[G[COMMUNITY_START] + cm],
                        zones[z].first,
                        cm,
                    )
                ]
                if held != 0 and (held & 3) != 0:
                    inside = np.int64((held >> 2) - 1)
            if stage == 2:
                daily[d, D_HIGH] += zones[z].size
                if inside >= 0:
                    zones[inside].within += zones[z].size
            elif zones[z].medium == 0 and inside < 0:
                daily[d, D_MEDIUM] += zones[z].size
        for x in range(za):
            z = np.int64(active[x])
            if zones[z].medium == 1:
                daily[d, D_MEDIUM] += max(np.int64(0), zones[z].size - zones[z].within)
        daily[d, D_ZONES] = za
    for p in range(P):
        kind = screens[p, 0]
        if kind == -1:
            continue
        share = (1.0 - shares[p, 1]) * shares[p, 0]
        areas = G[TOWNS] if kind == 3 else G[COUNTIES]
        for a in range(areas):
            if kind == 3:
                screen_town[P + p, a] = 0
                lastc = town[1, a]
                firstc = town[2, a]
                done = screen_town[p, a]
            else:
                screen_county[P + p, a] = 0
                lastc = county[1, a]
                firstc = county[2, a]
                done = screen_county[p, a]
            if screens[p, 1] > d or firstc < 0 or d - lastc > screens[p, 5]:
                continue
            since = d - firstc - screens[p, 7]
            if done >= screens[p, 6] or since < 0 or since % screens[p, 2] != 0:
                continue
            y = G[G[COUNTY_CITY] + (G[G[TOWN_COUNTY] + a] if kind == 3 else a)]
            if backlog[y] > MOST_BEHIND_DAYS * by_city[LABORATORY, y]:
                continue
            testing = True
            if kind == 3:
                screen_town[P + p, a] = 1
                town[3, a] += 1
                screen_town[p, a] += 1
                size = G[G[TOWN_START] + a + 1] - G[G[TOWN_START] + a]
            else:
                screen_county[P + p, a] = 1
                for t in range(G[TOWNS]):
                    if G[G[TOWN_COUNTY] + t] == a:
                        town[3, t] += 1
                screen_county[p, a] += 1
                size = G[G[COUNTY_START] + a + 1] - G[G[COUNTY_START] + a]
            tubes[y] += size * share / screens[p, 3]
            daily[d, D_SAMPLED] += size * share
    return testing


@helper
def sample(
    seed: u64, L: Layout, D: Reals, pairs: Ints, screens: Ints, shares: Reals, by_city: Reals, cells: Ints,
    zones: Rows, town: Ints, screen_town: Ints, screen_county: Ints, rounds: Ints, rn: Whole, backlog: Reals,
    inf: Rows, table: Ints, index: Ints, current: Whole, zoning: bool, zprog: Whole, over_areas: Whole,
    begin: Whole, end: Whole, d: Whole, days: Whole, daily: Reals, found_r: Ints, found_on: Ints,
) -> tuple[Whole, int]:  # fmt: skip
    """
    Sample the infected among those tested today, from infection `begin` on, until findings fill the buffer.

    Return (the infection to go on with, findings). The first `rn` of `rounds` are the ordered rounds of today.
    """
    G = L.ints
    P = screens.shape[0]
    hits = 0
    pool_of_zone = 10
    shift_of_zone = 1.0
    turn_of_zone = 1
    cover_of_zone = 0.95
    never_of_zone = 0.0
    if zprog >= 0:
        pool_of_zone = screens[zprog, 3]
        shift_of_zone = shares[zprog, 2]
        turn_of_zone = screens[zprog, 4]
        cover_of_zone = shares[zprog, 0]
        never_of_zone = shares[zprog, 1]
    for r in range(begin, end):
        if hits > BUFFER - 64:
            return r, hits
        if inf[r].found >= 0 or inf[r].due <= d + 1:
            continue
        cm = np.int64(inf[r].community)
        tw = G[G[COMMUNITY_TOWN] + cm]
        if town[3, tw] == 0 and rn == 0:
            continue
        if (
            inf[r].apart_from <= d < inf[r].apart_until
            and inf[r].at_home == 0
            and d < inf[r].room_until
        ):
            continue
        t = np.int64(inf[r].person)
        pool = 0
        shift = 0.0
        turn = 1
        zhit0 = np.int64(-1)
        zhit1 = np.int64(-1)
        if zoning and town[0, tw] > 0:
            first = G[G[COMMUNITY_START] + cm]
            for p in range(pairs.shape[0] - 1):
                if pairs[p, 0] > current:
                    break
                held = cells[cell_of(G, pairs[p, 3], pairs[p, 1], first, t, cm)]
                if (held & 3) == 0:
                    continue
                z = np.int64((held >> 2) - 1)
                if zones[z].round > 0:
                    if pairs[p, 2] == 0:
                        zhit0 = z
                    else:
                        zhit1 = z
                    pool = pool_of_zone
                    shift = shift_of_zone
                    turn = turn_of_zone
            if pool > 0:
                if (
                    unit(once(seed, t, ATTENDS)) < never_of_zone
                    or unit(draw(seed, t, ATTENDS, d * 16 + 1)) >= cover_of_zone
                ):
                    pool = 0
        if inf[r].route == PENDING:
            if zhit0 >= 0:
                zones[zhit0].positive += 1
            if zhit1 >= 0:
                zones[zhit1].positive += 1
            continue
        if pool == 0 and over_areas > 0:
            c = G[G[TOWN_COUNTY] + tw]
            for p in range(P):
                kind = screens[p, 0]
                if (kind == 3 and screen_town[P + p, tw] != 0) or (
                    kind == 4 and screen_county[P + p, c] != 0
                ):
                    if unit(once(seed, t, ATTENDS)) < shares[p, 1]:
                        continue
                    if unit(draw(seed, t, ATTENDS, d * 16 + 2 + p)) >= shares[p, 0]:
                        continue
                    pool = screens[p, 3]
                    shift = shares[p, 2]
                    turn = screens[p, 4]
        if pool == 0:
            for x in range(rn):
                if rounds[x, 1] <= t < rounds[x, 2]:
                    if (
                        unit(once(seed, t, ATTENDS)) < 0.03
                        or unit(draw(seed, t, ATTENDS, d * 16 + 1)) >= 0.95
                    ):
                        continue
                    pool = rounds[x, 3]
                    shift = 1.0
        if pool == 0:
            continue
        if not positive(seed, D, t, d - inf[r].born, shift, draw(seed, t, SAMPLE_POOL, d * 16)):
            continue
        c, block, _, _, _, _ = place_of(L, t)
        y = G[G[COUNTY_CITY] + c]
        wait: Whole = turn
        if by_city[LABORATORY, y] > 0.0:
            wait += min(np.int64(14), np.int64(backlog[y] / by_city[LABORATORY, y]))
        else:
            wait += 14
        if zhit0 >= 0:
            zones[zhit0].positive += 1
        if zhit1 >= 0:
            zones[zhit1].positive += 1
        a = block + ((t - block) // pool) * pool
        b = min(a + pool, G[G[COUNTY_START] + c + 1])
        daily[d, D_HELD] += b - a
        for o in range(a, b):
            if pool == 1:
                rr: Whole = r
            else:
                rr = infection_of(table, index, o)
                if rr < 0:
                    continue
            again = d + wait
            x2 = again + (0 if pool == 1 else 1)
            if inf[rr].found >= 0 or x2 >= inf[rr].due or x2 >= days:
                continue
            if pool > 1 and not positive(
                seed, D, o, again - inf[rr].born, 0.0, draw(seed, o, SAMPLE_SINGLE, again * 16 + 1)
            ):
                continue
            inf[rr].due = x2
            inf[rr].route = PENDING
            found_r[hits] = rr
            found_on[hits] = x2
            hits += 1
    return end, hits


@helper
def count_ordered(G: Ints, levels: Ints, row: Whole, daily: Reals, d: Whole) -> None:
    """Count the residents of buildings under an ordered level today."""
    for cm in range(G[COMMUNITIES]):
        begin = G[G[COMMUNITY_START] + cm]
        end = G[G[COMMUNITY_START] + cm + 1]
        for x in range(begin, end, 64):
            lv = levels[row, (begin >> 6) + cm + ((x - begin) >> 6)]
            if lv > 0:
                daily[d, D_HIGH if lv == 2 else D_MEDIUM] += min(np.int64(64), end - x)


@helper
def _told_ahead(
    finds: Rows, fhead: Ints, at: Ints, infection: Whole, on: Whole, route: Whole,
) -> None:  # fmt: skip
    """Note that an infection will be found on a day; there is room."""
    f = at[FIND_FREE]
    if f >= 0:
        at[FIND_FREE] = finds[f].next
    else:
        f = at[FINDS]
        at[FINDS] += 1
    finds[f].infection = infection
    finds[f].route = route
    finds[f].next = fhead[on]
    fhead[on] = f


@entry
def strike(
    seed: u64, d: Whole, days: Whole, silent: Whole, L: Layout, D: Reals, M: Means, levels: Ints, seeds: Ints,
    cells: Ints, town: Ints, county: Ints, inf: Rows, table: Ints, index: Ints, struck: Ints, awho: Ints,
    amark: Ints, alink: Ints, head: Ints, fill: Ints, whom: Ints, when: Ints, marks: Ints, finds: Rows, fhead: Ints,
    apart: Ints, day_new: Ints, daily: Reals, totals: Reals, at: Ints,
) -> int:  # fmt: skip
    """
    Let the seeds, the arrivals and the attempts of day d infect; return 0, or which array is too short to go on.

    Called again with a longer array it goes on where it stopped. `at` holds where things stand, see `PLACES`.
    """
    G = L.ints
    m = M.numbers
    rules = M.zone_rules
    pairs = M.zone_pairs
    town_zones = town[0]
    county_zones = county[0]
    headroom = m[ZONE_MULT + 5]
    zoned = at[ZONES_ACTIVE] > 0 or levels.size > 0
    current = version_on(rules, d)
    q_active = at[Q_CENTRAL] + at[Q_HOME]
    direct = index.size > 0
    # the largest share of attempts at home that any measures let through
    at_most = 1.0 / headroom
    if m[ZONE_SINCE] < days or levels.size > 0:
        at_most *= max(1.0, min(m[ZONE_MULT + 4], headroom))
    sifted = np.int64(-1)
    arriving = 0
    span = latest_on(M.import_days, d)
    if M.import_mean[span] > 0.0:
        arriving = poisson(M.import_mean[span], once(seed, d, IMPORT_COUNT))
    while True:
        # what the last one infected laid out is put down first
        n = at[INFECTIONS]
        while at[PLAN] < at[PLANS]:
            x = at[PLAN]
            dd = when[x]
            if fill[dd] == CHUNK:
                part = at[CHUNK_FREE]
                if part >= 0:
                    at[CHUNK_FREE] = alink[part]
                else:
                    if at[CHUNKS] == alink.size:
                        return SHORT_ATTEMPTS
                    part = at[CHUNKS]
                    at[CHUNKS] += 1
                alink[part] = head[dd]
                head[dd] = part
                fill[dd] = 0
            e = head[dd] * CHUNK + fill[dd]
            awho[e] = (whom[x] << 32) | (n - 1)
            amark[e] = marks[x]
            fill[dd] += 1
            at[PLAN] += 1
        if n == inf.size:
            return SHORT_INFECTIONS
        if not direct:
            if n >= MANY:
                return MANY_NOW
            if (n + 1) * 10 > table.size * 7:
                return SHORT_TABLE
        if at[FIND_FREE] < 0 and at[FINDS] == finds.size:
            return SHORT_FINDS
        known_day = np.int64(-1)
        if at[SEED] < seeds.shape[0] and seeds[at[SEED], 0] == d:
            s_at = at[SEED]
            t = seeds[s_at, 1]
            known_day = seeds[s_at, 3]
            if t < 0:
                c = seeds[s_at, 2]
                t = G[G[COUNTY_START] + c] + below(
                    once(seed, s_at, SEED_PLACE),
                    G[G[COUNTY_START] + c + 1] - G[G[COUNTY_START] + c],
                )
            s = np.int64(-1)
            lay = np.int64(7)
            at[SEED] += 1
        elif at[ARRIVED] < arriving:
            h = draw(seed, d, IMPORT, at[ARRIVED])
            c = last_at_most(M.import_cdf[span], unit(h))
            t = G[G[COUNTY_START] + c] + below(
                mix(h), G[G[COUNTY_START] + c + 1] - G[G[COUNTY_START] + c]
            )
            s = np.int64(-1)
            lay = np.int64(7)
            at[ARRIVED] += 1
        elif head[d] >= 0:
            chunk = np.int64(head[d])
            if direct and chunk != sifted:
                # without a branch, so that many are looked up at a time
                kept = chunk * CHUNK
                for e in range(chunk * CHUNK, chunk * CHUNK + fill[d]):
                    word = awho[e]
                    awho[kept] = word
                    amark[kept] = amark[e]
                    kept += 1 - struck_of(struck, word >> 32)
                fill[d] = kept - chunk * CHUNK
                sifted = chunk
                if fill[d] == 0:
                    head[d] = alink[chunk]
                    alink[chunk] = at[CHUNK_FREE]
                    at[CHUNK_FREE] = chunk
                    fill[d] = CHUNK
                    continue
            fill[d] -= 1
            e = chunk * CHUNK + fill[d]
            t = awho[e] >> 32
            s = awho[e] & 0xFFFFFFFF
            lay = np.int64(amark[e])
            number = lay
            lay >>= 12
            if fill[d] == 0:
                head[d] = alink[chunk]
                alink[chunk] = at[CHUNK_FREE]
                at[CHUNK_FREE] = chunk
                fill[d] = CHUNK
            if d < silent:
                continue
            totals[3] += 1
            if t >= 0:
                if direct:
                    if struck_of(struck, t):
                        continue
                elif table[_slot(table, t)] != -1:
                    continue
            keep = 1.0 / headroom if lay == 0 else 1.0
            isolated = inf[s].apart_from <= d < inf[s].apart_until
            if isolated:
                if inf[s].at_home == 0 and d < inf[s].room_until:
                    continue
                keep *= m[ISOLATION + 2] if lay == 0 else m[ISOLATION + 3]
            if t < 0:
                t = met_late(
                    seed, L, m, pairs, cells, town_zones, levels, current, d, keep, lay, number,
                    np.int64(inf[s].person), np.int64(inf[s].community),
                )  # fmt: skip
                if t < 0:
                    continue
                if direct:
                    if struck_of(struck, t):
                        continue
                elif table[_slot(table, t)] != -1:
                    continue
            if q_active > 0 and (not direct or was_apart(struck, t)):
                held = apart[_slot(apart, t)]
                if held != -1 and ((held >> 1) & LAST_DAY) > d:
                    if (held & 1) == 0 and d < room_until(held):
                        continue
                    if not isolated:
                        keep *= m[ISOLATION + 2] if lay == 0 else m[ISOLATION + 3]
            if not lets_through(
                seed, L, D, m, pairs, cells, town_zones, county_zones, levels, current, zoned, d, keep, lay,
                number, t, np.int64(inf[s].person), np.int64(inf[s].community), np.int64(inf[s].born),
                np.int64(inf[s].age),
            ):  # fmt: skip
                continue
        else:
            at[ARRIVED] = 0
            if direct:
                # for the evening; one after the other, since each is somewhere else in memory
                for r in range(at[INDEXED], n):
                    index[inf[r].person] = r + 1
                at[INDEXED] = n
            return DONE
        # a new infection
        if direct:
            if struck_of(struck, t):
                continue
            struck[t >> 2] |= np.uint8(1 << (t & 3))
        else:
            sl = _slot(table, t)
            if table[sl] != -1:
                continue
            table[sl] = (t << 32) | n
        at[INFECTIONS] = n + 1
        laid, on, how = fall_ill(
            seed, L, D, m, M.seek_cdf, M.pharmacy_cdf, M.quarantine, M.test_days, inf, apart, q_active, day_new, daily,
            totals, n, t, s, lay, d, days, headroom, at_most, zoned, struck, known_day, whom, when, marks,
        )  # fmt: skip
        at[PLAN] = 0
        at[PLANS] = laid
        if on < days:
            inf[n].due = on
            _told_ahead(finds, fhead, at, n, on, how)


@entry
def evening(
    seed: u64, d: Whole, days: Whole, L: Layout, D: Reals, M: Means, orders: Orders, cells: Ints, town: Ints,
    county: Ints, inf: Rows, table: Ints, index: Ints, struck: Ints, finds: Rows, fhead: Ints, found_r: Ints, found_on: Ints,
    contacts: Ints, apart: Ints, used: Reals, rel_central: Ints, rel_beds: Ints, rel_home: Ints, unmet_until: Ints,
    zones: Rows, active: Ints, pending: Ints, queue: Ints, screen_town: Ints, screen_county: Ints, backlog: Reals,
    tubes: Reals, todays: Ints, day_found: Ints, day_open: Ints, daily: Reals, totals: Reals, at: Ints,
) -> int:  # fmt: skip
    """
    Let day d end: beds and rooms, zones, what is found, contacts, samples; return 0, or which array is too short.

    Called again with a longer array it goes on where it stopped.
    """
    G = L.ints
    m = M.numbers
    rules = M.zone_rules
    pairs = M.zone_pairs
    by_city = M.by_city
    screens = M.screens
    shares = M.screen_shares
    levels = orders.level
    cities = G[CITIES]
    town_zones = town[0]
    county_zones = county[0]
    zoning = m[ZONE_SINCE] <= d
    current = version_on(rules, d)
    ordered = levels.size > 0
    P = screens.shape[0]
    if at[STAGE] == 0:
        # quarantines and beds that end today
        for y in range(cities):
            used[ROOMS, y] -= rel_central[d, y]
            at[Q_CENTRAL] -= rel_central[d, y]
            used[BEDS, y] -= rel_beds[d, y]
            daily[d, D_RELEASE] += rel_beds[d, y]
        at[Q_HOME] -= rel_home[d]
        at[UNMET] -= unmet_until[d]
        # zones that step down today, before what is found today
        if zoning and at[ZONES_ACTIVE] > 0:
            at[ZONES_ACTIVE], totals[4] = step_zones(
                L, rules, cells, town_zones, county_zones, zones, active, current, d, at[ZONES_ACTIVE], totals[4]
            )  # fmt: skip
        at[STAGE] = 1
    if at[STAGE] == 1:
        # what is found today
        while fhead[d] >= 0:
            if at[QUEUED] == queue.size:
                return SHORT_QUEUE
            if at[PENDING_ZONES] == pending.size:
                return SHORT_PENDING
            f = np.int64(fhead[d])
            r = np.int64(finds[f].infection)
            how = np.int64(finds[f].route)
            fhead[d] = finds[f].next
            finds[f].next = at[FIND_FREE]
            at[FIND_FREE] = f
            if inf[r].due != d or inf[r].found >= 0:
                continue
            kept_apart, wanting = take_in(
                L, m, by_city, inf, used, rel_beds, unmet_until, town, county, day_found, day_open, daily, r, how, d,
                days,
            )  # fmt: skip
            at[UNMET] += wanting
            if m[TRACE_SINCE] <= d:
                # with its city, which is asked each day the case waits
                y = G[G[COUNTY_CITY] + G[G[TOWN_COUNTY] + G[G[COMMUNITY_TOWN] + inf[r].community]]]
                due = min(d + np.int64(m[TRACE]), np.int64(0xFFFF))
                queue[at[QUEUED]] = (r << 32) | (y << 16) | due
                at[QUEUED] += 1
            if kept_apart:
                continue
            if zoning:
                cm = np.int64(inf[r].community)
                if town_zones[G[G[COMMUNITY_TOWN] + cm]] > 0:
                    reset_zones(L, pairs, cells, zones, current, np.int64(inf[r].person), cm, d)
                pending[at[PENDING_ZONES]] = (r << 32) | (d + np.int64(m[ZONE_DELAY]))
                at[PENDING_ZONES] += 1
        at[STAGE] = 2
    if at[STAGE] == 2:
        # new zones whose order takes effect tonight
        if zoning and at[PENDING_ZONES] > 0:
            if zones.size < at[ZONES] + 2 * at[PENDING_ZONES]:
                return SHORT_ZONES
            open_zones(
                L, rules, pairs, cells, town_zones, county_zones, levels, inf, zones, active, pending, current, d, at
            )  # fmt: skip
        if at[QUEUED] > 0:
            for y in range(cities):
                used[STAFF, y] = min(used[STAFF, y], 0.0) + by_city[STAFF, y]
        at[CASE] = 0
        at[KEPT] = 0
        at[STAGE] = 3
    if at[STAGE] == 3:
        # contacts named today
        while at[CASE] < at[QUEUED]:
            if (at[KEYS] + BUFFER) * 2 > apart.size:
                return SHORT_APART
            if finds.size < at[FINDS] + BUFFER:
                return SHORT_FINDS
            x = at[CASE]
            at[CASE] += 1
            r = queue[x] >> 32
            on = queue[x] & 0xFFFF
            y = (queue[x] >> 16) & 0xFFFF
            if on > d or used[STAFF, y] <= 0.0:
                if on <= d:
                    daily[d, D_QUEUE] += 1
                if on > d or d - on < 14:
                    queue[at[KEPT]] = queue[x]
                    at[KEPT] += 1
                continue
            used[STAFF, y] -= 1.0
            daily[d, D_TRACED] += 1
            named, ring = name_contacts(seed, L, D, m, inf, r, d, contacts)
            daily[d, D_CONTACTS] += ring
            hits = keep_apart(
                seed, L, D, by_city, M.quarantine, M.test_days, inf, table, index, struck, apart, used, rel_central, rel_home, contacts,
                named, ring, d, days, found_r, found_on, at,
            )  # fmt: skip
            for w in range(hits):
                _told_ahead(finds, fhead, at, found_r[w], found_on[w], TRACED)
        at[QUEUED] = at[KEPT]
        at[STAGE] = 4
    zprog = np.int64(-1)
    for p in range(P):
        if screens[p, 0] == -1 and screens[p, 1] <= d:
            zprog = np.int64(p)
    if at[STAGE] == 4:
        # samples taken today: which zones and areas, how many tubes
        for y in range(cities):
            tubes[y] = 0.0
        testing = rounds_of_day(
            L, rules, pairs, screens, shares, zones, active, cells, at[ZONES_ACTIVE], current, zoning, town, county,
            screen_town, screen_county, tubes, backlog, by_city, daily, zprog, d,
        )  # fmt: skip
        if ordered:
            count_ordered(G, levels, min(d, levels.shape[0] - 1), daily, d)
        rn = 0
        for x in range(orders.rounds.shape[0]):
            if orders.rounds[x, 0] == d:
                testing = True
                for column in range(4):
                    todays[rn, column] = orders.rounds[x, column]
                rn += 1
                y = G[G[COUNTY_CITY] + county_of(L, orders.rounds[x, 1])]
                people = (orders.rounds[x, 2] - orders.rounds[x, 1]) * 0.92
                tubes[y] += people / orders.rounds[x, 3]
                daily[d, D_SAMPLED] += people
        if m[FINDING + 3] > 0.0:
            for y in range(cities):
                people = (
                    (G[G[CITY_START] + y + 1] - G[G[CITY_START] + y])
                    * m[FINDING + 3]
                    / m[FINDING + 4]
                )
                tubes[y] += people / m[FINDING + 5]
                daily[d, D_SAMPLED] += people
        for y in range(cities):
            backlog[y] = max(0.0, backlog[y] + tubes[y] - by_city[LABORATORY, y])
            daily[d, D_TUBES] += tubes[y]
            daily[d, D_BACKLOG] += backlog[y]
        while at[WATCHED] < at[INFECTIONS] and inf[at[WATCHED]].born < d - WATCHED_DAYS:
            at[WATCHED] += 1
        at[ROUNDS] = rn
        at[SAMPLED] = at[WATCHED] if testing else at[INFECTIONS]
        at[STAGE] = 5
    # the infected among those sampled
    over_areas = np.int64(0)
    for p in range(P):
        if screens[p, 0] != -1:
            over_areas += 1
    while at[SAMPLED] < at[INFECTIONS]:
        if finds.size < at[FINDS] + BUFFER:
            return SHORT_FINDS
        at[SAMPLED], hits = sample(
            seed, L, D, pairs, screens, shares, by_city, cells, zones, town, screen_town, screen_county,
            todays, at[ROUNDS], backlog, inf, table, index, current, zoning, zprog, over_areas, at[SAMPLED],
            at[INFECTIONS], d, days, daily, found_r, found_on,
        )  # fmt: skip
        for w in range(hits):
            _told_ahead(finds, fhead, at, found_r[w], found_on[w], SCREENED)
    if zoning and at[ZONES_ACTIVE] > 0:
        for x in range(at[ZONES_ACTIVE]):
            z = np.int64(active[x])
            if zones[z].round > 0 and zones[z].positive == 0:
                zones[z].done = d + 1
            zones[z].round = 0
    # the day's books
    daily[d, D_QCENTRAL] = at[Q_CENTRAL]
    daily[d, D_QHOME] = at[Q_HOME]
    for y in range(cities):
        daily[d, D_BEDS] += used[BEDS, y]
    daily[d, D_UNMET] = at[UNMET]
    at[STAGE] = 0
    return DONE


@entry
def keep_ordered(
    seed: u64, kept: Ints, d: Whole, days: Whole, L: Layout, D: Reals, by_city: Reals, quarantine: Ints, test_days: Ints,
    inf: Rows, table: Ints, index: Ints, apart: Ints, used: Reals, rel_central: Ints, rel_home: Ints, finds: Rows,
    fhead: Ints, at: Ints,
) -> None:  # fmt: skip
    """
    Put people into quarantine from day d on, as an order says; `kept` has rows (resident, from day, until day, at home).

    Whoever is in quarantine already stays in that one, and who was found is a case. Without a free room somebody is kept
    at home. They are tested as contacts in quarantine are. `apart` and `finds` have room for all of them.
    """
    G = L.ints
    now = latest_on(quarantine, d)
    for x in range(kept.shape[0]):
        if kept[x, 1] != d:
            continue
        o = kept[x, 0]
        until = kept[x, 2]
        qs = _slot(apart, o)
        if apart[qs] != -1 and ((apart[qs] >> 1) & LAST_DAY) > d:
            continue
        rr = infection_of(table, index, o)
        if rr >= 0 and inf[rr].found >= 0:
            continue
        if apart[qs] == -1:
            at[KEYS] += 1
        oy = G[G[COUNTY_CITY] + county_of(L, o)]
        home: Whole = 1
        total = until - d
        room: Whole = 0
        if kept[x, 3] == 0 and used[ROOMS, oy] < by_city[ROOMS, oy]:
            used[ROOMS, oy] += 1
            at[Q_CENTRAL] += 1
            rel_central[until, oy] += 1
            home = 0
            room = total
        else:
            rel_home[until] += 1
            at[Q_HOME] += 1
        apart[qs] = (o << 32) | (room << 24) | (total << 16) | (until << 1) | home
        if rr >= 0:
            inf[rr].apart_from = min(np.int64(inf[rr].apart_from), d)
            inf[rr].apart_until = until
            inf[rr].room_until = d + room
            inf[rr].at_home = home
            for w in range(quarantine[now, 5], quarantine[now, 6]):
                td = d - 1 + test_days[w]
                if td >= d and positive(
                    seed, D, o, td - inf[rr].born, 0.0, draw(seed, o, SAMPLE_SINGLE, td * 16)
                ):
                    if td + 1 < inf[rr].due and td + 1 < days:
                        inf[rr].due = td + 1
                        _told_ahead(finds, fhead, at, rr, td + 1, TRACED)
                    break


@entry
def moved(old: Ints, new: Ints) -> None:
    """Put the words of a table of keys into a longer, empty one."""
    for s in range(old.size):
        if old[s] != -1:
            new[_slot(new, old[s] >> 32)] = old[s]


def _longer(a: Any, size: int = 0) -> Any:
    """Return an array with the same entries and more room."""
    room = np.empty(size or a.size + (a.size if a.size < (1 << 24) else a.size >> 1), a.dtype)
    room.view(np.uint8)[: a.nbytes] = a.view(np.uint8)
    return room


def _rehashed(table: NDArray[np.int64]) -> NDArray[np.int64]:
    room = np.full(table.size * 2, -1, np.int64)
    moved(table, room)
    return room


def run(
    seed: np.uint64, days: int, L: Layout, D: NDArray[np.float64], M: Means, orders: Orders,
    seeds: NDArray[np.int64], cap: int, most: int, silent: int, *, infect: Callable[..., int] = strike,
    end: Callable[..., int] = evening,
) -> tuple[NDArray[Any], ...]:  # fmt: skip
    """
    Run one replicate and return its tables and its infections; see `simulate.run` for what they mean.

    `seeds` holds rows (day, person or -1, county, day found or -1), in order of day. A run that reaches `most`
    infections ends with that day. Attempts before day `silent` are dropped: what they led to is among the seeds.

    The arrays are made here and lengthened when the compiled days say which is too short: so those allocate nothing,
    which halves what there is to compile. `infect` and `end` are the two halves of a day.
    """
    counties, cities, towns = (int(L.ints[k]) for k in (COUNTIES, CITIES, TOWNS))
    day_new, day_found, day_open = (np.zeros((days, counties), np.int32) for _ in range(3))
    daily, totals = np.zeros((days, len(DAILY))), np.zeros(8)
    at = np.zeros(len(PLACES), np.int64)
    at[[CHUNK_FREE, FIND_FREE]] = -1
    slots = 1 << max(12, int(min(cap, MANY) * 10 / 7).bit_length())
    table = np.full(slots, -1, np.int64)
    index, struck = np.zeros(0, np.int32), np.zeros(0, np.uint8)
    inf = np.empty(cap, INFECTION)
    parts = max(2 * (days + 1) if days < 64 else 128, 4 * cap // CHUNK)
    awho, amark = np.empty(parts * CHUNK, np.int64), np.empty(parts * CHUNK, np.uint16)
    alink = np.empty(parts, np.int32)
    head, fill = np.full(days + 1, -1, np.int32), np.full(days + 1, CHUNK, np.int32)
    whom, when, marks = (np.empty(5 * 4096, kind) for kind in (np.int64, np.int32, np.uint16))
    finds, fhead = np.empty(2 * BUFFER, FINDING_TO_COME), np.full(days + 1, -1, np.int32)
    found_r, found_on, contacts = (np.empty(BUFFER, np.int64) for _ in range(3))
    apart = np.full(4 * BUFFER, -1, np.int64)
    used = np.zeros((4, cities))
    rel_central, rel_beds = (np.zeros((days + 400, cities), np.int64) for _ in range(2))
    rel_home, unmet_until = (np.zeros(days + 400, np.int64) for _ in range(2))
    zones, active = np.empty(64, ZONE), np.zeros(64, np.int32)
    pending, queue = np.empty(64, np.int64), np.empty(64, np.int64)
    cells = np.zeros(M.zone_pairs[-1, 3], np.int32)
    # rows: zones, day of the last and of the first case, how much is tested today
    town, county = np.full((4, towns), -1, np.int64), np.full((4, counties), -1, np.int64)
    town[0], county[0] = 0, 0
    town[1], county[1] = -10000, -10000
    programmes = 2 * max(M.screens.shape[0], 1)
    screen_town = np.zeros((programmes, towns), np.int64)
    screen_county = np.zeros((programmes, counties), np.int64)
    backlog, tubes = np.zeros(cities), np.zeros(cities)
    todays = np.empty((orders.rounds.shape[0], 4), np.int64)
    ordered_in = _ordered_by_county(L, orders.level)
    kept = orders.kept[(orders.kept[:, 2] > orders.kept[:, 1]) & (orders.kept[:, 1] >= 0)]
    while kept.size and (kept.shape[0] + BUFFER) * 4 > apart.size:
        apart = _rehashed(apart)
    for d in range(days):
        if d < ordered_in.shape[0]:
            county[0] += ordered_in[d] - (ordered_in[d - 1] if d else 0)
        if kept.size:
            while finds.size < at[FINDS] + kept.shape[0] + BUFFER:
                finds = _longer(finds)
            keep_ordered(
                seed, kept, d, days, L, D, M.by_city, M.quarantine, M.test_days, inf, table, index, apart, used,
                rel_central, rel_home, finds, fhead, at,
            )  # fmt: skip
        while short := infect(
            seed, d, days, silent, L, D, M, orders.level, seeds, cells, town, county, inf, table, index, struck,
            awho, amark, alink, head, fill, whom, when, marks, finds, fhead, apart, day_new, daily, totals, at,
        ):  # fmt: skip
            if short == SHORT_ATTEMPTS:
                alink = _longer(alink)
                awho, amark = _longer(awho, alink.size * CHUNK), _longer(amark, alink.size * CHUNK)
            elif short == SHORT_INFECTIONS:
                inf = _longer(inf)
            elif short == SHORT_TABLE:
                table = _rehashed(table)
            elif short == SHORT_FINDS:
                finds = _longer(finds)
            else:
                index, struck = _by_resident(
                    inf["person"][: at[INFECTIONS]],
                    apart[apart != -1] >> 32,
                    int(L.ints[RESIDENTS]),
                )
                table = np.full(2, -1, np.int64)
        while short := end(
            seed, d, days, L, D, M, orders, cells, town, county, inf, table, index, struck, finds, fhead, found_r, found_on,
            contacts, apart, used, rel_central, rel_beds, rel_home, unmet_until, zones, active, pending, queue,
            screen_town, screen_county, backlog, tubes, todays, day_found, day_open, daily, totals, at,
        ):  # fmt: skip
            if short == SHORT_FINDS:
                finds = _longer(finds)
            elif short == SHORT_QUEUE:
                queue = _longer(queue)
            elif short == SHORT_PENDING:
                pending = _longer(pending)
            elif short == SHORT_ZONES:
                zones, active = _longer(zones), _longer(active)
            else:
                apart = _rehashed(apart)
        if at[INFECTIONS] >= most:
            totals[6] = d + 1
            break
    still = zones[active[: at[ZONES_ACTIVE]]]["opened"]
    totals[4] = max(totals[4], float((days - still).max()) if still.size else 0.0)
    people = inf[: at[INFECTIONS]]
    people["route"][people["route"] == PENDING] = 0
    return day_new, day_found, day_open, daily, totals, people


def _ordered_by_county(L: Layout, level: NDArray[np.int8]) -> NDArray[np.int64]:
    """
    Return how many buildings of each county are under an ordered level on each day of a table day x building.

    Where there are ordered zones in a county, its other residents meet less, as they do beside zones drawn by rule.
    """
    if not level.size:
        return np.zeros((0, 0), np.int64)
    G = L.ints
    communities = np.arange(G[COMMUNITIES])
    first = (G[G[COMMUNITY_START] + communities] >> 6) + communities
    county = G[G[TOWN_COUNTY] + G[G[COMMUNITY_TOWN] + communities]]
    counted = np.zeros((level.shape[0], G[COUNTIES]), np.int64)
    day, building = np.nonzero(level)
    where = county[np.searchsorted(first, building, side="right") - 1]
    np.add.at(counted, (day, where), 1)
    return counted


def _by_resident(
    people: NDArray[np.int32], kept: NDArray[np.int64], residents: int
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Return for each resident the infection's number and 1, and the bits of who was infected or kept apart."""
    index = np.zeros(residents, np.int32)
    index[people] = np.arange(1, people.size + 1, dtype=np.int32)
    # the last byte is nobody's: an attempt whose target is open (-1) looks there
    struck = np.zeros((residents >> 2) + 2, np.uint8)
    np.bitwise_or.at(struck, people >> 2, (1 << (people & 3)).astype(np.uint8))
    np.bitwise_or.at(struck, kept >> 2, (16 << (kept & 3)).astype(np.uint8))
    return index, struck
