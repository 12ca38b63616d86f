"""Tasks: who must do what by when, and how far it has come. Lateness is computed, never stored."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ._checks import require_aware, require_order, require_text
from .areas import AreaPath, area_path
from .proposals import Sentence
from .users import Duty


class TaskState(StrEnum):
    """How far a task has come."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    DONE = "done"
    VERIFIED = "verified"
    CANCELLED = "cancelled"


TASK_STEPS: dict[TaskState, frozenset[TaskState]] = {
    TaskState.OPEN: frozenset({TaskState.ACKNOWLEDGED, TaskState.DONE, TaskState.CANCELLED}),
    TaskState.ACKNOWLEDGED: frozenset({TaskState.DONE, TaskState.CANCELLED}),
    TaskState.DONE: frozenset({TaskState.VERIFIED, TaskState.OPEN}),
    TaskState.VERIFIED: frozenset(),
    TaskState.CANCELLED: frozenset(),
}
"""The one table of allowed steps of a task; from done back to open is a re-check that found it wanting."""


class WrongStep(ValueError):
    """Something cannot go from the state it is in to the state asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStep:
    """One step of a task: to which state, when, by whom, and what was said about it."""

    to: TaskState
    at: datetime
    by: str
    note: str = ""

    def __post_init__(self) -> None:
        require_aware("at", self.at)
        require_text("by", self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """
    What a duty in an area must do by when.

    Its clock `starts` at one instant and is `due` at another; `measured_to` says in words which instant ends
    it ("published", "last sample taken"), and `finished` is that instant, which need not be when somebody
    said so. `due` None is a task without a limit. `subject` is the id of what it is about, `cause` of the
    order or finding that made it due.
    """

    id: str
    area: AreaPath
    duty: Duty
    desk: str
    kind: str
    subject: str
    what: Sentence
    starts: datetime
    due: datetime | None
    measured_to: str
    cause: str = ""
    rule: str = ""
    state: TaskState = TaskState.OPEN
    finished: datetime | None = None
    steps: tuple[TaskStep, ...] = ()

    def __post_init__(self) -> None:
        for name in ("id", "desk", "kind", "subject", "measured_to"):
            require_text(name, getattr(self, name))
        area_path(self.area)
        for name in ("starts", "due", "finished"):
            require_aware(name, getattr(self, name))
        require_order(("starts", self.starts), ("due", self.due))
        if (self.finished is not None) is not (self.state in {TaskState.DONE, TaskState.VERIFIED}):
            raise ValueError(
                f"task {self.id} is {self.state.value} and finished at {self.finished}"
            )

    @property
    def is_running(self) -> bool:
        """Whether somebody still has to do it."""
        return self.state in {TaskState.OPEN, TaskState.ACKNOWLEDGED}

    def late_by(self, at: datetime) -> timedelta:
        """
        How long past its limit the task is at `at`, or was when it was finished; zero where it is in time.

        A cancelled task is never late. Equality is in time.
        """
        if self.due is None or self.state is TaskState.CANCELLED:
            return timedelta(0)
        return max(timedelta(0), (self.finished or at) - self.due)

    def stepped(self, step: TaskStep, *, finished: datetime | None = None) -> "Task":
        """
        Return the task after a step, or raise WrongStep naming both states.

        Done is finished at `finished`, or at the step where it is None. Nobody verifies what they did
        themselves.

        >>> from datetime import UTC
        >>> at = datetime(2022, 11, 10, tzinfo=UTC)
        >>> task = Task(
        ...     id="t-1",
        ...     area=area_path("44."),
        ...     duty=Duty.COMMUNITY,
        ...     desk="zoning",
        ...     kind="publish",
        ...     subject="o-1",
        ...     what=Sentence(zh="公布", en="Publish"),
        ...     starts=at,
        ...     due=at + timedelta(hours=5),
        ...     measured_to="published",
        ... )
        >>> done = task.stepped(TaskStep(to=TaskState.DONE, at=at + timedelta(hours=6), by="a"))
        >>> done.late_by(at) == timedelta(hours=1)
        True
        """
        if step.to not in TASK_STEPS[self.state]:
            raise WrongStep(
                f"task {self.id} is {self.state.value} and cannot become {step.to.value}; "
                f"from there it can become {sorted(TASK_STEPS[self.state]) or 'nothing else'}"
            )
        did = next((s.by for s in reversed(self.steps) if s.to is TaskState.DONE), None)
        if step.to is TaskState.VERIFIED and step.by == did:
            raise WrongStep(f"task {self.id} was done by {did}, who cannot verify it as well")
        when = {
            TaskState.DONE: finished or step.at,
            TaskState.VERIFIED: self.finished,
        }.get(step.to)
        return replace(self, state=step.to, finished=when, steps=(*self.steps, step))
