"""
The epidemic, event by event: what it costs follows the infections, never the residents.

A person infected lays out attempts to infect others: how many, whom and on which day follows from keyed draws. On its
day an attempt is accepted with the product of what the measures of that day let through (thinning, exact while every
factor is at most 1). Nothing is kept of those never infected but quarantines.
"""

import math

import numpy as np
from numba import njit

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
    below,
    draw,
    last_at_most,
    mix,
    poisson,
    unit,
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
    ROLE_SCHOOL,
    ROLE_WORK,
    TOWN_COUNTY,
    TOWN_START,
    TOWNS,
    community_of,
    county_of,
    group_mate,
    place_of,
    role_of,
    school_group_of,
    work_group_of,
)
from .zones import next_stage, stage_due, version_on

u64 = np.uint64

TIME_SPREAD = 0.25
"""Log standard deviation of each person's times of detectability: an assumption of this project."""
NEVER_DAY = 32000
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
CLINIC, PHARMACY, TRACED, SCREENED, ROUTINE, TRAVELLER, KNOWN = range(1, 8)
"""How an infection was found."""
PENDING = 100
"""In the place of how: a positive sample lies in the laboratory and is not sampled again."""


@njit(cache=True)
def law(D, which, u):  # type: ignore[no-untyped-def]
    """Return how many days past the first the law of generation times (0) or incubation (1) gives for u."""
    at = GENERATION_AT
    if which == 1:
        at += 2 + np.int64(D[at])
    low = 0
    high = np.int64(D[at]) - 1
    while low < high:
        middle = (low + high) >> 1
        if u < D[at + 2 + middle]:
            high = middle
        else:
            low = middle + 1
    return low


@njit(cache=True)
def trip(L, city, u):  # type: ignore[no-untyped-def]
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


@njit(cache=True)
def vaccine_left(seed, D, campaign, since, person, age, day):  # type: ignore[no-untyped-def]
    """Return what is left of a person's vaccine on a day: 0 unvaccinated, 1 on the day of the dose."""
    had = D[COVERAGE_AT + age]
    more = campaign[age]
    if had <= 0.0 and more <= 0.0:
        return 0.0
    u = unit(draw(seed, person, VACCINE, 0))
    if u < had:
        ago = (
            D[VACCINE_AT + 4]
            + (unit(draw(seed, person, VACCINE_DAY, 0)) - 0.5) * D[VACCINE_AT + 5]
            + float(day)
        )
        return 0.5 ** (ago / D[VACCINE_AT + 3])
    if more > 0.0 and day > since:
        reached = min(max(had, campaign[4]), had + more * (day - since))
        if u < reached:
            ago = (day - since) - (u - had) / more
            return 0.5 ** (ago / D[VACCINE_AT + 3])
    return 0.0


@njit(cache=True)
def ct_of(seed, D, person, age_days):  # type: ignore[no-untyped-def]
    """Return a person's Ct some days after infection: a straight fall to the peak, a straight rise after it."""
    n = QUANTILES
    z0 = D[NORMAL_AT + below(draw(seed, person, LATENT, 0), n)]
    z1 = D[NORMAL_AT + below(draw(seed, person, CT_RISE, 0), n)]
    z2 = D[NORMAL_AT + below(draw(seed, person, CT_FALL, 0), n)]
    z3 = D[NORMAL_AT + below(draw(seed, person, CT_PEAK, 0), n)]
    since = age_days - D[CT_AT + 0] * math.exp(TIME_SPREAD * z0)
    rise = D[CT_AT + 1] * math.exp(TIME_SPREAD * z1)
    fall = D[CT_AT + 2] * math.exp(TIME_SPREAD * z2)
    top = D[CT_AT + 8]
    peak = min(top, D[CT_AT + 3] + D[CT_AT + 4] * z3)
    if since <= 0.0 or since >= rise + fall:
        return top
    if since < rise:
        return top - (top - peak) * since / rise
    return peak + (top - peak) * (since - rise) / fall


@njit(cache=True)
def sensitivity(D, ct, shift):  # type: ignore[no-untyped-def]
    """Return the chance that a sample of this Ct is positive in a tube that adds `shift`."""
    if ct >= D[CT_AT + 8]:
        return 0.0
    x = (D[CT_AT + 5] - ct - shift) / D[CT_AT + 6]
    return D[CT_AT + 7] * 0.5 * math.erfc(-x / math.sqrt(2.0))


@njit(cache=True)
def unit_of(L, i, cm, kind):  # type: ignore[no-untyped-def]
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


@njit(cache=True)
def _slot(keys, key):  # type: ignore[no-untyped-def]
    mask = keys.size - 1
    s = np.int64(mix(u64(key)) & u64(mask))
    while keys[s] != -1 and keys[s] != key:
        s = (s + 1) & mask
    return s


@njit(cache=True)
def _rehash(keys, values):  # type: ignore[no-untyped-def]
    bigger = np.full(keys.size * 2, -1, keys.dtype)
    moved = np.empty(keys.size * 2, values.dtype)
    for s in range(keys.size):
        if keys[s] != -1:
            t = _slot(bigger, keys[s])
            bigger[t] = keys[s]
            moved[t] = values[s]
    return bigger, moved


@njit(cache=True)
def _longer(a):  # type: ignore[no-untyped-def]
    b = np.empty(a.size * 2, a.dtype)
    b[: a.size] = a
    return b


@njit(cache=True)
def quarter_of(L, i, cm):  # type: ignore[no-untyped-def]
    """Return the number of the compound of a resident of community cm, by which ordered levels are told."""
    first = L.ints[L.ints[COMMUNITY_START] + cm]
    return (first >> 9) + cm + ((i - first) >> 9)


@njit(cache=True)
def _zone_at(L, zone_rules, town_zones, level_by_day, current, zkeys, zvals, zstage, i, cm, d):  # type: ignore[no-untyped-def]
    """Return (level, mark of the zone) of a resident of community cm on a day; the mark tells two zones apart."""
    level = 0
    mark = np.int64(-1)
    if level_by_day.size > 0:
        q = quarter_of(L, i, cm)
        ordered = np.int64(level_by_day[min(d, level_by_day.shape[0] - 1), q])
        if ordered > 0:
            level = ordered
            mark = np.int64(1) << 40 | q
    if town_zones[L.ints[L.ints[COMMUNITY_TOWN] + cm]] > 0:
        for v in range(current + 1):
            for medium in range(2):
                kind = zone_rules[v, 8 + medium]
                if kind < 0:
                    continue
                start, _ = unit_of(L, i, cm, kind)
                s = _slot(zkeys, (start * 8 + kind) * 2 + medium)
                if zkeys[s] != -1:
                    z = zvals[s]
                    stage = zstage[z]
                    now = 2 if stage == 2 else (0 if stage == 0 else 1)
                    if now > level:
                        level = now
                        mark = np.int64(z)
    return level, mark


@njit(cache=True)
def _count_zone(G, town_zones, county_zones, cm, kind, change):  # type: ignore[no-untyped-def]
    t = G[G[COMMUNITY_TOWN] + cm]
    c = G[G[TOWN_COUNTY] + t]
    county_zones[c] += change
    if kind < 4:
        town_zones[t] += change
    else:
        for x in range(town_zones.size):
            if G[G[TOWN_COUNTY] + x] == c:
                town_zones[x] += change


@njit(nogil=True, cache=True)
def run(seed, days, L, D, M, orders, seeds, cap, most, silent):  # type: ignore[no-untyped-def]
    """
    Run one replicate and return its tables and its infections; see `simulate.run` for what they mean.

    `seeds` holds rows (day, person or -1, county, day found or -1), in order of day. A run that reaches `most`
    infections ends with that day. Attempts before day `silent` are dropped: what they led to is among the seeds.
    """
    G = L.ints
    counties = G[COUNTIES]
    cities = G[CITIES]
    day_new = np.zeros((days, counties), np.int32)
    day_found = np.zeros((days, counties), np.int32)
    day_open = np.zeros((days, counties), np.int32)
    daily = np.zeros((days, 24), np.float64)
    totals = np.zeros(
        8, np.float64
    )  # severe, deaths, symptomatic, attempts, longest restriction, lost work, waves
    # infections
    pid = np.empty(cap, np.int32)
    src = np.empty(cap, np.int32)
    born = np.empty(cap, np.int16)
    iso_from = np.empty(cap, np.int16)
    iso_until = np.empty(cap, np.int16)
    due = np.empty(cap, np.int16)
    found = np.empty(cap, np.int16)
    layer = np.empty(cap, np.uint8)
    route = np.empty(cap, np.uint8)
    at_home = np.empty(cap, np.uint8)
    child = np.empty(cap, np.int32)
    sibling = np.empty(cap, np.int32)
    comm = np.empty(cap, np.int32)
    n = 0
    table = np.full(4096, -1, np.int32)
    where = np.empty(4096, np.int32)
    # attempts
    acap = 4096
    atarget = np.empty(acap, np.int32)
    asource = np.empty(acap, np.int32)
    aindex = np.empty(acap, np.uint16)
    alink = np.empty(acap, np.int32)
    head = np.full(days + 1, -1, np.int32)
    afree = -1
    aused = 0
    # findings to come
    fcap = 1024
    frec = np.empty(fcap, np.int32)
    fnext = np.empty(fcap, np.int32)
    froute = np.empty(fcap, np.uint8)
    fhead = np.full(days + 1, -1, np.int32)
    ffree = -1
    fused = 0
    # quarantine of anybody
    qkeys = np.full(1024, -1, np.int32)
    quntil = np.empty(1024, np.int32)
    qn = 0
    q_active = 0
    q_central = 0
    rel_central = np.zeros((days + 400, cities), np.int64)
    rel_home = np.zeros(days + 400, np.int64)
    rooms_used = np.zeros(cities, np.int64)
    beds_used = np.zeros(cities, np.int64)
    rel_beds = np.zeros((days + 400, cities), np.int64)
    unmet_until = np.zeros(days + 400, np.int64)
    unmet_now = 0
    q_home = 0
    # zones
    zcap = 64
    zstage = np.zeros(zcap, np.int8)
    zclock = np.zeros(zcap, np.int32)
    zdone = np.zeros(zcap, np.int32)
    zbook = np.zeros(zcap, np.int32)
    zopen = np.zeros(zcap, np.int32)
    zfirst = np.zeros(zcap, np.int64)
    zsize = np.zeros(zcap, np.int64)
    zmedium = np.zeros(zcap, np.int8)
    zkind = np.zeros(zcap, np.int8)
    zcomm = np.zeros(zcap, np.int32)
    zposit = np.zeros(zcap, np.int32)
    zround = np.zeros(zcap, np.int8)
    zwithin = np.zeros(zcap, np.int64)
    zactive = np.zeros(zcap, np.int32)
    zkeys = np.full(256, -1, np.int64)
    zvals = np.empty(256, np.int32)
    zn = 0
    za = 0
    county_zones = np.zeros(counties, np.int64)
    town_zones = np.zeros(G[TOWNS], np.int64)
    pcap = 64
    prec = np.empty(pcap, np.int32)
    pday = np.empty(pcap, np.int32)
    pn = 0
    # tracing queue
    tcap = 64
    trec = np.empty(tcap, np.int32)
    tday = np.empty(tcap, np.int32)
    tn = 0
    staff_debt = np.zeros(cities)
    # screening of areas
    P = M.screens.shape[0]
    towns = G[TOWNS]
    last_case_town = np.full(towns, -10000, np.int64)
    last_case_county = np.full(counties, -10000, np.int64)
    first_case_town = np.full(towns, -1, np.int64)
    first_case_county = np.full(counties, -1, np.int64)
    rounds_town = np.zeros((max(P, 1), towns), np.int64)
    rounds_county = np.zeros((max(P, 1), counties), np.int64)
    due_town = np.zeros((max(P, 1), towns), np.bool_)
    due_county = np.zeros((max(P, 1), counties), np.bool_)
    backlog = np.zeros(cities)
    tubes_today = np.zeros(cities)
    area_screens = False
    for p in range(P):
        if M.screens[p, 0] != -1:
            area_screens = True
    contacts = np.empty(4096, np.int64)
    first = 0
    s_at = 0
    headroom = M.zone_mult[5]
    current = 0
    for d in range(days):
        zoning = M.zone_since <= d
        current = version_on(M.zone_rules, d)
        ordered = orders.level.size > 0
        # 1. seeds, arrivals and the attempts of the day
        e = np.int64(head[d])
        arriving = 0
        if M.import_mean > 0.0:
            arriving = poisson(M.import_mean, draw(seed, d, IMPORT_COUNT, 0))
        k = 0
        while True:
            known_day = -1
            if s_at < seeds.shape[0] and seeds[s_at, 0] == d:
                t = seeds[s_at, 1]
                known_day = seeds[s_at, 3]
                if t < 0:
                    c = seeds[s_at, 2]
                    t = G[G[COUNTY_START] + c] + below(
                        draw(seed, s_at, SEED_PLACE, 0),
                        G[G[COUNTY_START] + c + 1] - G[G[COUNTY_START] + c],
                    )
                s = np.int64(-1)
                lay = 7
                s_at += 1
            elif k < arriving:
                h = draw(seed, d, IMPORT, k)
                c = last_at_most(M.import_cdf, unit(h))
                t = G[G[COUNTY_START] + c] + below(
                    mix(h), G[G[COUNTY_START] + c + 1] - G[G[COUNTY_START] + c]
                )
                s = np.int64(-1)
                lay = 7
                k += 1
            elif e >= 0:
                t = np.int64(atarget[e])
                s = np.int64(asource[e])
                index = np.int64(aindex[e])
                lay = index >> 12
                nxt = np.int64(alink[e])
                alink[e] = afree
                afree = e
                e = nxt
                if d < silent:
                    continue
                totals[3] += 1
                keep = 1.0 / headroom if lay == 0 else 1.0
                isolated = iso_from[s] <= d < iso_until[s]
                if isolated:
                    if at_home[s] == 0:
                        continue
                    keep *= M.isolation[2] if lay == 0 else M.isolation[3]
                if table[_slot(table, np.int32(t))] != -1:
                    continue
                if q_active > 0:
                    qs = _slot(qkeys, np.int32(t))
                    if qkeys[qs] != -1 and (quntil[qs] >> 1) > d:
                        if (quntil[qs] & 1) == 0:
                            continue
                        if not isolated:
                            keep *= M.isolation[2] if lay == 0 else M.isolation[3]
                sp = np.int64(pid[s])
                if za > 0 or ordered:
                    cm = community_of(L, t)[0]
                    if lay == 0:
                        lt, _ = _zone_at(
                            L,
                            M.zone_rules,
                            town_zones,
                            orders.level,
                            current,
                            zkeys,
                            zvals,
                            zstage,
                            t,
                            cm,
                            d,
                        )
                        if lt == 2:
                            keep *= min(M.zone_mult[4], headroom)
                    else:
                        ls, ms = _zone_at(
                            L,
                            M.zone_rules,
                            town_zones,
                            orders.level,
                            current,
                            zkeys,
                            zvals,
                            zstage,
                            sp,
                            np.int64(comm[s]),
                            d,
                        )
                        lt, mt = _zone_at(
                            L,
                            M.zone_rules,
                            town_zones,
                            orders.level,
                            current,
                            zkeys,
                            zvals,
                            zstage,
                            t,
                            cm,
                            d,
                        )
                        top = max(ls, lt)
                        if top == 2:
                            keep *= M.zone_mult[0]
                        elif top == 1:
                            keep *= M.zone_mult[1] if ms == mt else M.zone_mult[2]
                        elif county_zones[G[G[TOWN_COUNTY] + G[G[COMMUNITY_TOWN] + comm[s]]]] > 0:
                            keep *= M.zone_mult[3]
                if lay == 6 and M.travel_since <= d:
                    keep *= M.travel[0]
                    if M.travel[1] > 0.0 and keep > 0.0:
                        if unit(draw(seed, sp, LEAVE_TEST, index)) < M.travel[1]:
                            keep *= 1.0 - sensitivity(D, ct_of(seed, D, sp, d - born[s] - 1), 0.0)
                tage = place_of(L, t)[5]
                keep *= D[SUSCEPTIBILITY_AT + tage]
                left = vaccine_left(seed, D, M.campaign, M.campaign_since, t, tage, d)
                if left > 0.0:
                    keep *= 1.0 - D[VACCINE_AT + 0] * left
                if D[VACCINE_AT + 1] > 0.0:
                    sage = place_of(L, sp)[5]
                    keep *= 1.0 - D[VACCINE_AT + 1] * vaccine_left(
                        seed, D, M.campaign, M.campaign_since, sp, sage, d
                    )
                if keep < 1.0 and unit(draw(seed, sp, ACCEPT, index)) >= keep:
                    continue
            else:
                break
            sl = _slot(table, np.int32(t))
            if table[sl] != -1:
                continue
            # a new infection
            if n == pid.size:
                pid = _longer(pid)
                src = _longer(src)
                born = _longer(born)
                iso_from = _longer(iso_from)
                iso_until = _longer(iso_until)
                due = _longer(due)
                found = _longer(found)
                layer = _longer(layer)
                route = _longer(route)
                at_home = _longer(at_home)
                child = _longer(child)
                sibling = _longer(sibling)
                comm = _longer(comm)
            if (n + 1) * 10 > table.size * 7:
                table, where = _rehash(table, where)
                sl = _slot(table, np.int32(t))
            table[sl] = t
            where[sl] = n
            r = n
            n += 1
            pid[r] = t
            src[r] = s
            born[r] = d
            iso_from[r] = NEVER_DAY
            iso_until[r] = NEVER_DAY
            due[r] = NEVER_DAY
            found[r] = -1
            layer[r] = lay
            route[r] = 0
            at_home[r] = 0
            child[r] = -1
            sibling[r] = -1
            comm[r] = community_of(L, t)[0]
            if s >= 0:
                sibling[r] = child[s]
                child[s] = r
            c, block, hstart, hsize, dorm, age = place_of(L, t)
            day_new[d, c] += 1
            if lay == 6 and s >= 0:
                daily[d, D_EXPORT] += 1
            # course of the illness
            ill = unit(draw(seed, t, SYMPTOMS, 0)) < D[SYMPTOMATIC_AT + age]
            onset = d + 1 + law(D, 1, unit(draw(seed, t, INCUBATION, 0)))
            left = vaccine_left(seed, D, M.campaign, M.campaign_since, t, age, d)
            spared = 1.0 - D[VACCINE_AT + 2] * (1.0 if left > 0.0 else 0.0)
            if ill:
                totals[2] += 1
                if unit(draw(seed, t, SEVERE, 0)) < D[SEVERE_AT + age] * spared:
                    totals[0] += 1
                    if unit(draw(seed, t, DIES, 0)) * D[SEVERE_AT + age] < D[FATAL_AT + age]:
                        totals[1] += 1
            # whom this person will try to infect
            power = D[INFECTIOUSNESS_AT + below(draw(seed, t, INFECTIOUSNESS, 0), QUANTILES)]
            role = role_of(L, t, age)
            for lay2 in range(5):
                if lay2 == 0:
                    if hsize < 2:
                        continue
                    mean = D[RATES_AT + 0] * power * headroom * (hsize - 1)
                    purpose = HOUSEHOLD_COUNT
                elif lay2 == 1:
                    if not dorm:
                        continue
                    mean = D[RATES_AT + 1] * power
                    purpose = DORMITORY_COUNT
                elif lay2 == 2:
                    if role != ROLE_WORK:
                        continue
                    mean = D[RATES_AT + 2] * power
                    purpose = WORK_COUNT
                elif lay2 == 3:
                    if role != ROLE_SCHOOL:
                        continue
                    mean = D[RATES_AT + 3] * power
                    purpose = SCHOOL_COUNT
                else:
                    mean = D[RATES_AT + 4] * power
                    purpose = COMMUNITY_COUNT
                if mean <= 0.0:
                    continue
                count = min(poisson(mean, draw(seed, t, purpose, 0)), 4095)
                if count == 0:
                    continue
                gd = np.int64(0)
                gfirst = np.int64(0)
                gsize = np.int64(0)
                if lay2 == 2:
                    gd, gfirst, gsize = work_group_of(L, t, c)
                elif lay2 == 3:
                    gfirst, gsize = school_group_of(L, t, c)
                for j in range(count):
                    h = draw(seed, t, purpose, j + 1)
                    dd = d + 1 + law(D, 0, unit(h))
                    if dd >= days:
                        continue
                    h = mix(h)
                    kind = lay2
                    o = np.int64(-1)
                    if lay2 == 0:
                        o = hstart + below(h, hsize - 1)
                        if o >= t:
                            o += 1
                    elif lay2 == 1:
                        size = min(np.int64(64), G[G[COUNTY_START] + c + 1] - block)
                        if size > hsize:
                            for _ in range(64):
                                o = block + below(h, size)
                                if o < hstart or o >= hstart + hsize:
                                    break
                                o = np.int64(-1)
                                h = mix(h)
                    elif 2 <= lay2 <= 3:
                        o = group_mate(L, role, c, gd, gfirst, gsize, t, h)
                    else:
                        u = unit(h)
                        h = mix(h)
                        if u < D[REACH_AT + 0]:
                            _, a, size = community_of(L, t)
                            o = a + below(h, size)
                        elif u < D[REACH_AT + 1]:
                            kind = 5
                            o = G[G[COUNTY_START] + c] + below(
                                h, G[G[COUNTY_START] + c + 1] - G[G[COUNTY_START] + c]
                            )
                        elif u < D[REACH_AT + 2] or cities == 1:
                            kind = 5
                            y = G[G[COUNTY_CITY] + c]
                            o = G[G[CITY_START] + y] + below(
                                h, G[G[CITY_START] + y + 1] - G[G[CITY_START] + y]
                            )
                        else:
                            kind = 6
                            y = trip(L, G[G[COUNTY_CITY] + c], unit(h))
                            h = mix(h)
                            o = G[G[CITY_START] + y] + below(
                                h, G[G[CITY_START] + y + 1] - G[G[CITY_START] + y]
                            )
                    if o < 0 or o == t:
                        continue
                    if afree >= 0:
                        a2 = afree
                        afree = np.int64(alink[a2])
                    else:
                        if aused == atarget.size:
                            atarget = _longer(atarget)
                            asource = _longer(asource)
                            aindex = _longer(aindex)
                            alink = _longer(alink)
                        a2 = aused
                        aused += 1
                    atarget[a2] = o
                    asource[a2] = r
                    aindex[a2] = (kind << 12) | j
                    alink[a2] = head[dd]
                    head[dd] = a2
            # when this person will be found
            when = NEVER_DAY
            how = 0
            if known_day >= 0:
                when = known_day
                how = KNOWN
            if ill:
                u = unit(draw(seed, t, SEEKS, 0))
                if u < M.finding[0]:
                    goes = onset + last_at_most(M.seek_cdf, unit(draw(seed, t, SEEKS, 1)))
                    if unit(draw(seed, t, SEEK_TEST, 0)) < sensitivity(
                        D, ct_of(seed, D, t, goes - d), 0.0
                    ):
                        x = goes + np.int64(M.finding[2])
                        if x < when:
                            when = x
                            how = CLINIC
                elif u < M.finding[0] + M.finding[1] * (1.0 - M.finding[0]):
                    goes = onset + 1 + last_at_most(M.pharmacy_cdf, unit(draw(seed, t, SEEKS, 2)))
                    if unit(draw(seed, t, SEEK_TEST, 0)) < sensitivity(
                        D, ct_of(seed, D, t, goes - d), 0.0
                    ):
                        x = goes + np.int64(M.finding[2])
                        if x < when:
                            when = x
                            how = PHARMACY
            if M.finding[3] > 0.0 and unit(draw(seed, t, ATTENDS, 1000)) < M.finding[3]:
                every = np.int64(M.finding[4])
                phase = below(draw(seed, t, ATTENDS, 1001), every)
                x = d + ((phase - d) % every)
                while x < d + WATCHED_DAYS:
                    if unit(draw(seed, t, SAMPLE_POOL, x * 16 + 15)) < sensitivity(
                        D, ct_of(seed, D, t, x - d), M.finding[6]
                    ):
                        if x + 2 < when:
                            when = x + 2
                            how = ROUTINE
                        break
                    x += every
            if q_active > 0:
                qs = _slot(qkeys, np.int32(t))
                if qkeys[qs] != -1 and (quntil[qs] >> 1) > d:
                    iso_from[r] = d
                    iso_until[r] = quntil[qs] >> 1
                    at_home[r] = quntil[qs] & 1
                    began = (quntil[qs] >> 1) - M.trace[4] - 1
                    for x in range(M.test_days.size):
                        td = began + M.test_days[x]
                        if td > d and unit(draw(seed, t, SAMPLE_SINGLE, td * 16)) < sensitivity(
                            D, ct_of(seed, D, t, td - d), 0.0
                        ):
                            if td + 1 < when:
                                when = td + 1
                                how = TRACED
                            break
            if when < days:
                due[r] = when
                if ffree >= 0:
                    f = ffree
                    ffree = np.int64(fnext[f])
                else:
                    if fused == frec.size:
                        frec = _longer(frec)
                        fnext = _longer(fnext)
                        froute = _longer(froute)
                    f = fused
                    fused += 1
                frec[f] = r
                froute[f] = how
                fnext[f] = fhead[when]
                fhead[when] = f
        # 2. quarantines and beds that end today
        for y in range(cities):
            rooms_used[y] -= rel_central[d, y]
            q_central -= rel_central[d, y]
            beds_used[y] -= rel_beds[d, y]
            daily[d, D_RELEASE] += rel_beds[d, y]
        q_home -= rel_home[d]
        unmet_now -= unmet_until[d]
        q_active = q_central + q_home
        # 3. zones that step down today, before what is found today
        if zoning and za > 0:
            kept = 0
            for x in range(za):
                z = zactive[x]
                while zstage[z] != 0:
                    at = stage_due(zstage[z], zclock[z], zdone[z], zbook[z], current, M.zone_rules)
                    if at > d:
                        break
                    zstage[z] = next_stage(zstage[z], current, M.zone_rules)
                    zclock[z] = at
                    zbook[z] = current
                    zdone[z] = -1
                if zstage[z] == 0:
                    totals[4] = max(totals[4], d - zopen[z])
                    _count_zone(G, town_zones, county_zones, zcomm[z], zkind[z], -1)
                else:
                    zactive[kept] = z
                    kept += 1
            za = kept
        # 4. what is found today
        f = np.int64(fhead[d])
        while f >= 0:
            r = np.int64(frec[f])
            how = froute[f]
            nxt = np.int64(fnext[f])
            fnext[f] = ffree
            ffree = f
            f = nxt
            if due[r] != d or found[r] >= 0:
                continue
            found[r] = d
            route[r] = how
            t = np.int64(pid[r])
            c = county_of(L, t)
            y = G[G[COUNTY_CITY] + c]
            day_found[d, c] += 1
            daily[d, 10 + np.int64(how)] += 1
            kept_apart = iso_from[r] <= d < iso_until[r] and at_home[r] == 0
            from_day = d + 1 + np.int64(M.isolation[0])
            stay = np.int64(M.isolation[1])
            if not kept_apart or at_home[r] == 1:
                iso_from[r] = min(np.int64(iso_from[r]), from_day)
            iso_until[r] = from_day + stay
            if beds_used[y] < M.beds[y]:
                beds_used[y] += 1
                daily[d, D_ADMIT] += 1
                rel_beds[min(from_day + stay, days + 399), y] += 1
                at_home[r] = 0
            else:
                at_home[r] = 1
                unmet_now += 1
                unmet_until[min(from_day + stay, days + 399)] += 1
            if M.trace_since <= d:
                if tn == trec.size:
                    trec = _longer(trec)
                    tday = _longer(tday)
                trec[tn] = r
                tday[tn] = d + M.trace[0]
                tn += 1
            if kept_apart:
                continue
            day_open[d, c] += 1
            tw = G[G[COMMUNITY_TOWN] + comm[r]]
            last_case_town[tw] = d
            last_case_county[c] = d
            if first_case_town[tw] < 0:
                first_case_town[tw] = d
            if first_case_county[c] < 0:
                first_case_county[c] = d
            if zoning:
                cm = np.int64(comm[r])
                if town_zones[tw] > 0:
                    for v in range(current + 1):
                        for medium in range(2):
                            kind = M.zone_rules[v, 8 + medium]
                            if kind < 0:
                                continue
                            start, _ = unit_of(L, t, cm, kind)
                            zs = _slot(zkeys, (start * 8 + kind) * 2 + medium)
                            if zkeys[zs] != -1 and zstage[zvals[zs]] != 0:
                                z = np.int64(zvals[zs])
                                zclock[z] = d
                                zdone[z] = -1
                                zposit[z] += 1
                                if medium == 0 and zstage[z] == 3:
                                    zstage[z] = 2
                                    zbook[z] = current
                if pn == prec.size:
                    prec = _longer(prec)
                    pday = _longer(pday)
                prec[pn] = r
                pday[pn] = d + M.zone_delay
                pn += 1
        # 5. new zones whose order takes effect tonight
        if zoning and pn > 0:
            kept = 0
            for x in range(pn):
                if pday[x] > d:
                    prec[kept] = prec[x]
                    pday[kept] = pday[x]
                    kept += 1
                    continue
                t = np.int64(pid[prec[x]])
                cm = np.int64(comm[prec[x]])
                for medium in range(2):
                    kind = M.zone_rules[current, 8 + medium]
                    if kind < 0:
                        continue
                    now, _ = _zone_at(
                        L,
                        M.zone_rules,
                        town_zones,
                        orders.level,
                        current,
                        zkeys,
                        zvals,
                        zstage,
                        t,
                        cm,
                        d,
                    )
                    if medium == 0 and now == 2:
                        continue
                    start, size = unit_of(L, t, cm, kind)
                    key = (start * 8 + kind) * 2 + medium
                    zs = _slot(zkeys, key)
                    if zkeys[zs] == -1:
                        if (zn + 1) * 2 > zkeys.size:
                            zkeys, zvals = _rehash(zkeys, zvals)
                            zs = _slot(zkeys, key)
                        if zn == zstage.size:
                            zstage = _longer(zstage)
                            zclock = _longer(zclock)
                            zdone = _longer(zdone)
                            zbook = _longer(zbook)
                            zopen = _longer(zopen)
                            zfirst = _longer(zfirst)
                            zsize = _longer(zsize)
                            zmedium = _longer(zmedium)
                            zkind = _longer(zkind)
                            zcomm = _longer(zcomm)
                            zposit = _longer(zposit)
                            zround = _longer(zround)
                            zwithin = _longer(zwithin)
                            zactive = _longer(zactive)
                        zkeys[zs] = key
                        zvals[zs] = zn
                        zstage[zn] = 0
                        zfirst[zn] = start
                        zsize[zn] = size
                        zmedium[zn] = medium
                        zkind[zn] = kind
                        zcomm[zn] = cm
                        zn += 1
                    z = np.int64(zvals[zs])
                    if zstage[z] == 0:
                        zactive[za] = z
                        za += 1
                        zopen[z] = d
                        zposit[z] = 0
                        _count_zone(G, town_zones, county_zones, zcomm[z], zkind[z], 1)
                        zstage[z] = 1 if medium == 1 else 2
                        zclock[z] = d
                        zdone[z] = -1
                        zbook[z] = current
            pn = kept
        # 6. contacts named today
        if tn > 0:
            for y in range(cities):
                staff_debt[y] = min(staff_debt[y], 0.0) + M.staff[y]
            kept = 0
            for x in range(tn):
                r = np.int64(trec[x])
                c = county_of(L, np.int64(pid[r]))
                y = G[G[COUNTY_CITY] + c]
                if tday[x] > d or staff_debt[y] <= 0.0:
                    if tday[x] <= d:
                        daily[d, D_QUEUE] += 1
                    if tday[x] > d or d - tday[x] < 14:
                        trec[kept] = trec[x]
                        tday[kept] = tday[x]
                        kept += 1
                    continue
                staff_debt[y] -= 1.0
                daily[d, D_TRACED] += 1
                t = np.int64(pid[r])
                _, block, hstart, hsize, dorm, age = place_of(L, t)
                role = role_of(L, t, age)
                power = D[INFECTIOUSNESS_AT + below(draw(seed, t, INFECTIOUSNESS, 0), QUANTILES)]
                m = 0
                q = np.int64(child[r])
                while q >= 0 and m < 2000:
                    lay = layer[q]
                    if lay != 0 and d - born[q] <= M.trace[1] + M.trace[0] + 2:
                        if unit(draw(seed, pid[q], RECALL, 0)) < M.recall[lay]:
                            contacts[m] = pid[q]
                            m += 1
                    q = np.int64(sibling[q])
                if M.trace[2] == 1 and src[r] >= 0 and layer[r] != 0:
                    if unit(draw(seed, t, RECALL, 1)) < M.recall[layer[r]]:
                        contacts[m] = pid[src[r]]
                        m += 1
                for o in range(hstart, hstart + hsize):
                    if o != t and unit(draw(seed, o, RECALL, 2)) < M.recall[0]:
                        contacts[m] = o
                        m += 1
                for lay in range(2, 5):
                    if (lay == 2 and role != ROLE_WORK) or (lay == 3 and role != ROLE_SCHOOL):
                        continue
                    mean = (
                        D[CONTACTS_AT + lay - 2] * M.trace[1] - D[RATES_AT + lay] * power
                    ) * M.recall[lay]
                    if mean <= 0.0:
                        continue
                    count = min(poisson(mean, draw(seed, t, CONTACT_COUNT, lay)), 400)
                    gd = np.int64(0)
                    gfirst = np.int64(0)
                    gsize = np.int64(0)
                    if lay == 2:
                        gd, gfirst, gsize = work_group_of(L, t, c)
                    elif lay == 3:
                        gfirst, gsize = school_group_of(L, t, c)
                    else:
                        _, gfirst, gsize = community_of(L, t)
                    for j in range(count):
                        h = draw(seed, t, CONTACT, lay * 512 + j)
                        if lay == 4:
                            o = gfirst + below(h, gsize)
                        else:
                            o = group_mate(L, role, c, gd, gfirst, gsize, t, h)
                        if o >= 0 and m < 3900:
                            contacts[m] = o
                            m += 1
                ring = m
                if M.trace[3] == 1:
                    for j in range(ring):
                        _, _, a, size, _, _ = place_of(L, contacts[j])
                        for o in range(a, a + size):
                            if o != contacts[j] and m < 4090:
                                contacts[m] = o
                                m += 1
                daily[d, D_CONTACTS] += ring
                for j in range(m):
                    o = contacts[j]
                    qs = _slot(qkeys, np.int32(o))
                    if qkeys[qs] != -1 and (quntil[qs] >> 1) > d:
                        continue
                    known = _slot(table, np.int32(o))
                    rr = np.int64(-1)
                    if table[known] != -1:
                        rr = np.int64(where[known])
                        if found[rr] >= 0:
                            continue
                    if qkeys[qs] == -1:
                        if (qn + 1) * 2 > qkeys.size:
                            qkeys, quntil = _rehash(qkeys, quntil)
                            qs = _slot(qkeys, np.int32(o))
                        qkeys[qs] = o
                        qn += 1
                    until = d + 1 + M.trace[4]
                    oy = G[G[COUNTY_CITY] + county_of(L, o)]
                    home = 1
                    if M.trace[5] == 1 and j < ring and rooms_used[oy] < M.rooms[oy]:
                        rooms_used[oy] += 1
                        q_central += 1
                        rel_central[min(until, days + 399), oy] += 1
                        home = 0
                    else:
                        q_home += 1
                        rel_home[min(until, days + 399)] += 1
                    quntil[qs] = (until << 1) | home
                    q_active += 1
                    if rr >= 0:
                        iso_from[rr] = min(np.int64(iso_from[rr]), d + 1)
                        iso_until[rr] = until
                        at_home[rr] = home
                        for w in range(M.test_days.size):
                            td = d + M.test_days[w]
                            if unit(draw(seed, o, SAMPLE_SINGLE, td * 16)) < sensitivity(
                                D, ct_of(seed, D, o, td - born[rr]), 0.0
                            ):
                                x2 = td + 1
                                if x2 < due[rr] and x2 < days:
                                    due[rr] = x2
                                    if ffree >= 0:
                                        f = ffree
                                        ffree = np.int64(fnext[f])
                                    else:
                                        if fused == frec.size:
                                            frec = _longer(frec)
                                            fnext = _longer(fnext)
                                            froute = _longer(froute)
                                        f = fused
                                        fused += 1
                                    frec[f] = rr
                                    froute[f] = TRACED
                                    fnext[f] = fhead[x2]
                                    fhead[x2] = f
                                break
            tn = kept
        # 7. samples taken today: which zones and areas, how many tubes
        tubes_today[:] = 0.0
        testing = False
        pool_of_zone = 10
        shift_of_zone = 1.0
        turn_of_zone = 1
        cover_of_zone = 0.95
        never_of_zone = 0.0
        zprog = -1
        for p in range(P):
            if M.screens[p, 0] == -1 and M.screens[p, 1] <= d:
                zprog = p
                pool_of_zone = M.screens[p, 3]
                shift_of_zone = M.screen_shares[p, 2]
                turn_of_zone = M.screens[p, 4]
                cover_of_zone = M.screen_shares[p, 0]
                never_of_zone = M.screen_shares[p, 1]
        if zoning and za > 0:
            for x in range(za):
                zwithin[zactive[x]] = 0
            for x in range(za):
                z = np.int64(zactive[x])
                zround[z] = 0
                stage = zstage[z]
                quiet = (
                    M.zone_rules[current, 1]
                    if stage == 2
                    else (M.zone_rules[current, 5] if stage == 1 else -1)
                )
                need = (
                    M.zone_rules[current, 2]
                    if stage == 2
                    else (M.zone_rules[current, 6] if stage == 1 else 0)
                )
                if need == 1 and quiet > 0 and d >= zclock[z] + quiet - 1 and zdone[z] < 0:
                    zround[z] = 2
                if zprog >= 0 and d > zopen[z] and stage != 0:
                    if (d - zopen[z]) % M.screens[zprog, 2] == 0 and (d - zopen[z]) // M.screens[
                        zprog, 2
                    ] <= M.screens[zprog, 6]:
                        zround[z] = max(zround[z], np.int8(1))
                if zround[z] > 0:
                    testing = True
                    zposit[z] = 0
                    people = zsize[z] * (1.0 - never_of_zone) * cover_of_zone
                    y = G[G[COUNTY_CITY] + G[G[TOWN_COUNTY] + G[G[COMMUNITY_TOWN] + zcomm[z]]]]
                    tubes_today[y] += people / pool_of_zone
                    daily[d, D_SAMPLED] += people
                if stage == 2:
                    daily[d, D_HIGH] += zsize[z]
                    kind = M.zone_rules[current, 9]
                    if zmedium[z] == 0 and kind >= 0:
                        start, _ = unit_of(L, zfirst[z], np.int64(zcomm[z]), kind)
                        zs = _slot(zkeys, (start * 8 + kind) * 2 + 1)
                        if zkeys[zs] != -1 and zstage[zvals[zs]] != 0:
                            zwithin[zvals[zs]] += zsize[z]
                elif zmedium[z] == 0:
                    kind = M.zone_rules[current, 9]
                    inside = False
                    if kind >= 0:
                        start, _ = unit_of(L, zfirst[z], np.int64(zcomm[z]), kind)
                        zs = _slot(zkeys, (start * 8 + kind) * 2 + 1)
                        inside = zkeys[zs] != -1 and zstage[zvals[zs]] != 0
                    if not inside:
                        daily[d, D_MEDIUM] += zsize[z]
            for x in range(za):
                z = np.int64(zactive[x])
                if zmedium[z] == 1:
                    daily[d, D_MEDIUM] += max(np.int64(0), zsize[z] - zwithin[z])
            daily[d, D_ZONES] = za
        if ordered:
            row = min(d, orders.level.shape[0] - 1)
            for cm in range(G[COMMUNITIES]):
                begin = G[G[COMMUNITY_START] + cm]
                end = G[G[COMMUNITY_START] + cm + 1]
                for x in range(begin, end, 512):
                    lv = orders.level[row, (begin >> 9) + cm + ((x - begin) >> 9)]
                    if lv > 0:
                        daily[d, D_HIGH if lv == 2 else D_MEDIUM] += min(np.int64(512), end - x)
        for p in range(P):
            kind = M.screens[p, 0]
            if kind == -1:
                continue
            share = (1.0 - M.screen_shares[p, 1]) * M.screen_shares[p, 0]
            areas = towns if kind == 3 else counties
            for a in range(areas):
                if kind == 3:
                    due_town[p, a] = False
                    lastc = last_case_town[a]
                    firstc = first_case_town[a]
                    done = rounds_town[p, a]
                else:
                    due_county[p, a] = False
                    lastc = last_case_county[a]
                    firstc = first_case_county[a]
                    done = rounds_county[p, a]
                if M.screens[p, 1] > d or firstc < 0 or d - lastc > M.screens[p, 5]:
                    continue
                if done >= M.screens[p, 6] or (d - firstc) % M.screens[p, 2] != 0:
                    continue
                testing = True
                if kind == 3:
                    due_town[p, a] = True
                    rounds_town[p, a] += 1
                    size = G[G[TOWN_START] + a + 1] - G[G[TOWN_START] + a]
                    y = G[G[COUNTY_CITY] + G[G[TOWN_COUNTY] + a]]
                else:
                    due_county[p, a] = True
                    rounds_county[p, a] += 1
                    size = G[G[COUNTY_START] + a + 1] - G[G[COUNTY_START] + a]
                    y = G[G[COUNTY_CITY] + a]
                tubes_today[y] += size * share / M.screens[p, 3]
                daily[d, D_SAMPLED] += size * share
        for x in range(orders.rounds.shape[0]):
            if orders.rounds[x, 0] == d:
                testing = True
                y = G[G[COUNTY_CITY] + county_of(L, orders.rounds[x, 1])]
                tubes_today[y] += (
                    (orders.rounds[x, 2] - orders.rounds[x, 1]) * 0.92 / orders.rounds[x, 3]
                )
                daily[d, D_SAMPLED] += (orders.rounds[x, 2] - orders.rounds[x, 1]) * 0.92
        if M.finding[3] > 0.0:
            for y in range(cities):
                people = (
                    (G[G[CITY_START] + y + 1] - G[G[CITY_START] + y]) * M.finding[3] / M.finding[4]
                )
                tubes_today[y] += people / M.finding[5]
                daily[d, D_SAMPLED] += people
        for y in range(cities):
            backlog[y] = max(0.0, backlog[y] + tubes_today[y] - M.lab_capacity[y])
            daily[d, D_TUBES] += tubes_today[y]
            daily[d, D_BACKLOG] += backlog[y]
        # 8. the infected among those sampled
        while first < n and born[first] < d - WATCHED_DAYS:
            first += 1
        if testing:
            for r in range(first, n):
                if found[r] >= 0 or due[r] <= d + 1:
                    continue
                if iso_from[r] <= d < iso_until[r] and at_home[r] == 0:
                    continue
                t = np.int64(pid[r])
                cm = np.int64(comm[r])
                pool = 0
                shift = 0.0
                turn = 1
                zhit0 = np.int64(-1)
                zhit1 = np.int64(-1)
                if zoning and town_zones[G[G[COMMUNITY_TOWN] + cm]] > 0:
                    for v in range(current + 1):
                        for medium in range(2):
                            kind = M.zone_rules[v, 8 + medium]
                            if kind < 0:
                                continue
                            start, _ = unit_of(L, t, cm, kind)
                            zs = _slot(zkeys, (start * 8 + kind) * 2 + medium)
                            if zkeys[zs] == -1:
                                continue
                            z = np.int64(zvals[zs])
                            if zstage[z] != 0 and zround[z] > 0:
                                if medium == 0:
                                    zhit0 = z
                                else:
                                    zhit1 = z
                                pool = pool_of_zone
                                shift = shift_of_zone
                                turn = turn_of_zone
                    if pool > 0:
                        if (
                            unit(draw(seed, t, ATTENDS, 0)) < never_of_zone
                            or unit(draw(seed, t, ATTENDS, d * 16 + 1)) >= cover_of_zone
                        ):
                            pool = 0
                if route[r] == PENDING:
                    if zhit0 >= 0:
                        zposit[zhit0] += 1
                    if zhit1 >= 0:
                        zposit[zhit1] += 1
                    continue
                if pool == 0 and area_screens:
                    tw = G[G[COMMUNITY_TOWN] + cm]
                    c = G[G[TOWN_COUNTY] + tw]
                    for p in range(P):
                        kind = M.screens[p, 0]
                        if (kind == 3 and due_town[p, tw]) or (kind == 4 and due_county[p, c]):
                            if unit(draw(seed, t, ATTENDS, 0)) < M.screen_shares[p, 1]:
                                continue
                            if (
                                unit(draw(seed, t, ATTENDS, d * 16 + 2 + p))
                                >= M.screen_shares[p, 0]
                            ):
                                continue
                            pool = M.screens[p, 3]
                            shift = M.screen_shares[p, 2]
                            turn = M.screens[p, 4]
                if pool == 0:
                    for x in range(orders.rounds.shape[0]):
                        if (
                            orders.rounds[x, 0] == d
                            and orders.rounds[x, 1] <= t < orders.rounds[x, 2]
                        ):
                            if (
                                unit(draw(seed, t, ATTENDS, 0)) < 0.03
                                or unit(draw(seed, t, ATTENDS, d * 16 + 1)) >= 0.95
                            ):
                                continue
                            pool = orders.rounds[x, 3]
                            shift = 1.0
                if pool == 0:
                    continue
                if unit(draw(seed, t, SAMPLE_POOL, d * 16)) >= sensitivity(
                    D, ct_of(seed, D, t, d - born[r]), shift
                ):
                    continue
                c, block, _, _, _, _ = place_of(L, t)
                y = G[G[COUNTY_CITY] + c]
                wait = turn
                if M.lab_capacity[y] > 0.0:
                    wait += min(np.int64(14), np.int64(backlog[y] / M.lab_capacity[y]))
                else:
                    wait += 14
                if zhit0 >= 0:
                    zposit[zhit0] += 1
                if zhit1 >= 0:
                    zposit[zhit1] += 1
                a = block + ((t - block) // pool) * pool
                b = min(a + pool, G[G[COUNTY_START] + c + 1])
                daily[d, D_HELD] += b - a
                for o in range(a, b):
                    if pool == 1:
                        rr = r
                    else:
                        known = _slot(table, np.int32(o))
                        if table[known] == -1:
                            continue
                        rr = np.int64(where[known])
                    again = d + wait
                    x2 = again + (0 if pool == 1 else 1)
                    if found[rr] >= 0 or x2 >= due[rr] or x2 >= days:
                        continue
                    if pool > 1 and unit(
                        draw(seed, o, SAMPLE_SINGLE, again * 16 + 1)
                    ) >= sensitivity(D, ct_of(seed, D, o, again - born[rr]), 0.0):
                        continue
                    due[rr] = x2
                    route[rr] = PENDING
                    if ffree >= 0:
                        f = ffree
                        ffree = np.int64(fnext[f])
                    else:
                        if fused == frec.size:
                            frec = _longer(frec)
                            fnext = _longer(fnext)
                            froute = _longer(froute)
                        f = fused
                        fused += 1
                    frec[f] = rr
                    froute[f] = SCREENED
                    fnext[f] = fhead[x2]
                    fhead[x2] = f
        if zoning and za > 0:
            for x in range(za):
                z = np.int64(zactive[x])
                if zround[z] > 0 and zposit[z] == 0:
                    zdone[z] = d + 1
                zround[z] = 0
        # 9. the day's books
        daily[d, D_QCENTRAL] = q_central
        daily[d, D_QHOME] = q_home
        held = 0
        for y in range(cities):
            held += beds_used[y]
        daily[d, D_BEDS] = held
        daily[d, D_UNMET] = unmet_now
        if n >= most:
            totals[6] = d + 1
            break
    for x in range(za):
        totals[4] = max(totals[4], days - zopen[zactive[x]])
    for r in range(n):
        if route[r] == PENDING:
            route[r] = 0
    return (
        day_new, day_found, day_open, daily, totals, pid[:n], src[:n], born[:n], found[:n], layer[:n],
        route[:n], iso_from[:n], at_home[:n],
    )  # fmt: skip
