"""One record and one served board for all browser tests; a Chromium that is already on the machine, or a visible skip."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from looking import Seat
from yipan.api.pages import BOARD
from yipan.api.serve import command_of, environment_of
from yipan.model import (
    Adoption,
    Duty,
    Grant,
    Identity,
    PersonRole,
    PlanTerms,
    Proposal,
    Reason,
    RegisteredPlace,
    Sentence,
    Task,
    ZoneChange,
    ZonePart,
    ZoneTerms,
    area_path,
    person_id,
    place,
)
from yipan.operations import commanding, day, demo, exercise, plans, truth, users, zoning
from yipan.operations.post import Post
from yipan.packs import read_pack
from yipan.protocol.rules.people import PlanFacts
from yipan.settings import Settings
from yipan.store import Store

FIRST_DAY = date(2022, 10, 28)
FAILED_DAY = date(2022, 11, 5)
"""The day whose round is done with a desk that fails."""
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
START_SECONDS = 90
CHINA = ZoneInfo("Asia/Shanghai")


def chromium() -> str | None:
    """Return the browser that is on this machine, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.store)
            item.add_marker(pytest.mark.slow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A record and the address its board is served at."""

    store: Store
    address: str


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def failing(*_: object, **__: object) -> int:
    raise RuntimeError("the serial interval is missing")


def play(store: Store) -> None:
    """Play the last mornings of the autumn of 2022; in one of them a desk fails."""
    whole = read_pack("guangdong")
    pack = replace(whole, bulletins=tuple(b for b in whole.bulletins if b.day >= FIRST_DAY))
    mornings = demo.mornings(pack)
    post = demo.found(store, pack, at=mornings[0][0] - timedelta(days=1))
    for done in demo.play(post, pack):
        if done.at.astimezone(pack.time_zone).date() == FAILED_DAY:
            with pytest.MonkeyPatch.context() as changed:
                changed.setattr(day, "DESKS", (*day.DESKS[:-1], (day.DESKS[-1][0], failing)))
                day.run(post, at=done.at + timedelta(hours=1), time_zone=pack.time_zone)
    demo.add_users(store, at=datetime.now(UTC))
    add_second_duty(store, at=datetime.now(UTC))
    leave_waiting(post, at=datetime.now(UTC))
    put_under_plans(post, at=datetime.now(UTC), today=datetime.now(pack.time_zone).date())


TIANHE = area_path("44.4401.440106.")
LATE, DUE, NAMED = (person_id(f"p-{number:016x}") for number in (0xA1, 0xA2, 0xA3))
"""People under a plan: one not let go in time, one to be sampled today, one whose name is in the vault."""


def put_under_plans(post: Post, *, at: datetime, today: date) -> None:
    """Adopt a text, order plans for three people and a zone with a ring around it, told to the public at once."""
    zoning.adopt(
        post,
        Adoption(
            id="ad-1", area=area_path("44."), version="cn-covid-9ed", profile="guangdong-2022",
            at=datetime(2022, 6, 28, tzinfo=UTC),
        ),
        at=at,
    )  # fmt: skip
    with post.store.acting(post.viewer, desk="plans", verb="put", why="test", at=at) as act:
        act.put_identities([Identity(person=NAMED, name="张三")], areas={NAMED: TIANHE})
    lines = []
    for person, days in ((LATE, 30), (DUE, 0), (NAMED, 0)):
        first = today - timedelta(days=days)
        role = PersonRole(role="close_contact", day_one=first)
        with post.store.reading(post.viewer) as record:
            ruling = plans.plan(
                record,
                area=TIANHE,
                roles=[PlanFacts(role=role.role, day_one=first)],
                time_zone=CHINA,
            )
        terms = PlanTerms(
            roles=(role,), stretches=plans.stretches_of(ruling.value), ends=ruling.value.ends, awaits_result=False,
            versions=("cn-covid-9ed",), profile="guangdong-2022", why=Sentence(zh="测试。", en="A test."),
            reasons=ruling.reasons,
        )  # fmt: skip
        lines.append(plans.line(person, terms, area=TIANHE, effective=at))
    commanding.order(post, area=TIANHE, lines=lines, reason="test", at=at, hands=day.HANDS)
    compound = f"{TIANHE} compound 测试花园"
    blocks = [
        RegisteredPlace(
            id=f"u-{n}", area=TIANHE, place=place(f"{compound} building {n}"), residents=100,
            outline=tuple((113.36 + 0.001 * n + x, 23.2 + y) for x, y in ((0, 0), (0.0006, 0), (0.0006, 0.0003), (0, 0.0003))),
        )
        for n in (1, 2)
    ]  # fmt: skip
    zoning.record_register(post, blocks, at=at)
    core, ring = (
        zoning.line(
            ZoneChange.SET, zone, area=TIANHE, effective=at,
            terms=ZoneTerms(
                place=block.place, level=level, name_zh=zh, name_en=en, disease="covid-19", residents=100, part=part,
                ring_of=around,
            ),
        )
        for zone, block, level, zh, en, part, around in (
            ("z-core", blocks[0], "high", "测试花园1栋", "Test garden 1", ZonePart.CORE, None),
            ("z-ring", blocks[1], "medium", "测试花园2栋", "Test garden 2", ZonePart.RING, "z-core"),
        )
    )  # fmt: skip
    done = commanding.order(
        post, area=TIANHE, lines=(core, ring), reason="test", at=at, hands=day.HANDS
    )
    commanding.publish(post, done.order.id, at=at)


def add_second_duty(store: Store, *, at: datetime) -> None:
    """Let the epidemiologist of Guangzhou be commander of Haizhu as well."""
    found = store.find_user("guangzhou")
    assert found is not None
    second = Grant(
        user="guangzhou", duty=Duty.COMMANDER, area=area_path("44.4401.440105."), since=at
    )
    with store.acting(
        users.administrator(store.system()), desk="users", verb="add_user", why="test", at=at
    ) as act:
        act.put_user(replace(found[0], grants=(second,)), password_hash=found[1])


def leave_waiting(post: Post, *, at: datetime) -> None:
    """Leave things that wait: judgements to make, a task in time and one that is late."""
    haizhu = area_path("44.4401.440105.")
    for number, due in (
        ("1", at + timedelta(hours=5)),
        ("2", at - timedelta(hours=3)),
        ("3", None),
    ):
        commanding.propose(
            post,
            Proposal(
                id=f"p-{number}", area=haizhu, desk="watch", kind="watch.judge", subject=f"s-{number}",
                what=Sentence(zh=f"研判第{number}号信号", en=f"Judge signal {number}"),
                reasons=(
                    Reason(
                        zh="当日数高于报警线。", en="The count of the day stands above the threshold.",
                        source=("ears_c2",), confidence="high",
                    ),
                ),
                by="province", made=at, decided_in=area_path("44."), due=due,
            ),
            at=at,
        )  # fmt: skip
    for number, hours in (("1", 4), ("2", -2)):
        commanding.assign(
            post,
            Task(
                id=f"t-{number}", area=haizhu, duty=Duty.COMMANDER, desk="watch", kind="call", subject="s-1",
                what=Sentence(zh=f"致电第{number}家诊所", en=f"Call clinic {number}"),
                starts=at - timedelta(hours=6), due=at + timedelta(hours=hours), measured_to="called",
            ),
            at=at,
        )  # fmt: skip


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """The board over a demonstration record, in a process of its own."""
    if chromium() is None:
        pytest.skip("no Chromium on this machine: the board was not looked at")
    assert (BOARD / "index.html").is_file(), "the board is not built; `make board` builds it"
    with tempfile.TemporaryDirectory(prefix="yipan-board-") as folder:
        settings = Settings(home=Path(folder) / "home", port=free_port())
        store = Store.open(settings.home, clock=lambda: datetime.now(UTC))
        play(store)
        process = subprocess.Popen(
            command_of(settings),
            env={**os.environ, **environment_of(settings)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        address = f"http://127.0.0.1:{settings.port}"
        try:
            wait_for(f"{address}/api/v1/health", process)
            yield Served(store=store, address=address)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            store.close()
            if store.server is not None:
                store.server.stop()


@dataclass
class House:
    """A record and its board in a process of its own that can go down and come back at one address."""

    settings: Settings
    store: Store
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    def up(self) -> None:
        self.process = subprocess.Popen(
            command_of(self.settings), env={**os.environ, **environment_of(self.settings)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_for(f"{self.address}/api/v1/health", self.process)

    def down(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def house_with() -> Iterator[Callable[[Callable[[Store], None]], House]]:
    """A house of one's own, filled as the test says, whose board may go down and come back."""
    with tempfile.TemporaryDirectory(prefix="yipan-house-") as folder:
        settings = Settings(home=Path(folder) / "home", port=free_port())
        store = Store.open(settings.home, clock=lambda: datetime.now(UTC))
        house = House(settings=settings, store=store)

        def made(fill: Callable[[Store], None]) -> House:
            fill(store)
            house.up()
            return house

        yield made
        if house.process is not None:
            house.down()
        store.close()
        if store.server is not None:
            store.server.stop()


@pytest.fixture(scope="session")
def drill() -> Iterator[House]:
    """
    The board of an exercise two days old, with a trainer and players: what the trainer sees was kept when it was played.

    No model is compiled: the view is the one a kept exercise has beside its seal, for a truth of seven infections.
    """
    if chromium() is None:
        pytest.skip("no Chromium on this machine: the board was not looked at")
    with tempfile.TemporaryDirectory(prefix="yipan-drill-") as place_of:
        folder = Path(place_of) / "october"
        exercise.create(folder, pack_key="guangdong", seed=5, first_day=date(2022, 10, 1), days=14)
        post = exercise.open_record(folder, clock=lambda: datetime.now(UTC))
        keeper = Post(store=post.store, viewer=users.administrator(post.viewer))
        for name, duty in DRILL_USERS:
            users.add(
                keeper, name=name, shown_as=name, password=demo.DEMO_PASSWORD, duty=duty, area=area_path("44."),
                at=datetime.now(UTC),
            )  # fmt: skip
        exercise.note(folder, exercise.Progress(days_done=2, mode=exercise.Mode.AUTO))
        truth.keep(folder, truth.mark_of(folder, post), view_of(folder))
        house = House(settings=Settings(home=folder / "record", port=free_port()), store=post.store)
        try:
            house.up()
            yield house
        finally:
            if house.process is not None:
                house.down()
            post.store.close()
            if post.store.server is not None:
                post.store.server.stop()


DRILL_USERS = (
    ("trainer", Duty.TRAINER), ("post", Duty.COMMANDER), ("tracer", Duty.EPIDEMIOLOGIST), ("street", Duty.COMMUNITY),
    ("admin2", Duty.ADMINISTRATOR),
)  # fmt: skip
"""Who has a log-in in the exercise: its trainer, and players of several duties."""


def view_of(folder: Path) -> truth.TrainersView:
    """A truth of seven infections in Haizhu and Chancheng, two of them found."""
    about, sealed = exercise.read(folder), exercise.unseal(folder)
    haizhu, chancheng = area_path("44.4401.440105."), area_path("44.4406.440604.")
    streets = tuple(
        truth.TrueArea(area=area_path(f"{haizhu}{code}."), infections=n, found=f, unseen=n - f, in_flight=n - f, on_record=f)
        for code, n, f in (("440105001", 4, 2), ("440105002", 2, 0))
    )  # fmt: skip
    return truth.TrainersView(
        name=about.name, pathogen=sealed.pathogen, reproduction_number=sealed.reproduction_number,
        began=((str(haizhu), 3, 2),), first_day=about.first_day, days_planned=about.days, days_done=2,
        mode=exercise.Mode.AUTO, flight_days=9,
        days=tuple(
            truth.TrueDay(
                day=date(2022, 9, 28) + timedelta(days=n), new=new, found=found, unseen=unseen, in_flight=unseen,
                reported=found, counties={str(haizhu): new - away} | ({str(chancheng): away} if away else {}),
                reported_in={str(haizhu): found} if found else {},
            )
            for n, (new, found, unseen, away) in enumerate(((2, 0, 2, 0), (0, 0, 2, 0), (2, 0, 4, 0), (2, 1, 5, 1), (1, 1, 5, 0)))
        ),
        areas=(
            truth.TrueArea(area=haizhu, infections=6, found=2, unseen=4, in_flight=4, on_record=2),
            truth.TrueArea(area=chancheng, infections=1, found=0, unseen=1, in_flight=1, on_record=0),
        ),
        streets=streets,
        chains=(
            truth.TrueChain(
                area=haizhu, began=date(2022, 9, 28), newest=date(2022, 10, 2), infections=7, generations=2, found=2,
                in_flight=5, counties=2, seen=True,
            ),
        ),
        seen=truth.PlayerSees(cases=2, zones_in_force=1, screening_rounds=0, proposals_open=1),
        score=exercise.Score(
            mode=exercise.Mode.AUTO, days=2, infections=7, reported=2, days_to_detection=3, found_before_spread=0.29,
            peak_daily=2, spilled_cities=1, days_to_zero=None, averted=1, restricted_days=512,
            restricted_per_averted=512.0, excess_days=64, quarantine_days=21, people_sampled=1024, feeds_written=12,
        ),
    )  # fmt: skip


def wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    pause = threading.Event()
    for _ in range(START_SECONDS * 5):
        assert process.poll() is None, "the server ended while starting"
        try:
            if httpx.get(address, trust_env=False, timeout=5).is_success:
                return
        except httpx.HTTPError:
            pause.wait(0.2)
    pytest.fail("the board did not answer")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


def launch(playwright: Playwright, *more: str) -> Browser:
    found = chromium()
    if found is None:
        pytest.skip("no Chromium on this machine: the board was not looked at")
    return playwright.chromium.launch(executable_path=found, args=[*FLAGS, *more])


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser of an old office computer, without WebGL; most of the board does not need it."""
    opened = launch(playwright, "--disable-3d-apis")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def gl_browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser that draws maps with WebGL2."""
    opened = launch(playwright, "--enable-unsafe-swiftshader")
    yield opened
    opened.close()


@pytest.fixture
def sit(served: Served, browser: Browser) -> Iterator[Callable[..., Seat]]:
    """Seats somebody before the board: `sit("province")`, `sit(None)` without log-in; checks what they were told."""
    seats: list[Seat] = []

    def seat(user: str | None, *, browser: Browser = browser, width: int = 1440, height: int = 900) -> Seat:  # fmt: skip
        taken = Seat(
            browser=browser, address=served.address, password=demo.DEMO_PASSWORD, width=width, height=height
        )  # fmt: skip
        seats.append(taken)
        if user is not None:
            taken.enter(user)
        return taken

    yield seat
    for taken in seats:
        taken.leave()
