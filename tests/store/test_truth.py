"""The trainer's view of an exercise: the truth adds up, and nobody but a trainer of the whole province is let in."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from yipan.api.app import create_app
from yipan.api.plain import as_json
from yipan.cli import exercise as terminal
from yipan.model import POWERS, Duty, NotAllowed, NotYourArea, Power, Viewer, area_path
from yipan.operations import exercise, truth, users
from yipan.operations.exercise import Mode
from yipan.operations.post import Post
from yipan.settings import Settings
from yipan.store import NotFound

pytestmark = [pytest.mark.store, pytest.mark.slow]
NOW = datetime(2022, 10, 20, tzinfo=UTC)
PASSWORD = "a long enough password"
GUANGDONG, GUANGZHOU = area_path("44."), area_path("44.4401.")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place: Path = tmp_path_factory.mktemp("drill") / "drill"
    exercise.create(
        place, pack_key="guangdong", seed=11, first_day=date(2022, 10, 1), days=4, reproduction_number=3.0,
        infections=12, began_days_before=6,
    )  # fmt: skip
    return place


@pytest.fixture(scope="module")
def post(folder: Path) -> Iterator[Post]:
    made = exercise.open_record(folder, clock=lambda: NOW)
    list(exercise.play(folder, made, mode=Mode.NONE))
    keeper = Post(store=made.store, viewer=users.administrator(made.viewer))
    for name, duty, area in (
        ("trainer", Duty.TRAINER, GUANGDONG), ("citytrainer", Duty.TRAINER, GUANGZHOU),
        ("player", Duty.COMMANDER, GUANGDONG), ("keeper", Duty.ADMINISTRATOR, GUANGDONG),
    ):  # fmt: skip
        users.add(keeper, name=name, shown_as=name, password=PASSWORD, duty=duty, area=area, at=NOW)
    yield made
    made.store.close()
    if made.store.server is not None:
        made.store.server.stop()


@pytest.fixture(scope="module")
def client(folder: Path, post: Post) -> Iterator[TestClient]:
    with TestClient(
        create_app(Settings(home=folder / "record"), post.store, clock=lambda: NOW)
    ) as found:
        yield found


def logged_in(client: TestClient, user: str) -> dict[str, str]:
    given = client.post("/api/v1/login", json={"user": user, "password": PASSWORD})
    client.cookies.clear()
    return {"Authorization": f"Bearer {given.json()['token']}"}


def trainer(post: Post) -> Post:
    return Post(store=post.store, viewer=replace(post.viewer, duty=Duty.TRAINER))


class TestTrainersView:
    def test_adds_up_day_by_day_by_county_and_by_chain(self, folder: Path, post: Post) -> None:
        view = truth.trainers_view(folder, trainer(post))

        infections = sum(day.new for day in view.days)
        assert view.score is not None
        assert view.score.infections == infections >= 12
        assert sum(area.infections for area in view.areas) == infections
        assert sum(chain.infections for chain in view.chains) == infections
        assert sum(area.found for area in view.areas) == sum(day.found for day in view.days)
        assert all(sum(day.counties.values()) == day.new for day in view.days)
        assert sum(chain.in_flight for chain in view.chains) == view.days[-1].in_flight
        assert sum(area.in_flight for area in view.areas) == view.days[-1].in_flight
        assert all(day.in_flight <= day.unseen for day in view.days)
        assert len(view.chains) == 12
        assert view.seen.cases == sum(day.reported for day in view.days)
        assert view.seen.cases == sum(area.on_record for area in view.areas)

    def test_is_one_answer_by_library_terminal_and_web(
        self, folder: Path, post: Post, client: TestClient
    ) -> None:
        told = client.get("/api/v1/exercise/truth", headers=logged_in(client, "trainer"))
        typed = CliRunner().invoke(terminal.app, ["truth", str(folder), "--trainer", "--json"])

        assert told.status_code == 200, told.text
        expected = json.loads(as_json(truth.trainers_view(folder, trainer(post))))
        assert told.json() == expected
        assert typed.exit_code == 0, typed.output
        assert json.loads(typed.stdout) == expected

    def test_hands_the_trainer_the_after_action_report(self, client: TestClient) -> None:
        page = client.get("/api/v1/exercise/report?lang=zh", headers=logged_in(client, "trainer"))

        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert "演习报告" in page.text

    @pytest.mark.parametrize("what", ["truth", "report"])
    def test_is_shut_to_whoever_plays_and_to_a_trainer_of_a_part(
        self, what: str, client: TestClient
    ) -> None:
        path = f"/api/v1/exercise/{what}"

        assert client.get(path).status_code == 401
        for user in ("player", "keeper", "citytrainer"):
            told = client.get(path, headers=logged_in(client, user))
            assert told.status_code == 403
            assert "infections" not in told.text
        asked_as_trainer = client.get(f"{path}?as=trainer:44.", headers=logged_in(client, "player"))
        assert asked_as_trainer.status_code == 403

    def test_is_refused_by_the_desk_itself_for_every_other_duty(
        self, folder: Path, post: Post
    ) -> None:
        for duty in set(Duty) - {Duty.TRAINER}:
            other = Post(store=post.store, viewer=replace(post.viewer, duty=duty))
            with pytest.raises(NotAllowed, match="read_truth"):
                truth.trainers_view(folder, other)
            with pytest.raises(NotAllowed, match="read_truth"):
                truth.after_action(folder, other, language="en", form="html")
        part = Post(store=post.store, viewer=Viewer(user="t", duty=Duty.TRAINER, area=GUANGZHOU))
        with pytest.raises(NotYourArea):
            truth.trainers_view(folder, part)

    def test_knows_the_record_of_no_exercise(self, tmp_path: Path) -> None:
        with pytest.raises(NotFound, match="no exercise"):
            truth.folder_of(tmp_path / "record")

    def test_lets_its_trainer_change_nothing(self) -> None:
        assert POWERS[Duty.TRAINER] == {Power.READ, Power.READ_TRUTH}
        assert all(Power.READ_TRUTH not in POWERS[duty] for duty in set(Duty) - {Duty.TRAINER})


class TestChains:
    def test_follow_sources_to_their_first_infection(self) -> None:
        rng = np.random.default_rng(5)
        source = np.array(
            [-1 if i == 0 or rng.random() < 0.1 else rng.integers(0, i) for i in range(500)]
        )

        first, generation = truth.chain_of(source)

        for i in range(500):
            at, steps = i, 0
            while source[at] >= 0:
                at, steps = int(source[at]), steps + 1
            assert (first[i], generation[i]) == (at, steps)
