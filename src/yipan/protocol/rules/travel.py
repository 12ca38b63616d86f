"""Tests before a journey, what follows arrival, and where a test or a code may be asked for."""

from collections.abc import Sequence
from datetime import datetime

from yipan.protocol.clocks import hours_between
from yipan.protocol.parameters import ProtocolError, Rulebook
from yipan.protocol.ruling import Reason, Ruling


def may_board(sampled: Sequence[datetime], departure: datetime, rulebook: Rulebook) -> Ruling[bool]:
    """
    Rule on whether somebody with negative tests sampled then may board: enough of them, none too old.

    A test exactly at the limit counts, one after departure does not. True where the rulebook asks for none.

    >>> from datetime import UTC, timedelta
    >>> from yipan.protocol import protocols
    >>> noon = datetime(2022, 11, 20, 12, tzinfo=UTC)
    >>> book = protocols().rulebook("cn-covid-20m")
    >>> may_board([noon - timedelta(hours=48)], noon, book).value
    True
    >>> may_board([noon - timedelta(hours=49)], noon, book).value
    False
    """
    leaf = rulebook.parameters.get("travel.preboarding_hours")
    if leaf is None:
        return Ruling(value=True)
    needed = rulebook.get("travel.preboarding_tests") or 1
    young = [one for one in sampled if 0 <= hours_between(one, departure) <= leaf.value]
    reason = Reason(
        zh=f"登机前{leaf.value:g}小时内须有{needed}次核酸阴性证明，现有{len(young)}次。",
        en=f"{needed} negative test within {leaf.value:g} h before boarding is needed; there are {len(young)}.",
        source=leaf.source, confidence=leaf.confidence,
    )  # fmt: skip
    return Ruling(value=len(young) >= needed, reasons=(reason,))


def inbound_positive(ct: float, rulebook: Rulebook) -> Ruling[bool]:
    """
    Rule on whether an inbound traveller with this Ct is positive: below the rulebook's value, not at it.

    Raises ProtocolError where the rulebook has no such value.

    >>> from yipan.protocol import protocols
    >>> inbound_positive(35.0, protocols().rulebook("cn-covid-20m")).value
    False
    """
    leaf = rulebook.leaf("travel.positive_ct_below")
    reason = Reason(
        zh=f"Ct值低于{leaf.value:g}判定为阳性，本次为{ct:g}。",
        en=f"A Ct below {leaf.value:g} is positive; this one is {ct:g}.",
        source=leaf.source,
        confidence=leaf.confidence,
    )
    return Ruling(value=ct < leaf.value, reasons=(reason,))


def after_arrival(rulebook: Rulebook) -> Ruling[str]:
    """
    Rule on what follows arrival from abroad: `plan` where inbound travellers have one, else what the text says.

    Raises ProtocolError where the rulebook says neither.

    >>> from yipan.protocol import protocols
    >>> after_arrival(protocols().rulebook("cn-covid-classb")).value
    'nothing'
    """
    leaf = rulebook.parameters.get("person.inbound_traveller")
    if leaf is not None:
        reason = Reason(
            zh="入境人员按方案隔离、检测。", en="Inbound travellers have a plan of isolation and tests.",
            source=leaf.source, confidence=leaf.confidence,
        )  # fmt: skip
        return Ruling(value="plan", reasons=(reason,))
    leaf = rulebook.leaf("travel.after_arrival")
    reason = Reason(
        zh="入境后不再采取措施。" if leaf.value == "nothing" else f"入境后：{leaf.value}。",
        en=f"After arrival: {leaf.value}.", source=leaf.source, confidence=leaf.confidence,
    )  # fmt: skip
    return Ruling(value=str(leaf.value), reasons=(reason,))


def may_ask_for_test(place: str, rulebook: Rulebook) -> Ruling[bool]:
    """
    Rule on whether a test or code may be asked for at a kind of place. True where the rulebook does not limit it.

    >>> from yipan.protocol import protocols
    >>> book = protocols().rulebook("cn-covid-10m")
    >>> may_ask_for_test("supermarket", book).value, may_ask_for_test("nursing_home", book).value
    (False, True)
    """
    leaf = rulebook.parameters.get("check.only_at")
    if leaf is None:
        return Ruling(value=True)
    if not isinstance(leaf.value, list):
        raise ProtocolError(f"{leaf.where}: check.only_at is {leaf.value!r}; expected a list")
    may = place in leaf.value
    reason = Reason(
        zh="该场所可以查验。" if may else "该场所不得查验核酸证明和健康码。",
        en="Tests and codes may be asked for here." if may else "Tests and codes may not be asked for here.",
        source=leaf.source, confidence=leaf.confidence,
    )  # fmt: skip
    return Ruling(value=may, reasons=(reason,))
