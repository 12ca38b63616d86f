"""The protocols: every text, its numbers in words, what changes between two, which holds at a moment and place."""

from datetime import datetime
from typing import Annotated

from fastapi import Path, Query, Response

from yipan.api.access import OWN, PUBLISHED, AreaAsked, Asked
from yipan.api.commanding import AtAsked, moment_of
from yipan.api.door import answer, responses, routes_of
from yipan.api.errors import BadInput
from yipan.model import area_path
from yipan.protocol import ProtocolError, Rulebook, protocols
from yipan.protocol.telling import changes_told, rulebook_told, texts_told

routes = routes_of("protocol")

_TEXT = {
    "id": "cn-covid-20m", "name_zh": "进一步优化防控工作的二十条措施", "name_en": "Twenty Measures", "disease": "covid-19",
    "layer": "nation", "area": None, "amends": "cn-covid-9ed", "published": "2022-11-11",
    "effective": "2022-11-11T00:00:00+08:00", "confidence": "high", "note": "",
}  # fmt: skip
_PARAMETER = {
    "key": "zone.high.quiet_days", "says_zh": "高风险区：连续无新增感染者的天数：5天",
    "says_en": "high-risk zones: days in a row without a new infection: 5 days", "value": 5, "unit": "days",
    "effective": "2022-11-11T00:00:00+08:00", "published": "2022-11-11", "source": ["b1", "b3"], "confidence": "high",
    "version": "cn-covid-20m", "where": "cn-covid/zones.yaml:36", "may_differ": "never", "note": "",
}  # fmt: skip
_BOOK = {
    "id": "cn-covid-20m", "name_zh": "进一步优化防控工作的二十条措施", "name_en": "Twenty Measures",
    "lineage": ["cn-covid-20m", "cn-covid-9ed"], "parameters": [_PARAMETER],
    "sources": {"b1": "Twenty Measures, 11 Nov 2022, joint prevention document [2022] 101"},
}  # fmt: skip
_CHANGE = {
    "key": "zone.high.quiet_days", "before": 7, "after": 5, "unit": "days", "source": ["b1", "b3"],
    "says_zh": "高风险区：连续无新增感染者的天数：由7天改为5天（缩短2天）",
    "says_en": "high-risk zones: days in a row without a new infection: 7 days -> 5 days (2 days shorter)",
}  # fmt: skip
Text = Annotated[
    str,
    Path(
        max_length=60,
        pattern=r"^[a-z0-9-]+$",
        description="id of a text",
        examples=["cn-covid-20m"],
    ),
]


@routes.get(
    "/protocols",
    summary="Every text of rules there is",
    openapi_extra=PUBLISHED,
    responses=responses([_TEXT], description="Texts by disease and from when they hold"),
)
def texts(_: Asked) -> Response:
    """Return the texts that come with Yipan: rules are known to everybody who is logged in."""
    return answer(texts_told(protocols()))


@routes.get(
    "/protocols/in-effect",
    summary="The text in effect at a moment and a place",
    openapi_extra=PUBLISHED,
    responses=responses(_BOOK, description="The text with all it amends resolved"),
)
def in_effect(
    asking: Asked,
    at: Annotated[
        datetime, Query(description="an instant with its offset", examples=["2022-11-15T08:00:00+08:00"])
    ],
    disease: Annotated[str, Query(max_length=40, pattern=r"^[a-z0-9-]+$")] = "covid-19",
    area: Annotated[str | None, Query(max_length=200, json_schema_extra={"pattern": r"^([0-9a-z-]+\.)+$"})] = None,
) -> Response:  # fmt: skip
    """Return the text by its date of effect; when a command adopted it is that command's act."""
    moment = asking.instant(at, where="at")
    try:
        place = None if area is None else area_path(area)
    except ValueError as wrong:
        raise BadInput(str(wrong), where="area") from None
    try:
        found = protocols().at(moment, disease=disease, area=place)
    except ProtocolError as wrong:
        raise BadInput(str(wrong), where="disease") from None
    return answer(rulebook_told(found))


_ADOPTED = {
    "id": "ad-1", "version": "cn-covid-20m", "name_zh": "进一步优化防控工作的二十条措施", "name_en": "Twenty Measures",
    "area": "44.", "at": "2022-11-11T16:00:00+08:00", "until": None, "policy": "only_shorter",
    "profile": "guangdong-2022", "known_from": "2022-11-11T16:00:00+08:00", "act": 412, "by": "province", "holds": True,
}  # fmt: skip
_CHOICE = {
    "name": "transition_policy", "name_zh": "新旧文本衔接", "name_en": "running clocks when the text changes",
    "value_zh": "只可缩短", "value_en": "may only get shorter", "because_zh": "新文本采用后重看正在进行的计时，只可缩短",
    "because_en": "running clocks are looked at again under the newer text and may only get shorter",
}  # fmt: skip


@routes.get(
    "/protocols/here",
    summary="The text in force in an area by adoption, its numbers, and what the jurisdiction settled",
    openapi_extra=OWN,
    responses=responses(
        {
            "area": "44.4401.", "at": "2022-11-15T08:00:00+08:00", "disease": "covid-19", "adopted": [_ADOPTED],
            "text": _BOOK, "in_effect": "cn-covid-20m", "texts": [_TEXT], "profile": "guangdong-2022",
            "choices": [_CHOICE],
        },
        description="`text` is null where no command adopted one",
    ),
)  # fmt: skip
def here(
    asking: Asked, area: AreaAsked = None, at: AtAsked = None,
    disease: Annotated[str | None, Query(max_length=40, pattern=r"^[a-z0-9-]+$")] = None,
) -> Response:  # fmt: skip
    """Return what holds in an area of the viewer's at an instant, as known at the moment asked about."""
    from yipan.operations import protocol as desk

    path, moment = asking.area(area), moment_of(asking, at)
    with asking.reading() as record:
        return answer(desk.here(record, area=path, at=moment, disease=disease))


@routes.get(
    "/protocols/{text}",
    summary="One text, each number in words with its source",
    openapi_extra=PUBLISHED,
    responses=responses(
        _BOOK,
        description="The text with all it amends resolved",
        failures=(401, 403, 404, 422, 503),
    ),
)
def one_text(_: Asked, text: Text) -> Response:
    """Return every number of a text, those of the texts it amends among them."""
    return answer(rulebook_told(_book(text)))


@routes.get(
    "/protocols/{text}/changes-to/{other}",
    summary="What changes from one text to another, and for whom",
    openapi_extra=PUBLISHED,
    responses=responses(
        [_CHANGE], description="Changes in order of their keys", failures=(401, 403, 404, 422, 503)
    ),
)
def changes(_: Asked, text: Text, other: Text) -> Response:
    """Return the differences in words of both languages; an empty list where nothing changes."""
    return answer(changes_told(_book(text), _book(other)))


def _book(name: str) -> Rulebook:
    from yipan.store import NotFound

    books = protocols()
    if name not in books.versions:
        raise NotFound(f"there is no text {name!r}; known: {', '.join(sorted(books.versions))}")
    return books.rulebook(name)
