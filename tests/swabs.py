"""A small round of screening for tests: three streets, nine people, files as somebody would send them."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from places import PROVINCE, TENTH
from yipan.model import Adoption, Area, LakeKind, ScreeningRound, Verdict, area_path
from yipan.operations import commanding, day, screening, zoning
from yipan.operations.post import Post

ZONE = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)
STREETS = (440103001, 440103002, 440304001)
ROUND = ScreeningRound(
    id="r1", area=PROVINCE, disease="covid-19", opened=TENTH, closes=TENTH + timedelta(days=1)
)
LATER = TENTH + timedelta(hours=20)
SAMPLE_HEAD = "sample,tube,person,street,site,mode,sampled_at"
RESULT_HEAD = "tube,laboratory,result,plate,well,received_at,published_at"
NEGATIVE = "501,lab-a,阴性,p1,A1,2022-11-10 20:00:00,2022-11-10 23:00:00"
POSITIVE = "503,lab-b,POS,p2,B1,2022-11-10 20:30:00,2022-11-10 23:30:00"
SWABS = tuple(
    f"{100 + p},{tube},{p},{STREETS[0] if p <= 6 else STREETS[2]},{1 if p <= 6 else 2},5,2022-11-10T1{p}:00:00+08:00"
    for p, tube in ((1, 501), (2, 501), (3, 501), (4, 502), (7, 503), (8, 503))
)


def street(code: int):
    return area_path(f"44.{str(code)[:4]}.{str(code)[:6]}.{code}.")


def open_round(store) -> Post:
    """Three streets of two cities and a round of the whole province, by Ninth Edition."""
    at = Post(store=store, viewer=store.system())
    with store.acting(
        at.viewer, desk="areas", verb="put", why="test", at=TENTH - timedelta(days=8)
    ) as act:
        act.put_areas(
            [
                Area(path=path, level=level, name_zh=name, name_en=name, code=code, source="test")
                for path, level, name, code in (
                    ("44.4401.440103.", "county", "荔湾区", "440103"),
                    ("44.4403.440304.", "county", "福田区", "440304"),
                    *((street(c), "street", f"街道{c}", str(c)) for c in STREETS),
                )
            ]
        )
    screening.open_round(at, ROUND, why="test", at=TENTH)
    return at


def adopt(post: Post) -> None:
    zoning.adopt(
        post, Adoption(id="a-1", area=PROVINCE, version="cn-covid-9ed", profile="guangdong-2022", at=TENTH),
        at=TENTH,
    )  # fmt: skip


def table(path: Path, head: str, *rows: str) -> Path:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def take(post: Post, file: Path, kind: LakeKind, *, at=LATER):
    return screening.take_in(post, post.lake, file, round="r1", kind=kind, at=at, time_zone=ZONE)


def fill(post: Post, folder: Path) -> None:
    """Nine people due, six swabbed into three tubes, one tube negative, one positive, one waiting."""
    people = [f"{p},{STREETS[0] if p <= 6 else STREETS[2]},{int(p == 6)}" for p in range(1, 10)]
    take(post, table(folder / "roster.csv", "person,street,exempt", *people), LakeKind.ROSTER)
    take(post, table(folder / "samples.csv", SAMPLE_HEAD, *SWABS), LakeKind.SAMPLES)
    take(post, table(folder / "results.csv", RESULT_HEAD, NEGATIVE, POSITIVE), LakeKind.RESULTS)


def accept(post: Post, kind: str, at) -> None:
    with post.store.reading(post.viewer) as record:
        waiting = commanding.inbox(record, area=PROVINCE, at=at).proposals
    for entry in waiting:
        if entry.proposal.kind == kind:
            day.decide(post, entry.proposal.id, verdict=Verdict.ACCEPT, at=at)


def put_frame(home, frame, *, batch: str, **told):
    """Write a frame into a lake at once, as an act that names its parts would."""
    with home.aside(batch) as aside:
        parts = home.write_frame(frame, aside=aside, batch=batch, **told)
        home.place(aside, [part.path for part in parts])
    return parts
