"""The whole web door under made-up questions: whatever is asked, the server does not fail."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from journeys.test_api import PASSWORD, TODAY, fill
from yipan.api.app import create_app
from yipan.settings import Settings
from yipan.store import Store

EXAMPLES = 20
NEGATIVE = GenerationMode.NEGATIVE
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
]  # fmt: skip

pytestmark = [pytest.mark.store, pytest.mark.slow]


@pytest.fixture(scope="module")
def app() -> Iterator[tuple[FastAPI, dict[str, str]]]:
    with tempfile.TemporaryDirectory(prefix="yipan-any-") as folder:
        home = Path(folder) / "home"
        store = Store.open(home, clock=lambda: datetime.now(UTC))
        try:
            fill(store)
            application = create_app(Settings(home=home), store, clock=lambda: TODAY)
            with TestClient(application) as client:
                token = client.post(
                    "/api/v1/login", json={"user": "guangzhou", "password": PASSWORD}
                ).json()["token"]
                yield application, {"Authorization": f"Bearer {token}"}
        finally:
            store.close()
            if store.server is not None:
                store.server.stop()


LEFT_OUT = {"/api/v1/events", "/api/v1/logout"}
"""The stream that never ends, and the log-out that would end the session asked with."""


class TestWholeDoor:
    # the server runs in this process, and its pool draws the life of each connection while questions are made up
    @pytest.mark.filterwarnings("ignore:Do not use the `random` module:Warning")
    def test_no_question_makes_the_server_fail(self, app):
        application, bearer = app
        schema = schemathesis.openapi.from_dict(application.openapi())
        schema.app = application
        asked: list[str] = []
        for found in schema.get_all_operations():
            operation = found.ok()
            if operation.path in LEFT_OUT:
                continue
            ask_about(operation, bearer)
            asked.append(operation.label)

        assert len(asked) >= 13


def ask_about(operation: Any, bearer: dict[str, str]) -> None:
    """Put made-up questions, such as the description allows and such as it forbids, to one route."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy() | operation.as_strategy(generation_mode=NEGATIVE))
    def ask(case: Any) -> None:
        response = case.call(headers=bearer)
        case.validate_response(response, checks=CHECKS)

    ask()
