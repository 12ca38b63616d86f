"""A run of one day in a hamlet: what it takes to have half of a day of the model compiled and kept on disk."""

from collections.abc import Callable
from typing import Any

import numpy as np

from . import kernel
from .measures import HEADROOM, Strategy, means_of, orders_none
from .pathogen import Pathogen, derive, disease_tables
from .province import County, Homes, ProvinceFacts, Town, lay_out

HALVES: dict[str, Callable[..., int]] = {"strike": kernel.strike, "evening": kernel.evening}
"""The two compiled halves of a day: what infects, and all that follows from it."""


def rehearse(half: str) -> None:
    """
    Run one half of a day, so that it is compiled; KeyError for a half there is not.

    Both halves take about as long, so two processes that take one each are done in half the time.

    Example: `rehearse("evening")`.
    """
    wanted = HALVES[half]
    homes = Homes(
        key="all", household_sizes=(0.5, 0.5), dormitory_share=0.1, room_sizes=(1.0,), ages=(0.2, 0.6, 0.1, 0.1)
    )  # fmt: skip
    hamlet = lay_out(
        ProvinceFacts(
            name="hamlet",
            counties=(
                County(
                    key="c.", city="c", residents=640, towns=(Town(key="c.t.", communities=1),), homes="all",
                    longitude=113.0, latitude=23.0,
                ),
            ),
            homes=(homes,), commuting=np.zeros((1, 1)), travel=np.zeros((1, 1)), employed=(0.0, 0.7, 0.1, 0.0),
            schooled=(0.7, 0.1, 0.0, 0.0), work_group=20, school_group=40,
        )
    )  # fmt: skip
    pathogen = Pathogen(
        key="p", name_zh="病", name_en="p", reproduction_number=1.0, generation_days=3.0, generation_sd_days=1.5,
        household_attack=0.2, dispersion=0.5, symptomatic=(0.5,) * 4, incubation_days=3.0, incubation_sd_days=1.5,
        detectable_days=1.0, ct_rise_days=3.0, ct_fall_days=6.0, ct_peak=25.0, ct_peak_sd=3.0, ct_half=38.0,
        ct_spread=1.0, swab_good=0.9, severe=(0.0,) * 4, fatal=(0.0,) * 4,
    )  # fmt: skip
    tables = disease_tables(pathogen, derive(pathogen, hamlet))
    kernel.run(
        np.uint64(1), 1, hamlet.layout, tables, means_of(Strategy(name="none"), hamlet, headroom=HEADROOM),
        orders_none(), np.zeros((0, 4), np.int64), 16, 16, 0,
        infect=wanted if half == "strike" else _nothing, end=wanted if half == "evening" else _nothing,
    )  # fmt: skip


def _nothing(*_: Any) -> int:
    return kernel.DONE
