"""One plate of a laboratory: looked at well by well with what was issued, and taken in from an instrument's own system."""

import csv
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from yipan.analytics.screening import quality
from yipan.feeds.specimens import SAMPLE, WELLS
from yipan.model import LakeBatch, LakeKind
from yipan.operations import screening
from yipan.operations.laboratories import FAULTS, INTERNAL_BELOW
from yipan.operations.post import Post
from yipan.store import NotFound, Record, lake
from yipan.store import laboratories as queries
from yipan.store.tables.screening import REAGENT_KITS


@dataclass(frozen=True, slots=True, kw_only=True)
class WellSheet:
    """
    One well of a plate: what is in it, what rose, and the result issued for its tube.

    `internal_valid` is whether the internal control of a sample well lies below the limit, None for controls. `result` is the
    one known last, from whichever laboratory, None while there is none; Ct are None where nothing rose.
    """

    well: str
    content: str
    tube: int | None
    ct_orf: float | None
    ct_n: float | None
    ct_control: float | None
    internal_valid: bool | None
    result: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateSheet:
    """
    One plate of a round within the viewer's area, and whether its controls let it stand.

    `stands` is whether `faults` is empty; they are told in words by `zh` and `en`. `internal_below` and the band are the
    kit's, the band None where no kit on record names one.
    """

    laboratory: str
    plate: str
    instrument: str
    kit: str
    started: datetime
    ended: datetime
    stands: bool
    faults: tuple[str, ...]
    zh: str
    en: str
    internal_below: float
    positive_from: float | None
    positive_to: float | None
    wells: tuple[WellSheet, ...]


def sheet(
    record: Record, home: lake.Lake, *, round: str, laboratory: str, plate: str
) -> PlateSheet:
    """Return one plate as known when asked. Raises NotFound for a plate no well of which is on record."""
    with screening.looking(record, home, round) as engine:
        rows = queries.wells_of(engine, laboratory=laboratory, plate=plate)
    if not rows:
        raise NotFound(f"no well of plate {plate} of {laboratory} is on record in {round}")
    instrument, name, started, ended = rows[0][6:10]
    kit = next(iter(record.nouns(REAGENT_KITS, where={"id": name})), None)
    below = INTERNAL_BELOW if kit is None else kit.internal_below
    low, high = (None, None) if kit is None else (kit.positive_from, kit.positive_to)
    faults = quality.plate_faults(
        [
            quality.ControlWell(content=content, ct_orf=orf, ct_n=n, ct_internal=internal)
            for _, content, _, orf, n, internal, *_ in rows
            if content != SAMPLE
        ],
        positive_band=None if low is None or high is None else (low, high), internal_below=below,
    )  # fmt: skip
    return PlateSheet(
        laboratory=laboratory, plate=plate, instrument=instrument, kit=name, started=started.replace(tzinfo=UTC),
        ended=ended.replace(tzinfo=UTC), stands=not faults, faults=faults,
        zh="，".join(FAULTS[fault][0] for fault in faults), en=" and ".join(FAULTS[fault][1] for fault in faults),
        internal_below=below, positive_from=low, positive_to=high,
        wells=tuple(
            WellSheet(
                well=well, content=content, tube=tube, ct_orf=orf, ct_n=n, ct_control=internal,
                internal_valid=None if content != SAMPLE else internal is not None and internal < below,
                result=row[10],
            )
            for row in rows
            for well, content, tube, orf, n, internal in [row[:6]]
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class WellTold:
    """One well as an instrument's system tells it, judged like a row of a file; a sample names its tube."""

    well: str
    content: str
    tube: int | None = None
    ct_orf: float | None = None
    ct_n: float | None = None
    ct_control: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateTold:
    """One run plate as an instrument's system tells it."""

    laboratory: str
    plate: str
    instrument: str
    kit: str
    started: datetime
    ended: datetime
    wells: Sequence[WellTold]


def take_plate(
    post: Post, told: PlateTold, *, round: str, at: datetime, time_zone: ZoneInfo
) -> LakeBatch:
    """
    Take one plate in, judged as the file of wells it is: every well is accepted or put aside with a reason.

    Raises as `screening.take_in`.
    """
    folder = post.lake.folder / ".sent" / secrets.token_hex(8)
    folder.mkdir(parents=True)
    path = folder / "plate.csv"
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow([column.name for column in WELLS])
            for one in told.wells:
                rows.writerow(
                    (
                        told.laboratory, told.plate, one.well, one.content, one.tube, told.instrument, told.kit,
                        one.ct_orf, one.ct_n, one.ct_control, told.started.isoformat(), told.ended.isoformat(),
                    )
                )  # fmt: skip
        return screening.take_in(
            post, post.lake, path, round=round, kind=LakeKind.WELLS, at=at, time_zone=time_zone,
            told_as=f"plate {told.plate} of {told.laboratory}",
        )  # fmt: skip
    finally:
        path.unlink(missing_ok=True)
        folder.rmdir()
