"""What stands out, and why."""

from fastapi import Response

from yipan.api.access import OWN, AreaAsked, Asked, SinceAsked, UntilAsked
from yipan.api.door import answer, responses, routes_of

routes = routes_of("watch")

SIGNAL_EXAMPLE = {
    "area": "44.4401.",
    "stream": {
        "disease": "covid-19", "counted": "local_infections", "mode": "any", "interval": "day", "site": "",
    },
    "day": "2022-11-05", "method": "ears_c2", "observed": 1325, "expected": 402.3, "threshold": 1012.7,
    "score": 4.6, "since": "2022-11-03", "baseline": 7, "baseline_missing": 0, "judgement": "judged",
    "explanation": {
        "zh": "广州市11月5日报告本土感染者1325例，此前7个报告日的预期为402.3例、报警线为1012.7例，已连续3天。",
        "en": "Guangzhou reported 1325 local infections on 5 November; from the 7 reported days before, 402.3 "
        "were expected and more than 1012.7 stand out, for the 3rd day in a row.",
    },
}  # fmt: skip


@routes.get(
    "/signals",
    summary="Signals with their explanation, newest first",
    openapi_extra=OWN,
    responses=responses([SIGNAL_EXAMPLE], description="Signals on the days asked about"),
)
def signals(
    asking: Asked, area: AreaAsked = None, since: SinceAsked = None, until: UntilAsked = None
) -> Response:
    """Return the signals in an area of the viewer's, each with the series it was seen in."""
    from yipan.operations import watch

    path = asking.area(area)
    with asking.reading() as record:
        first, last = asking.days(since, until, record)
        return answer(watch.signals(record, area=path, since=first, until=last))
