"""What would happen: strategies run forward from the record, asked for and then looked after."""

import logging
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Path, Response
from pydantic import BaseModel, Field

from yipan.api.access import OWN, Asked
from yipan.api.door import Door, answer, responses, routes_of
from yipan.model import Viewer

if TYPE_CHECKING:
    from yipan.operations.simulate import WhatIf

routes = routes_of("simulate")
_log = logging.getLogger(__name__)

MOST_KEPT = 32
"""Answers kept; the oldest makes room."""
MOST_RUNNING = 2

RANGE = {"mean": 812.4, "low": 310.0, "middle": 740.0, "high": 1620.0}
JOB_EXAMPLE: dict[str, Any] = {
    "id": "w-5f0c", "area": "44.4401.", "state": "running", "done": 2, "total": 20, "message": "", "result": None,
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Job:
    """A question to the simulator: how far it is, and its answer when it has one."""

    id: str
    area: str
    user: str
    state: str = "running"
    done: int = 0
    total: int = 0
    message: str = ""
    result: "WhatIf | None" = None


@dataclass(slots=True, kw_only=True)
class Jobs:
    """The questions of this process, the oldest first."""

    kept: OrderedDict[str, Job] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)


JOBS = Jobs()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A question as whoever asked it sees it."""

    id: str
    area: str
    state: str
    done: int
    total: int
    message: str
    result: "WhatIf | None"


class Question(BaseModel):
    """What to run forward: an area, days, replicates, the pathogen and its reproduction number."""

    area: str = Field(max_length=200, examples=["44.4401."])
    days: int = Field(default=21, ge=1, le=60)
    replicates: int = Field(default=20, ge=2, le=100)
    pathogen: str = Field(default="covid-ba5", max_length=60, pattern=r"^[a-z0-9-]+$")
    reproduction_number: float | None = Field(default=None, ge=0.1, le=20)
    seed: int = Field(default=1, ge=0, le=2**31)


JobId = Annotated[str, Path(max_length=40, description="what was answered to the question")]


@routes.post(
    "/simulate/what-if",
    summary="Run the standard strategies forward from what is known of an area",
    openapi_extra=OWN,
    responses=responses(
        JOB_EXAMPLE,
        description="The question was taken; ask for it by its id",
        failures=(400, 401, 403, 404, 422, 429, 503),
    ),
)
def ask(asking: Asked, given: Question) -> Response:
    """Take a question and begin on it. The answer is kept until newer ones make room."""
    from yipan.api.errors import TooManyTries

    path = asking.area(given.area)
    with JOBS.lock:
        if sum(job.state == "running" for job in JOBS.kept.values()) >= MOST_RUNNING:
            raise TooManyTries(
                f"{MOST_RUNNING} questions are being worked on; ask again when one is done"
            )
        job = Job(id=f"w-{secrets.token_hex(6)}", area=str(path), user=asking.viewer.user)
        JOBS.kept[job.id] = job
        while len(JOBS.kept) > MOST_KEPT:
            JOBS.kept.popitem(last=False)
    moment = asking.known_at or asking.door.clock()
    threading.Thread(
        target=_work,
        args=(asking.door, asking.viewer, job, given, moment),
        daemon=True,
        name=f"yipan-{job.id}",
    ).start()
    return answer(_view(job))


@routes.get(
    "/simulate/what-if/{job}",
    summary="How far a question is, and its answer",
    openapi_extra=OWN,
    responses=responses(
        JOB_EXAMPLE,
        description="Strategies, paired differences, the front on four axes, fans and the film by county",
        failures=(401, 403, 404, 422, 503),
    ),
)
def look(asking: Asked, job: JobId) -> Response:
    """Return a question of one's own."""
    from yipan.store import NotFound

    with JOBS.lock:
        found = JOBS.kept.get(job)
    if found is None or found.user != asking.viewer.user:
        raise NotFound(f"question {job} is not kept here")
    return answer(_view(found))


def _view(job: Job) -> JobView:
    return JobView(
        id=job.id, area=job.area, state=job.state, done=job.done, total=job.total, message=job.message,
        result=job.result,
    )  # fmt: skip


def _work(door: Door, viewer: Viewer, job: Job, given: Question, moment: datetime) -> None:
    from yipan.analytics.simulate import PackDoesNotAddUp
    from yipan.model import area_path
    from yipan.operations import simulate as desk
    from yipan.operations.compiled import compile_model

    def tell(done: int) -> None:
        job.done, job.message = done, ""

    def say(what: str) -> None:
        job.message = what

    job.total = given.replicates
    try:
        compile_model(say)
        say("")
        zone, pack = door.settings.time_zone, door.settings.pack
        with door.store.reading(viewer, known_at=moment) as record:
            now = desk.present(
                record, area=area_path(job.area), at=moment, time_zone=zone, pack_key=pack
            )
        job.result = desk.what_if(
            now, time_zone=zone, pack_key=pack,
            pathogen=desk.pathogen(given.pathogen, reproduction_number=given.reproduction_number),
            days=given.days, replicates=given.replicates, seed=given.seed, tell=tell,
        )  # fmt: skip
        job.state = "done"
    except (ValueError, LookupError, PackDoesNotAddUp) as wrong:
        job.message, job.state = str(wrong), "failed"
    except Exception:  # noqa: BLE001  # told to whoever asked as failed, and written to the log
        job.message, job.state = "something failed here that should not have", "failed"
        _log.exception("question %s failed", job.id)
