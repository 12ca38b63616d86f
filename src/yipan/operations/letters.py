"""Letters: what one office asks another to check, the reply, and by how many hours it is late."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from yipan.model import (
    AreaPath,
    AssistCheck,
    AssistOutcome,
    AssistReply,
    PersonId,
    Power,
    check_area,
    check_may,
)
from yipan.operations.post import Post
from yipan.operations.tracing import DESK
from yipan.store import Record
from yipan.store.tables.tracing import (
    ASSIST_CHECKS,
    ASSIST_REPLIES,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterView:
    """A letter to another area with its reply, None while there is none, and by how many hours that is late."""

    letter: AssistCheck = field(metadata={"inline": True})
    reply: AssistReply | None
    late_hours: float


def send_letter(
    post: Post, *, to: AreaPath, people: Sequence[PersonId], asked: str, due: datetime, at: datetime,
    case: str | None = None, area: AreaPath | None = None,
) -> AssistCheck:  # fmt: skip
    """Send an assist-check letter to another area; people are named by pseudonym, and the text names nobody."""
    check_may(post.viewer, Power.WORK)
    sender = area or post.area
    check_area(post.viewer, sender)
    with post.store.acting(
        post.viewer, desk=DESK, verb="send_letter", subject=to, area=sender, why=asked[:200], at=at
    ) as act:
        letter = AssistCheck(
            id=f"l-{secrets.token_hex(6)}", area=sender, to=to, people=tuple(people), asked=asked, sent=act.moment,
            due=due, case=case,
        )  # fmt: skip
        act.put(ASSIST_CHECKS, [letter])
    return letter


def reply_letter(
    post: Post, letter: str, *, outcome: AssistOutcome, text: str, at: datetime
) -> LetterView:
    """Answer a letter as the area it was sent to. Raises NotYourArea for any other, NotFound."""
    check_may(post.viewer, Power.WORK)
    with post.store.reading(post.viewer) as record:
        found = record.noun(ASSIST_CHECKS, letter)
    check_area(post.viewer, found.to)
    with post.store.acting(
        post.viewer,
        desk=DESK,
        verb="reply_letter",
        subject=letter,
        area=found.to,
        why=text[:200],
        at=at,
    ) as act:
        reply = AssistReply(
            id=f"r-{letter}",
            area=found.to,
            letter=letter,
            outcome=outcome,
            answer=text,
            at=act.moment,
        )
        act.put(ASSIST_REPLIES, [reply])
    return LetterView(letter=found, reply=reply, late_hours=_late(found.due, reply.at))


def letters(record: Record, *, area: AreaPath, at: datetime) -> tuple[LetterView, ...]:
    """Return the letters an area sent or was sent, those without a reply first, the earliest due before the others."""
    check_area(record.viewer, area)
    replies = {reply.letter: reply for reply in record.nouns(ASSIST_REPLIES)}
    mine = [
        x for x in record.nouns(ASSIST_CHECKS) if x.area.startswith(area) or x.to.startswith(area)
    ]
    shown = [
        LetterView(
            letter=x,
            reply=replies.get(x.id),
            late_hours=_late(x.due, replies[x.id].at if x.id in replies else at),
        )
        for x in mine
    ]
    return tuple(sorted(shown, key=lambda v: (v.reply is not None, v.letter.due, v.letter.id)))


def _late(due: datetime, end: datetime) -> float:
    return round(max(0.0, (end - due).total_seconds() / 3600), 2)
