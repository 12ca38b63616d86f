"""Investigations: what became known about a case, by when it had to be, and who answers for it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ._checks import require_aware, require_order, require_text
from .areas import AreaPath, area_path
from .people import PersonId, person_id


class Stage(StrEnum):
    """How far an investigation has come; the stages are reached in this order, none is skipped back."""

    OPENED = "opened"
    ON_SITE = "on_site"
    CORE = "core"
    ZONES = "zones"
    FULL = "full"
    CLOSED = "closed"


STAGE_STEPS: dict[Stage, frozenset[Stage]] = {
    Stage.OPENED: frozenset({Stage.ON_SITE, Stage.CORE, Stage.CLOSED}),
    Stage.ON_SITE: frozenset({Stage.CORE, Stage.CLOSED}),
    Stage.CORE: frozenset({Stage.ZONES, Stage.FULL, Stage.CLOSED}),
    Stage.ZONES: frozenset({Stage.FULL, Stage.CLOSED}),
    Stage.FULL: frozenset({Stage.CLOSED}),
    Stage.CLOSED: frozenset(),
}
"""The one table of allowed steps: a telephone interview may come to its core without a visit on site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A stage and the moment it was reached."""

    stage: Stage
    at: datetime

    def __post_init__(self) -> None:
        require_aware("at", self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Which area answers for an investigation from a moment on; the last one is in charge."""

    area: AreaPath
    since: datetime
    why: str = ""

    def __post_init__(self) -> None:
        area_path(self.area)
        require_aware("since", self.since)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One question of the form answered: a code, number, day or instant as text, never who somebody is."""

    question: str
    value: str
    at: datetime

    def __post_init__(self) -> None:
        require_text("question", self.question)
        require_text("value", self.value)
        require_aware("at", self.at)
        if len(self.value) > 200:
            raise ValueError(f"the answer to {self.question} is longer than 200 signs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Investigation:
    """
    The investigation of one case: stages reached, answers given, and the areas in charge one after another.

    `area` is the area in charge now. One record goes along when the case is handed over.
    """

    id: str
    area: AreaPath
    case: str
    disease: str
    reported: datetime
    reached: tuple[Reached, ...]
    charges: tuple[Charge, ...]
    answers: tuple[Answer, ...] = ()

    def __post_init__(self) -> None:
        require_text("id", self.id)
        area_path(self.area)
        require_text("case", self.case)
        require_text("disease", self.disease)
        require_aware("reported", self.reported)
        if not self.reached or self.reached[0].stage is not Stage.OPENED:
            raise ValueError(f"investigation {self.id} has to begin by being opened")
        for before, after in zip(self.reached, self.reached[1:], strict=False):
            if after.stage not in STAGE_STEPS[before.stage]:
                raise ValueError(
                    f"investigation {self.id} cannot go from {before.stage.value} to {after.stage.value}"
                )
            require_order((before.stage.value, before.at), (after.stage.value, after.at))
        if not self.charges or self.charges[-1].area != self.area:
            raise ValueError(
                f"investigation {self.id} lies in {self.area}, but another is in charge"
            )

    @property
    def stage(self) -> Stage:
        """The stage it is at."""
        return self.reached[-1].stage

    def reached_at(self, stage: Stage) -> datetime | None:
        """The moment a stage was reached, None where it was not."""
        return next((step.at for step in self.reached if step.stage is stage), None)

    def answered(self) -> dict[str, str]:
        """The newest answer to each question."""
        return {answer.question: answer.value for answer in self.answers}


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistCheck:
    """
    A letter that asks another area to check something about people (协查函), with the moment an answer is due.

    It lies in the area that sends it and is seen by both; people are named by pseudonym only.
    """

    id: str
    area: AreaPath
    to: AreaPath
    people: tuple[PersonId, ...]
    asked: str
    sent: datetime
    due: datetime
    case: str | None = None

    def __post_init__(self) -> None:
        require_text("id", self.id)
        area_path(self.area)
        area_path(self.to)
        require_text("asked", self.asked)
        for person in self.people:
            person_id(person)
        require_aware("sent", self.sent)
        require_aware("due", self.due)
        require_order(("sent", self.sent), ("due", self.due))
        if self.area == self.to:
            raise ValueError(f"letter {self.id} goes from {self.area} to itself")


class AssistOutcome(StrEnum):
    """What came of a letter."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    PARTLY = "partly"
    PASSED_ON = "passed_on"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistReply:
    """The answer to a letter, written by the area it was sent to and seen by both."""

    id: str
    area: AreaPath
    letter: str
    outcome: AssistOutcome
    answer: str
    at: datetime

    def __post_init__(self) -> None:
        require_text("id", self.id)
        area_path(self.area)
        require_text("letter", self.letter)
        require_text("answer", self.answer)
        require_aware("at", self.at)
