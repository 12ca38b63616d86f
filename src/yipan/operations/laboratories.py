"""
The desk of laboratory quality: specimens on their way, plates and controls, split tubes, and how long it all takes.

Files bring consignments, receipts and wells; what a laboratory can take, what a kit allows and which tubes were
split in two is on record. Every finding shows its numbers; none of them decides anything.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from yipan.analytics.screening import quality
from yipan.model import (
    BlindPair,
    Laboratory,
    LakeKind,
    Power,
    ReagentKit,
    ScreeningRound,
    check_area,
    check_may,
)
from yipan.operations import screening
from yipan.operations.post import Post
from yipan.operations.screening import LaboratoryFinding, LaboratoryWork
from yipan.store import Change, Record, lake
from yipan.store import laboratories as queries
from yipan.store.tables.screening import (
    BLIND_PAIRS,
    LABORATORIES,
    LAKE_PARTS,
    REAGENT_KITS,
    SCREENING_ROUNDS,
)

if TYPE_CHECKING:
    import duckdb

DESK = screening.DESK
LATE_ON_THE_WAY_HOURS = 2.0
"""Hours after pick-up from which a tube without a receipt is looked for."""
INTERNAL_BELOW = 40.0
"""Below which Ct the internal control of a valid well lies where no kit says (CDC panel, PMC7490627, table 3)."""
ROUNDS_BACK = 14
"""Rounds over which positives that are missing add up."""
MISSING_ALARM = 4.6
FORECAST_HOURS = 12
DETECTED = frozenset({"positive", "weak"})
TARGETS = {"positive_control": ("orf", "n", "internal"), "extraction_positive": ("orf", "n", "internal"), "negative_control": ("internal",)}  # fmt: skip
TARGET_NAMES = {"orf": "ORF1ab", "n": "N", "internal": "IC"}
FAULTS = {
    "no_template_absent": ("没有无模板对照孔", "it has no no-template control"),
    "positive_control_absent": ("没有阳性对照孔", "it has no positive control"),
    "no_template_rose": ("无模板对照检出", "its no-template control rose"),
    "negative_control_rose": ("阴性对照检出", "its negative control rose"),
    "negative_control_without_human_gene": ("阴性对照未检出内参", "its negative control shows no human gene"),
    "positive_control_silent": ("阳性对照未检出", "its positive control did not rise"),
    "extraction_positive_silent": ("提取对照未检出", "its extraction control did not rise"),
    "positive_control_outside_band": ("阳性对照Ct值超出试剂允许范围", "its positive control lies outside the band of the kit"),
}  # fmt: skip
CONTROL_NAMES = {
    "positive_control": ("阳性对照", "positive control"), "negative_control": ("阴性对照", "negative control"),
    "extraction_positive": ("提取对照", "extraction control"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Transit:
    """
    A consignment: tubes of how many streets, who took them where, how many arrived and how many were refused there.

    `hours` are since pick-up while tubes are missing, None once all are in. `late` is more than two hours with any missing.
    """

    consignment: str
    laboratory: str
    courier: str
    picked: datetime
    tubes: int
    received: int
    refused: int
    streets: int
    hours: float | None
    late: bool
    temperature_c: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegTimes:
    """
    How long one leg takes at one laboratory: hours at 50, 90 and 99 % of the finished, and the age of what is open.

    `over_6`, `over_12` and `over_24` count tubes that took or have waited longer, the open among them: percentiles of
    finished tubes alone hide a backlog. `laboratory` is empty for tubes of which nobody said where they go.
    """

    laboratory: str
    leg: str
    finished: int
    p50_hours: float | None
    p90_hours: float | None
    p99_hours: float | None
    open: int
    open_oldest_hours: float | None
    over_6: int
    over_12: int
    over_24: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """
    What must agree at a laboratory: tubes received in order, sample wells run, results issued.

    `idle` tubes were received and not run, `unexplained` results have no well behind them: the mark of results that
    were never measured. Both are None where the laboratory told of no well, `idle` also where it told of no receipt.
    """

    laboratory: str
    sent: int
    received: int
    refused: int
    sample_wells: int
    controls: int
    plates: int
    results: int
    idle: int | None
    unexplained: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateStanding:
    """
    A plate whose controls do not let it stand, or with wells whose internal control failed and that got a result.

    `faults` are names, told in words by the finding; `without_internal` sample wells have no valid internal control and
    `issued` of them a negative or positive result.
    """

    laboratory: str
    plate: str
    instrument: str
    kit: str
    sample_wells: int
    ended: datetime
    faults: tuple[str, ...]
    without_internal: int
    issued: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRun:
    """One control on the chart: plate, when, Ct, its standing in sd (None in the baseline), and the rules it broke."""

    plate: str
    at: datetime
    ct: float
    standing_sd: float | None
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlChart:
    """
    The chart of one control's target on one instrument with one lot, over every round, the oldest first.

    Limits are the laboratory's own: mean and sd of its first twenty runs; None before it has as many, and nothing is
    judged until then.
    """

    laboratory: str
    instrument: str
    kit: str
    control: str
    target: str
    mean: float | None
    sd: float | None
    runs: tuple[ControlRun, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindStanding:
    """How two laboratories (or one with itself) read the two halves of split tubes; `compared` of `planted` have both results."""

    laboratory: str
    other: str
    compared: int
    agree: int
    share: float | None
    low: float | None
    high: float | None
    kappa: float | None
    ct_pairs: int
    shift: float | None
    shift_p_value: float | None
    disagreeing: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """
    Tubes that wait at a laboratory hour by hour from now on, if nothing more is sent than is on the way.

    `per_hour` is what it said it can take (`measured` False), else the most it published in any hour of the round. What
    is on the way arrives evenly over its usual hours of travel. `clear_hours` is when nothing waits, None beyond `hours`.
    """

    laboratory: str
    waiting: int
    on_the_way: int
    per_hour: float
    measured: bool
    hours: tuple[float, ...]
    wait_hours: tuple[float, ...]
    clear_hours: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoryQuality:
    """Everything known of the laboratories of a round at a moment; `findings` are what does not look right, with evidence."""

    round: str
    at: datetime
    work: tuple[LaboratoryWork, ...]
    legs: tuple[LegTimes, ...]
    balances: tuple[Balance, ...]
    plates_run: int
    plates: tuple[PlateStanding, ...]
    charts: tuple[ControlChart, ...]
    pairs_planted: int
    pairs_compared: int
    blind: tuple[BlindStanding, ...]
    positivity: tuple[quality.LaboratoryStanding, ...]
    forecasts: tuple[Forecast, ...]
    findings: tuple[LaboratoryFinding, ...]


# On record ----------------------------------------------------------------------------------------------------------


def register(
    post: Post, *, laboratories: Sequence[Laboratory] = (), kits: Sequence[ReagentKit] = (), at: datetime
) -> Change:  # fmt: skip
    """Put laboratories and lots of kits on record. Raises NotAllowed, NotYourArea."""
    check_may(post.viewer, Power.INGEST)
    for area in (*(one.area for one in laboratories), *(kit.area for kit in kits)):
        check_area(post.viewer, area)
    with post.store.acting(
        post.viewer, desk=DESK, verb="register_laboratories", at=at,
        why=f"{len(laboratories)} laboratories, {len(kits)} lots of kits",
    ) as act:  # fmt: skip
        first = act.put(LABORATORIES, laboratories)
        second = act.put(REAGENT_KITS, kits)
    return Change(
        new=first.new + second.new, corrected=first.corrected + second.corrected,
        unchanged=first.unchanged + second.unchanged,
    )  # fmt: skip


def registered(record: Record) -> tuple[Laboratory, ...]:
    """Return the laboratories on record that the viewer may see, those in reserve last."""
    return tuple(sorted(record.nouns(LABORATORIES), key=lambda one: (one.reserve, one.id)))


def plant(
    post: Post, *, round: str, pairs: Mapping[int, int], at: datetime
) -> tuple[BlindPair, ...]:
    """
    Put on record which tubes of a round were split in two, each with the number its duplicate travels under.

    Raises NotAllowed, NotFound, ValueError for a tube nobody was swabbed into, or a number that is a tube already.
    """
    check_may(post.viewer, Power.WORK)
    with post.store.reading(post.viewer) as record:
        found = record.noun(SCREENING_ROUNDS, round)
        known = dict(screening.planted(record, round))
        places = screening.streets_under(record, found.area)
        with screening.looking(record, post.lake, round) as engine:
            queries.tube_table(engine)
            asked = sorted({*pairs, *pairs.values()})
            rows = engine.execute(
                "select tube, street from known_tube where tube in (select unnest($1::bigint[]))",
                [asked],
            ).fetchall()
    street = dict(rows)
    if strange := sorted(set(pairs) - set(street)):
        raise ValueError(f"tube {strange[0]}: nobody was swabbed into it in round {round}")
    taken = sorted((set(pairs.values()) & set(street)) | (set(pairs.values()) & set(known.values())))  # fmt: skip
    if taken or len(set(pairs.values())) < len(pairs):
        raise ValueError(f"{taken[0] if taken else 'a number'} is a tube already; a duplicate has a number of its own")  # fmt: skip
    made = tuple(
        BlindPair(
            id=f"{round}.{tube}-{duplicate}", area=places[street[tube]], round=round, tube=tube,
            duplicate=duplicate, planted=at,
        )
        for tube, duplicate in sorted(pairs.items())
    )  # fmt: skip
    for pair in made:
        check_area(post.viewer, pair.area)
    with post.store.acting(
        post.viewer, desk=DESK, verb="plant_pairs", subject=round, area=found.area,
        why=f"{len(made)} tubes were split in two", at=at,
    ) as act:  # fmt: skip
        act.put(BLIND_PAIRS, made)
    return made


# Specimens on their way ---------------------------------------------------------------------------------------------


def transit(record: Record, home: lake.Lake, *, round: str, at: datetime) -> tuple[Transit, ...]:
    """Return the consignments of a round within the viewer's area, those with tubes missing first, the oldest on top."""
    with screening.looking(record, home, round) as engine:
        rows = queries.consignments(engine)
    told = []
    for (
        name,
        laboratory,
        courier,
        picked,
        tubes,
        received,
        refused,
        streets,
        _,
        temperature,
    ) in rows:
        moment = picked.replace(tzinfo=UTC)
        hours = (at - moment).total_seconds() / 3600 if received < tubes else None
        told.append(
            Transit(
                consignment=name, laboratory=laboratory, courier=courier, picked=moment, tubes=tubes,
                received=received, refused=refused, streets=streets, hours=hours,
                late=hours is not None and hours > LATE_ON_THE_WAY_HOURS, temperature_c=temperature,
            )
        )  # fmt: skip
    return tuple(sorted(told, key=lambda one: (one.hours is None, one.picked, one.consignment)))


# Quality ------------------------------------------------------------------------------------------------------------


def judge(record: Record, home: lake.Lake, *, round: str, at: datetime) -> LaboratoryQuality:
    """
    Return what a round's files say of its laboratories, as known when asked: times, balance, plates, charts, split tubes.

    Charts go over every round on record; all else is of this one. Raises NotFound.
    """
    found = record.noun(SCREENING_ROUNDS, round)
    seen = screening.laboratories(record, home, round=round)
    pairs = screening.planted(record, round)
    kits = {kit.id: kit for kit in record.nouns(REAGENT_KITS)}
    known = {one.id: one for one in registered(record)}
    with screening.looking(record, home, round) as engine:
        queries.tube_table(engine)
        queries.also_tubes(engine, pairs)
        queries.moments(engine)
        legs = tuple(_leg(row) for row in queries.legs(engine, at=at))
        balances = tuple(_balance(row) for row in queries.balances(engine))
        plates_run, plates = _plates(engine, kits)
        paired = queries.paired_results(engine, pairs)
        flow, busiest = queries.flow(engine), queries.busiest_hours(engine)
        counts = lake.laboratory_counts(engine)
    charts = _charts(record, home)
    blind = tuple(_blind(paired))
    forecasts = tuple(_forecasts(flow, busiest, legs, known))
    mine = {(plate.laboratory, plate.plate) for plate in plates_run}
    findings = (
        *seen.findings,
        *_plate_findings(plates),
        *_chart_findings(charts, mine),
        *_balance_findings(balances),
        *_blind_findings(blind),
        *_speed_findings(busiest, known),
        *_missing_findings(record, home, found),
    )
    return LaboratoryQuality(
        round=round, at=at, work=seen.work, legs=legs, balances=balances, plates_run=len(plates_run),
        plates=plates, charts=charts, pairs_planted=len(pairs), pairs_compared=sum(one.compared for one in blind),
        blind=blind, positivity=standings(counts), forecasts=forecasts, findings=findings,
    )  # fmt: skip


def _leg(row: lake.Row) -> LegTimes:
    laboratory, leg, finished, took, waiting, oldest, six, twelve, day = row
    p50, p90, p99 = took or (None, None, None)
    return LegTimes(
        laboratory=laboratory, leg=leg, finished=finished, p50_hours=p50, p90_hours=p90, p99_hours=p99, open=waiting,
        open_oldest_hours=oldest, over_6=six, over_12=twelve, over_24=day,
    )  # fmt: skip


def _balance(row: lake.Row) -> Balance:
    laboratory, sent, received, refused, wells, controls, plates, results, bare = row
    counted = quality.Reconciliation(
        received=received, wells=wells + controls, controls=controls, results=results
    )
    return Balance(
        laboratory=laboratory, sent=sent, received=received, refused=refused, sample_wells=wells, controls=controls,
        plates=plates, results=results, idle=counted.idle if plates and received + refused else None,
        unexplained=bare if plates else None,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plate:
    laboratory: str
    plate: str
    instrument: str
    kit: str
    wells: int
    ended: datetime


def _plates(
    engine: "duckdb.DuckDBPyConnection", kits: Mapping[str, ReagentKit]
) -> tuple[tuple[_Plate, ...], tuple[PlateStanding, ...]]:
    run = tuple(
        _Plate(
            laboratory=laboratory, plate=plate, instrument=instrument, kit=kit, wells=wells,
            ended=ended.replace(tzinfo=UTC),
        )
        for laboratory, plate, instrument, kit, wells, _, ended in queries.plate_wells(engine)
    )  # fmt: skip
    controls: dict[tuple[str, str], list[quality.ControlWell]] = defaultdict(list)
    for laboratory, _, _, plate, content, orf, n, internal, _ in queries.control_wells(engine):
        controls[laboratory, plate].append(
            quality.ControlWell(content=content, ct_orf=orf, ct_n=n, ct_internal=internal)
        )
    below = {kit.id: kit.internal_below for kit in kits.values()}
    bare = {
        (laboratory, plate): (wells, issued)
        for laboratory, plate, wells, issued in queries.bare_samples(
            engine, below=below, otherwise=INTERNAL_BELOW
        )
    }
    standing = []
    for one in run:
        kit = kits.get(one.kit)
        band = (
            (kit.positive_from, kit.positive_to)
            if kit is not None and kit.positive_from is not None and kit.positive_to is not None
            else None
        )
        faults = quality.plate_faults(
            controls[one.laboratory, one.plate], positive_band=band,
            internal_below=below.get(one.kit, INTERNAL_BELOW),
        )  # fmt: skip
        wells, issued = bare.get((one.laboratory, one.plate), (0, 0))
        if faults or issued:
            standing.append(
                PlateStanding(
                    laboratory=one.laboratory, plate=one.plate, instrument=one.instrument, kit=one.kit,
                    sample_wells=one.wells, ended=one.ended, faults=faults, without_internal=wells, issued=issued,
                )
            )  # fmt: skip
    return run, tuple(standing)


def _charts(record: Record, home: lake.Lake) -> tuple[ControlChart, ...]:
    paths = [part.id for part in record.nouns(LAKE_PARTS) if part.kind is LakeKind.WELLS]
    if not paths:
        return ()
    home, _ = screening.own_rows(record, home, record.viewer.area)
    with home.engine() as engine:
        home.view(engine, "wells", paths, columns=queries.WELL_COLUMNS)
        rows = queries.control_wells(engine)
    series: dict[tuple[str, str, str, str, str], list[tuple[str, datetime, float]]] = defaultdict(list)  # fmt: skip
    for laboratory, instrument, kit, plate, content, orf, n, internal, ended in rows:
        values = {"orf": orf, "n": n, "internal": internal}
        for target in TARGETS.get(content, ()):
            if values[target] is not None:
                key = (laboratory, instrument, kit, content, target)
                series[key].append((plate, ended.replace(tzinfo=UTC), float(values[target])))
    return tuple(_chart(*key, runs) for key, runs in sorted(series.items()))


def _chart(
    laboratory: str, instrument: str, kit: str, control: str, target: str,
    runs: Sequence[tuple[str, datetime, float]],
) -> ControlChart:  # fmt: skip
    first = [ct for _, _, ct in runs[: quality.LEAST_RUNS]]
    later = [ct for _, _, ct in runs[quality.LEAST_RUNS :]]
    mean = sd = None
    broken: dict[int, list[str]] = defaultdict(list)
    if len(first) == quality.LEAST_RUNS and float(np.std(first, ddof=1)) > 0.0:
        mean, sd = float(np.mean(first)), float(np.std(first, ddof=1))
        for alarm in quality.control_chart(later, baseline=first):
            broken[alarm.run].append(alarm.rule)
    told = tuple(
        ControlRun(
            plate=plate, at=at, ct=ct, rules=tuple(broken.get(number - quality.LEAST_RUNS, ())),
            standing_sd=None if mean is None or sd is None or number < quality.LEAST_RUNS else (ct - mean) / sd,
        )
        for number, (plate, at, ct) in enumerate(runs)
    )  # fmt: skip
    return ControlChart(
        laboratory=laboratory, instrument=instrument, kit=kit, control=control, target=target, mean=mean, sd=sd,
        runs=told,
    )  # fmt: skip


def _blind(rows: Sequence[lake.Row]) -> Iterator[BlindStanding]:
    """What both halves showed, by the two laboratories that read them; invalid and cancelled ones compare nothing."""
    groups: dict[tuple[str, str], list[lake.Row]] = defaultdict(list)
    for row in rows:
        if all(result in {"negative", *DETECTED} for result in (row[3], row[7])):
            groups[tuple(sorted((row[2], row[6])))].append(row)
    for (laboratory, other), some in sorted(groups.items()):
        first, second, shifts, apart = [], [], [], []
        for tube, _, lab, result, orf, n, _, result_2, orf_2, n_2 in some:
            here, there = ((result, orf, n), (result_2, orf_2, n_2))
            if lab != laboratory:
                here, there = there, here
            readings = ["positive" if side[0] in DETECTED else "negative" for side in (here, there)]
            first.append(readings[0])
            second.append(readings[1])
            if readings[0] != readings[1]:
                apart.append(int(tube))
            ours, theirs = (
                next((ct for ct in side[1:] if ct is not None), None) for side in (here, there)
            )
            if ours is not None and theirs is not None:
                shifts.append(ours - theirs)
        told = quality.agreement(first, second, ct_differences=shifts)
        yield BlindStanding(
            laboratory=laboratory, other=other, compared=told.pairs, agree=told.agree, share=told.share, low=told.low,
            high=told.high, kappa=told.kappa, ct_pairs=told.ct_pairs, shift=told.shift,
            shift_p_value=told.shift_p_value, disagreeing=tuple(apart),
        )  # fmt: skip


def standings(counts: Sequence[lake.Row]) -> tuple[quality.LaboratoryStanding, ...]:
    """Return each laboratory's positives beside what the same streets gave elsewhere (rows of `lake.laboratory_counts`)."""
    names, streets = sorted({row[0] for row in counts}), sorted({row[1] for row in counts})
    if not names:
        return ()
    row_of, column_of = ({key: i for i, key in enumerate(keys)} for keys in (names, streets))
    table = np.zeros((2, len(names), len(streets)), dtype=np.int64)
    for laboratory, street, number, hits, *_ in counts:
        table[:, row_of[laboratory], column_of[street]] = number, hits
    return quality.compare_laboratories(
        table[0], table[1], laboratories=names, false_discovery=screening.FALSE_DISCOVERY
    )


def _forecasts(
    flow: Sequence[lake.Row], busiest: Sequence[lake.Row], legs: Sequence[LegTimes],
    known: Mapping[str, Laboratory],
) -> Iterator[Forecast]:  # fmt: skip
    most = {laboratory: float(number) for laboratory, _, number in busiest}
    travel = {leg.laboratory: leg.p50_hours for leg in legs if leg.leg == "on_the_way"}
    for laboratory, waiting, coming, _, _, _ in flow:
        said = known.get(laboratory)
        able = said.tubes_per_day / 24 if said is not None else most.get(laboratory, 0.0)
        if not laboratory or not able:
            continue
        hours = max(1, ceil(travel.get(laboratory) or 1.0))
        arriving = [coming / hours if hour < hours else 0.0 for hour in range(FORECAST_HOURS)]
        ahead = quality.backlog(arriving, capacity=[able] * FORECAST_HOURS, waiting=float(waiting))
        clear = next(
            (
                hour + 1
                for hour, (left, _) in enumerate(ahead)
                if (left <= 0 and hour + 1 >= hours) or not waiting + coming
            ),
            None,
        )
        yield Forecast(
            laboratory=laboratory, waiting=waiting, on_the_way=coming, per_hour=able, measured=said is None,
            hours=tuple(left for left, _ in ahead), wait_hours=tuple(wait for _, wait in ahead),
            clear_hours=clear,
        )  # fmt: skip


# Findings -----------------------------------------------------------------------------------------------------------


def _plate_findings(plates: Sequence[PlateStanding]) -> Iterator[LaboratoryFinding]:
    for plate in plates:
        if plate.faults:
            zh = "，".join(FAULTS[fault][0] for fault in plate.faults)
            en = " and ".join(FAULTS[fault][1] for fault in plate.faults)
            yield LaboratoryFinding(
                laboratory=plate.laboratory, kind="plate_invalid", plate=plate.plate,
                zh=f"检测板{plate.plate}（{plate.sample_wells}个样本孔）不成立：{zh}。",
                en=f"Plate {plate.plate} with {plate.sample_wells} sample wells does not stand: {en}.",
            )  # fmt: skip
        if plate.issued:
            yield LaboratoryFinding(
                laboratory=plate.laboratory, kind="result_without_internal_control", plate=plate.plate,
                zh=f"检测板{plate.plate}有{plate.without_internal}个样本孔内参无效，其中{plate.issued}个仍出具了结果。",
                en=f"Plate {plate.plate}: {plate.without_internal} sample wells have no valid internal control, and "
                f"{plate.issued} of them were given a result.",
            )  # fmt: skip


def _chart_findings(
    charts: Sequence[ControlChart], mine: set[tuple[str, str]]
) -> Iterator[LaboratoryFinding]:
    for chart in charts:
        broken = [run for run in chart.runs if run.rules and (chart.laboratory, run.plate) in mine]
        if not broken:
            continue
        worst = max(broken, key=lambda run: abs(run.standing_sd or 0.0))
        rules = ", ".join(sorted({rule for run in broken for rule in run.rules}))
        zh, en = CONTROL_NAMES[chart.control]
        target = TARGET_NAMES[chart.target]
        yield LaboratoryFinding(
            laboratory=chart.laboratory, kind="control_chart", plate=worst.plate,
            zh=f"仪器{chart.instrument}、批号{chart.kit}的{zh}{target}有{len(broken)}次违反质控规则{rules}；"
            f"最远为检测板{worst.plate}的Ct {worst.ct:.1f}，偏离{worst.standing_sd:+.1f}个标准差（本室均值{chart.mean:.1f}）。",
            en=f"The {en}'s {target} on instrument {chart.instrument}, lot {chart.kit}, broke {rules} in {len(broken)} "
            f"runs; the farthest is Ct {worst.ct:.1f} on plate {worst.plate}, {worst.standing_sd:+.1f} sd from the "
            f"laboratory's own mean of {chart.mean:.1f}.",
        )  # fmt: skip


def _balance_findings(balances: Sequence[Balance]) -> Iterator[LaboratoryFinding]:
    for one in balances:
        if one.unexplained:
            yield LaboratoryFinding(
                laboratory=one.laboratory, kind="results_without_well", plate="",
                zh=f"出具结果{one.results}个，上机样本孔{one.sample_wells}个，{one.unexplained}个结果没有对应的孔。",
                en=f"{one.results} results were issued and {one.sample_wells} sample wells run; {one.unexplained} results "
                "have no well behind them.",
            )  # fmt: skip


def _blind_findings(blind: Sequence[BlindStanding]) -> Iterator[LaboratoryFinding]:
    for one in blind:
        if one.disagreeing and one.low is not None and one.high is not None:
            first = ", ".join(str(tube) for tube in one.disagreeing[:5])
            kappa = "" if one.kappa is None else f", kappa {one.kappa:.2f}"
            yield LaboratoryFinding(
                laboratory=one.laboratory, kind="blind_pair", plate="",
                zh=f"与{one.other}的盲样比对：{one.compared}对中{len(one.disagreeing)}对不一致（一致率95%区间"
                f"{100 * one.low:.0f}%–{100 * one.high:.0f}%{kappa}）：{first}。",
                en=f"Split tubes read with {one.other}: {len(one.disagreeing)} of {one.compared} pairs disagree (share that "
                f"agrees, 95 % interval {100 * one.low:.0f} to {100 * one.high:.0f} %{kappa}): {first}.",
            )  # fmt: skip
        if one.shift is not None and one.shift_p_value is not None and one.shift_p_value < SHIFT_P:
            yield LaboratoryFinding(
                laboratory=one.laboratory, kind="blind_ct_shift", plate="", p_value=one.shift_p_value,
                zh=f"与{one.other}的盲样Ct值平均相差{one.shift:+.1f}（{one.ct_pairs}对）。",
                en=f"Ct of split tubes differ from {one.other} by {one.shift:+.1f} on average over {one.ct_pairs} pairs "
                f"(p {one.shift_p_value:.1e}).",
            )  # fmt: skip


SHIFT_P = 0.01


def _speed_findings(
    busiest: Sequence[lake.Row], known: Mapping[str, Laboratory]
) -> Iterator[LaboratoryFinding]:
    for laboratory, hour, number in busiest:
        said = known.get(laboratory)
        if said is None or not (said.instruments and said.wells and said.run_hours):
            continue
        if quality.too_fast(
            number, hours=1.0, instruments=said.instruments, wells=said.wells, run_hours=said.run_hours
        ):  # fmt: skip
            able = said.instruments * said.wells
            yield LaboratoryFinding(
                laboratory=laboratory, kind="impossible_speed", plate="",
                zh=f"{hour:%m月%d日%H}时（UTC）一小时内出具{number}个结果，{said.instruments}台仪器一轮最多{able}个。",
                en=f"{number} results were issued within the hour of {hour:%Y-%m-%d %H}:00 UTC; {said.instruments} "
                f"instruments give {able} at most.",
            )  # fmt: skip


def _missing_findings(
    record: Record, home: lake.Lake, found: ScreeningRound
) -> Iterator[LaboratoryFinding]:
    """Positives that are missing over the rounds up to this one: a single round without any says nothing."""
    earlier = sorted(
        (
            one
            for one in record.nouns(SCREENING_ROUNDS)
            if one.opened <= found.opened
            and (one.area.startswith(found.area) or found.area.startswith(one.area))
        ),
        key=lambda one: one.opened,
    )[-ROUNDS_BACK:]
    seen: dict[str, list[int]] = defaultdict(list)
    expected: dict[str, list[float]] = defaultdict(list)
    tubes = Counter[str]()
    for one in earlier:
        with screening.looking(record, home, one.id) as engine:
            counts = lake.laboratory_counts(engine)
        for standing in standings(counts):
            seen[standing.laboratory].append(standing.positive)
            expected[standing.laboratory].append(standing.expected)
            tubes[standing.laboratory] += standing.tubes
    for laboratory, positive in sorted(seen.items()):
        so_far = quality.missing_positives(positive, expected[laboratory])
        if so_far and so_far[-1] >= MISSING_ALARM:
            total = sum(expected[laboratory])
            yield LaboratoryFinding(
                laboratory=laboratory, kind="positives_missing", plate="", p_value=float(np.exp(-so_far[-1])),
                zh=f"近{len(positive)}轮{tubes[laboratory]}管中阳性{sum(positive)}管，同街道其他实验室结果累计应有{total:.1f}管。",
                en=f"{sum(positive)} of {tubes[laboratory]} tubes of the last {len(positive)} rounds are positive; {total:.1f} "
                "were to be expected from the same streets elsewhere.",
            )  # fmt: skip
