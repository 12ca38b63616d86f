"""The alarm of a bottom line: what would bring the chance down, proposed to the command whose line is crossed."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from yipan.analytics.outlook import cluster
from yipan.model import (
    Alternative,
    AreaBottomLine,
    AreaPath,
    BottomLineState,
    CommandLine,
    Cost,
    Duty,
    Order,
    OrderLine,
    Proposal,
    ProposalState,
    Reason,
    Sentence,
    Task,
    ancestors_of,
)
from yipan.operations import commanding
from yipan.store import Acting
from yipan.store.tables.commanding import PROPOSALS
from yipan.store.tables.outlook import (
    BOTTOM_LINES,
    LINES,
)

DESK = "outlook"
"""The desk this is part of, as acts name it."""
HAND = "outlook"
"""The first word of the kind of every order line this desk carries out."""


def line_of(drawn: Mapping[str, CommandLine], area: str) -> CommandLine | None:
    """The line drawn nearest above an area, or for it."""
    path = AreaPath(area)
    around = [place for place in (*ancestors_of(path), path) if place in drawn]
    return drawn[around[-1]] if around else None


LEVERS: Mapping[str, Sentence] = {
    "isolate half of the rest": Sentence(
        zh="把尚未隔离的病例及早隔离一半", en="isolate at once half of the cases that are not"
    ),
    "halve remaining transmission": Sentence(
        zh="把其余传播减半", en="halve the transmission that remains"
    ),
    "both": Sentence(zh="两者并举", en="do both"),
}
"""The levers of the bottom line in both languages, the least intrusive first."""
ALARM, EXCEEDED = "outlook.alarm", "outlook.exceeded"
TIGHTEN = "outlook.tighten"
_ALARMS = {BottomLineState.ALARM: ALARM, BottomLineState.EXCEEDED: EXCEEDED}


def raise_alarms(
    act: Acting, lines: Sequence[AreaBottomLine], *, within: AreaPath, day: date
) -> int:
    """
    Propose to the command whose line is crossed what would bring the chance down; return how many are new.

    Only the innermost is proposed: a chain rather than its area, an area rather than the city around it, where they
    stand alike. A proposal stands, open or decided, until the chance has been below the line since; one whose
    alarm no longer holds lapses. After a refusal nothing is proposed again before that.
    """
    drawn = {each.area: each for each in act.nouns(LINES)}
    alarmed = [each for each in lines if each.line.state in _ALARMS]
    kept: list[Proposal] = []
    before: dict[str, list[Proposal]] = {}
    for known in act.nouns(PROPOSALS, under=within, where={"desk": DESK}):
        before.setdefault(known.subject, []).append(known)
    for each in alarmed:
        line = line_of(drawn, each.area)
        if line is None or any(_explains(part, each, drawn) for part in alarmed):
            continue
        rule = f"{line.id}: at most {line.limit} cases, alarm from {line.alarm_at:.1%}"
        kind = _ALARMS[each.line.state]
        standing = [
            p
            for p in before.get(each.subject, [])
            if p.rule == rule and p.kind == kind and p.state is not ProposalState.LAPSED
        ]
        newest = max(standing, key=lambda p: p.made, default=None)
        if newest is not None and not _cleared(act, each, newest, day):
            kept.append(newest)
            continue
        kept.append(_proposal(act, each, line, rule, kind))
    new = commanding.put_proposals(act, kept)
    silent = {each.subject for each in lines if each.line.state is BottomLineState.SILENT}
    held = {each.id for each in kept}
    over = [
        p.id
        for some in before.values()
        for p in some
        if p.state is ProposalState.OPEN and p.id not in held and p.subject not in silent
    ]
    commanding.lapse(act, over, why="the chance is no longer above the line as it was")
    return new


def _explains(
    part: AreaBottomLine, whole: AreaBottomLine, drawn: Mapping[str, CommandLine]
) -> bool:
    """Whether one alarm is the inner one of another: the same line, the same state, and inside it."""
    if part.subject == whole.subject or part.line.state is not whole.line.state or whole.chain:
        return False
    inside = part.area.startswith(whole.area) and (bool(part.chain) or part.area != whole.area)
    return inside and line_of(drawn, part.area) == line_of(drawn, whole.area)


def _cleared(act: Acting, each: AreaBottomLine, known: Proposal, day: date) -> bool:
    """Whether the subject stood below the line on some day since a proposal was made."""
    since = [
        known.made.date() + timedelta(days=i) for i in range(-1, (day - known.made.date()).days + 1)
    ]
    told = act.nouns(
        BOTTOM_LINES, where={"area": each.area, "day": since, "state": ["within", "quiet"]}
    )
    return any(one.subject == each.subject and one.day >= known.made.date() for one in told)


def _proposal(
    act: Acting, each: AreaBottomLine, line: CommandLine, rule: str, kind: str
) -> Proposal:
    """What an alarm proposes: the least lever that brings the chance below the line, with the others beside it."""
    area = AreaPath(each.area)
    place = act.area(area)
    told = each.line
    chain_zh, chain_en = (
        (f"传播链{each.chain}（", f"chain {each.chain} (") if each.chain else ("", "")
    )
    close_zh, close_en = ("）", ")") if each.chain else ("", "")
    where_zh = f"{chain_zh}{place.name_zh}{close_zh}"
    where_en = f"{chain_en}{place.name_en}{close_en}"
    source = (f"bottom line {each.id}",)
    within = dict(told.within_days)
    reasons = [
        Reason(
            zh=f"{where_zh}已报告{told.seen}例，其中{told.active}例仍可能传播；指挥部划定的底线为{told.limit}例（{line.why}）",
            en=f"{where_en} has {told.seen} cases, {told.active} of them may still transmit; the line drawn is "
            f"{told.limit} cases ({line.why})",
            source=source, confidence="recorded",
        ),
        Reason(
            zh="按现有控制，最终超过底线的概率为"
            f"{told.probability:.1%}（警戒线{line.alarm_at:.1%}）；"
            + "，".join(f"{n}天内{p:.1%}" for n, p in within.items()),
            en=f"under present control the chance to end above it is {told.probability:.1%} (alarm from "
            f"{line.alarm_at:.1%}); " + ", ".join(f"within {n} days {p:.1%}" for n, p in within.items()),
            source=source, confidence="exact cluster-size law",
        ),
        Reason(
            zh=f"每例平均传染{told.reproduction or 0:.2f}人，依据{each.resting_on}的病例；所用假设：{each.assuming}",
            en=f"one case infects {told.reproduction or 0:.2f} on average, by the cases of {each.resting_on}; taken as "
            f"given: {each.assuming}",
            source=source, confidence="estimated; assumptions named",
        ),
    ]  # fmt: skip
    shared: dict[str, Any] = {
        "id": f"p-{commanding.mark(DESK, kind, each.subject, rule, act.moment)}", "area": area, "desk": DESK,
        "kind": kind, "subject": each.subject, "reasons": tuple(reasons), "by": act.viewer.user,
        "made": act.moment, "decided_in": AreaPath(line.area), "rule": rule,
    }  # fmt: skip
    if kind == EXCEEDED:
        return Proposal(
            what=Sentence(
                zh=f"{where_zh}已超过底线（{told.limit}例），请研判",
                en=f"{where_en} is above the line ({told.limit} cases): judge what follows",
            ),
            **shared,
        )
    controls = {each.name: each for each in cluster.default_levers(told.control)}
    chance = {lever.name: lever.probability for lever in told.levers}
    named = [name for name in LEVERS if name in chance]
    enough = [name for name in named if chance[name] < line.alarm_at]
    chosen = enough[0] if enough else named[-1]

    def ordered(name: str) -> tuple[OrderLine, ...]:
        return (
            OrderLine(
                kind=TIGHTEN, subject=each.subject, area=area, effective=act.moment,
                terms={
                    "lever": name, "isolated_share": controls[name].isolated_share,
                    "cut_share": controls[name].cut_share, "chance_before": told.probability,
                    "chance_after": chance[name], "limit": told.limit,
                },
            ),
        )  # fmt: skip

    def said(name: str) -> Sentence:
        return Sentence(
            zh=f"{where_zh}：{LEVERS[name].zh}，超过{told.limit}例的概率由{told.probability:.1%}降至{chance[name]:.1%}",
            en=f"{where_en}: {LEVERS[name].en}; the chance of more than {told.limit} cases falls from "
            f"{told.probability:.1%} to {chance[name]:.1%}",
        )

    return Proposal(
        what=said(chosen), lines=ordered(chosen),
        alternatives=(
            *(
                Alternative(what=said(name), lines=ordered(name), risk_outside=chance[name])
                for name in named
                if name != chosen
            ),
            Alternative(
                what=Sentence(zh="维持现有控制", en="leave control as it is"), cost=Cost(residents=0, person_days=0.0),
                risk_outside=told.probability,
            ),
        ),
        **shared,
    )  # fmt: skip


def carry_out(_: Acting, order: Order) -> tuple[Task, ...]:
    """
    Make the tasks of an order against an alarm: who must tighten what, to what share.

    It restricts nobody by itself: what it takes (zones, isolation) is ordered by the desks whose measures they are.
    """
    return tuple(
        Task(
            id=f"t-{commanding.mark(TIGHTEN, order.id, number)}", area=line.area, duty=Duty.EPIDEMIOLOGIST,
            desk=DESK, kind="tighten", subject=line.subject, cause=order.id, starts=line.effective, due=None,
            measured_to="the plan is reported as carried out", rule=order.rule,
            what=Sentence(
                zh=f"{LEVERS[str(line.terms['lever'])].zh}：即时隔离比例达{float(line.terms['isolated_share']):.0%}，"
                f"其余传播降低{float(line.terms['cut_share']):.0%}；提出并落实具体措施",
                en=f"{LEVERS[str(line.terms['lever'])].en}: {float(line.terms['isolated_share']):.0%} isolated at once, the "
                f"rest's transmission cut by {float(line.terms['cut_share']):.0%}; name the measures and see them done",
            ),
        )
        for number, line in enumerate(order.lines)
        if line.desk == HAND
    )  # fmt: skip
