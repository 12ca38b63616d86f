"""The situation report: the record of an area at one instant, on paper, in Chinese and English."""

import html
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from yipan.model import AreaPath, OutlookAssumptions, Round, check_area
from yipan.operations import board, outlook
from yipan.operations.board import AreaFigures, Curve, Picture
from yipan.store import Record

Language = Literal["zh", "en"]
Format = Literal["html", "pdf", "docx", "json"]
CURVE_DAYS = 45
ROUNDS_WITHIN = timedelta(days=14)
LONGEST_MESSAGE = 160


class NoFont(RuntimeError):
    """This machine has no font with Chinese characters, so a PDF would show boxes; HTML and DOCX need none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SituationReport:
    """
    The state of `area` as the record knew it at `at`, for `day` (the newest day then spoken of).

    `newest_act` is the act the report was made from: the same record up to that act makes the same report.
    `failed` are the desks that failed in the newest round then known, which was that of `round_at` (None where
    there was none yet): what they would have found is not in the report.
    """

    area: AreaPath
    at: datetime
    day: date
    picture: Picture
    curve: Curve
    shapes: tuple[tuple[AreaPath, Mapping[str, Any]], ...]
    shapes_schematic: bool
    newest_act: int
    failed: tuple[Round, ...]
    round_at: datetime | None
    assumed: OutlookAssumptions


def situation(
    record: Record, *, area: AreaPath, at: datetime, time_zone: ZoneInfo
) -> SituationReport:
    """Return the situation report of `area` as known at `at`; the record must be read as known at that moment."""
    check_area(record.viewer, area)
    if record.known_at != at:
        raise ValueError(f"a report of {at.isoformat()} needs the record as known at that moment")
    day = at.astimezone(time_zone).date() - timedelta(days=1)
    picture = board.picture(record, area=area, day=day)
    wanted = {child.area for child in picture.children} or {area}
    levels = {place.level for place in record.areas(area) if place.path in wanted}
    found = [
        (place.path, shape, schematic)
        for level in sorted(levels)
        for place, shape, schematic in record.boundaries(level=level)
        if place.path in wanted
    ]
    rounds = record.rounds(since=at - ROUNDS_WITHIN)
    newest = max((entry.at for entry in rounds), default=None)
    return SituationReport(
        area=area,
        at=at,
        round_at=newest,
        failed=tuple(entry for entry in rounds if entry.at == newest and not entry.ok),
        day=day,
        picture=picture,
        curve=board.curve(
            record,
            area=area,
            since=day - timedelta(days=CURVE_DAYS - 1),
            until=day + timedelta(days=1),
        ),
        shapes=tuple((path, shape) for path, shape, _ in found),
        shapes_schematic=any(schematic for _, _, schematic in found),
        newest_act=picture.newest_act,
        assumed=outlook.assumptions(record, area=area, day=day),
    )


WORDS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "title": "疫情形势报告", "day": "报告日", "known": "依据截至", "act": "记录动作号", "infections": "新增本土感染者",
        "confirmed": "确诊病例", "asymptomatic": "无症状感染者", "before": "前一日", "week": "近七日合计", "signals": "预警信号",
        "places": "各地情况", "place": "地区", "rt": "有效再生数 R（95% 区间）", "missing": "缺报", "since": "自", "days": "天",
        "none": "无", "not_reported": "无人报告", "too_few_cases": "病例太少", "too_early": "时间太短",
        "sum": "合计仅含已报告的地区", "reporting": "已报告", "curve": "每日新增本土感染者（灰色为无人报告）", "map": "地图",
        "schematic": "示意图，非标准地图", "change": "较前一日",
        "desks": "研判轮次", "round": "本报告所依据的最近一轮", "no_round": "尚无研判轮次：以下没有预警与 R", "failed": "失败，其结果不在本报告中",
        "all_done": "各岗位均已完成",
        "method": "R 按 Cori 法估计，窗口 7 天，代际间隔均值 {mean:g} 天，标准差 {sd:g} 天（{assumed}）；"
                  "信号按 EARS C2 判定；无症状转确诊不重复计入感染者。",
    },
    "en": {
        "title": "Situation report", "day": "Day reported on", "known": "As known at", "act": "Record up to act",
        "infections": "New local infections", "confirmed": "confirmed cases", "asymptomatic": "asymptomatic infections",
        "before": "Day before", "week": "Last seven days", "signals": "Signals", "places": "Place by place", "place": "Place",
        "rt": "Reproduction number R (95 % interval)", "missing": "Missing reports", "since": "since", "days": "days",
        "none": "none", "not_reported": "not reported", "too_few_cases": "too few cases", "too_early": "too early",
        "sum": "the sum holds only the places that reported", "reporting": "reporting",
        "curve": "New local infections per day (grey: nobody reported)", "map": "Map", "schematic": "Schematic, not a map of record",
        "change": "since the day before", "desks": "The round", "round": "Newest round behind this report",
        "no_round": "no round yet: signals and R are not in here", "failed": "failed; what it would have found is not in this report",
        "all_done": "every desk did its work",
        "method": "R by Cori's method, window 7 days, serial interval mean {mean:g} days, sd {sd:g} days ({assumed}); signals by EARS C2; conversions are not counted again as infections.",
    },
}  # fmt: skip
"""Every word of the report in both languages; a test demands that neither lacks one."""


def render(
    report: SituationReport, *, lang: Language, format: Format, time_zone: ZoneInfo
) -> bytes:
    """Return the report as HTML, PDF, DOCX or JSON; the same report always makes the same bytes."""
    told = _Told(report, lang, time_zone)
    match format:
        case "html":
            return told.as_html().encode()
        case "pdf":
            return told.as_pdf()
        case "docx":
            return told.as_docx()
        case "json":
            return told.as_json().encode()


def method_told(assumed: OutlookAssumptions, lang: Language) -> str:
    """Return how the figures of a report were found, in words, with what was taken as given."""
    mean, sd = (assumed.figure(f"serial_interval{which}") for which in ("_days", "_sd_days"))
    guessed = (
        ("为假设值", "assumed")
        if mean.assumption
        else ("均值有出处，标准差为假设", "the mean is sourced, the sd assumed")
    )
    if not mean.assumption and not sd.assumption:
        guessed = ("均有出处", "sourced")
    return WORDS[lang]["method"].format(
        mean=mean.values[0], sd=sd.values[0], assumed=guessed[0 if lang == "zh" else 1]
    )


class _Told:
    """One report in one language: the parts every format lays out in its own way."""

    def __init__(self, report: SituationReport, lang: Language, time_zone: ZoneInfo) -> None:
        self.report, self.lang = report, lang
        self.words = {**WORDS[lang], "method": method_told(report.assumed, lang)}
        self.time_zone = time_zone
        self.known = report.at.astimezone(time_zone).strftime("%Y-%m-%d %H:%M %z")

    def name(self, place: Any) -> str:
        return str(place.name_zh if self.lang == "zh" else place.name_en)

    @property
    def title(self) -> str:
        gap = "" if self.lang == "zh" else ": "
        return f"{self.name(self.report.picture.area)}{gap}{self.words['title']}"

    def number(self, value: int | None) -> str:
        return self.words["not_reported"] if value is None else str(value)

    def rt(self, place: AreaFigures) -> str:
        if place.rt is None:
            return "–"
        if place.rt.estimate is None:
            return self.words.get(place.rt.state.value, place.rt.state.value)
        found = place.rt.estimate
        return f"{found.value:.2f} ({found.low:.2f}–{found.high:.2f})"

    def headline(self) -> list[tuple[str, str]]:
        total, words = self.report.picture.total, self.words
        lines = [(words["day"], self.report.day.isoformat()), (words["known"], self.known)]
        infections = self.number(total.infections)
        if total.confirmed is not None and total.asymptomatic is not None:
            infections += f" ({words['confirmed']} {total.confirmed}, {words['asymptomatic']} {total.asymptomatic})"
        if total.infections is not None and total.before is not None:
            infections += f"; {total.infections - total.before:+d} {words['change']}"
        if total.places is not None:
            infections += (
                f"; {total.places_reporting}/{total.places} {words['reporting']}, {words['sum']}"
            )
        lines.append((words["infections"], infections))
        lines.append((words["week"], self.number(total.week)))
        lines.append((words["signals"], str(len(self.report.picture.signals))))
        lines.append((words["act"], str(self.report.newest_act)))
        return lines

    def place_rows(self) -> list[list[str]]:
        places = sorted(
            self.report.picture.children,
            key=lambda c: (-(c.week if c.week is not None else -1), c.area),
        )
        return [
            [
                self.name(p),
                self.number(p.infections),
                self.number(p.before),
                self.number(p.week),
                self.rt(p),
                str(p.signals),
            ]
            for p in places
        ]

    def place_head(self) -> list[str]:
        w = self.words
        return [w["place"], w["infections"], w["before"], w["week"], w["rt"], w["signals"]]

    def sentences(self) -> list[str]:
        return [getattr(found.explanation, self.lang) for found in self.report.picture.signals]

    def desks(self) -> list[str]:
        """Say which round the report stands on, and which desks failed in it."""
        if self.report.round_at is None:
            return [self.words["no_round"]]
        held = self.report.round_at.astimezone(self.time_zone).strftime("%Y-%m-%d %H:%M")
        gap, stop = ("：", "，") if self.lang == "zh" else (": ", "; ")
        first = f"{self.words['round']}{gap}{held}"
        if not self.report.failed:
            return [f"{first}{stop}{self.words['all_done']}"]
        return [first] + [
            f"{entry.desk}{gap}{self.words['failed']} ({entry.message[:LONGEST_MESSAGE]})"
            for entry in self.report.failed
        ]

    def silences(self) -> list[str]:
        gap = "" if self.lang == "zh" else " "
        return [
            f"{self.name(s)}{gap or '：'}{self.words['since']} {s.since.isoformat()}, {s.days} {self.words['days']}"
            for s in self.report.picture.missing
        ]

    def curve_svg(self) -> str:
        """Draw the days as bars: confirmed below, asymptomatic above, one grey bar where only the total is known."""
        curve, width, height, left, base = self.report.curve, 640, 180, 44, 156
        top = max([1, *[value for value in curve.infections if value is not None]])
        step = (width - left - 6) / max(1, len(curve.days))
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        ]
        for share in (0, 0.5, 1):
            y = base - share * 140
            parts.append(
                f'<line x1="{left}" x2="{width - 6}" y1="{y:.1f}" y2="{y:.1f}" stroke="#d9ded9"/>'
            )
            parts.append(
                f'<text x="{left - 5}" y="{y + 4:.1f}" font-size="11" text-anchor="end" fill="#55656c">{round(top * share)}</text>'
            )
        for i, day in enumerate(curve.days):
            x, bar = left + i * step, max(1.0, step - 2)
            infections, confirmed = curve.infections[i], curve.confirmed[i]
            if infections is None:
                parts.append(
                    f'<rect x="{x:.1f}" y="16" width="{bar:.1f}" height="140" fill="#ececE6"/>'
                )
            elif confirmed is None:
                high = infections / top * 140
                parts.append(
                    f'<rect x="{x:.1f}" y="{base - high:.1f}" width="{bar:.1f}" height="{high:.1f}" fill="#8a97a0"/>'
                )
            else:
                low, all_high = confirmed / top * 140, infections / top * 140
                parts.append(
                    f'<rect x="{x:.1f}" y="{base - all_high:.1f}" width="{bar:.1f}" height="{all_high - low:.1f}" fill="#e6a75c"/>'
                )
                parts.append(
                    f'<rect x="{x:.1f}" y="{base - low:.1f}" width="{bar:.1f}" height="{low:.1f}" fill="#9f3a44"/>'
                )
            if i % 7 == 0:
                parts.append(
                    f'<text x="{x:.1f}" y="172" font-size="11" fill="#55656c">{day:%m-%d}</text>'
                )
        return "".join([*parts, "</svg>"])

    def map_svg(self) -> str:
        """Draw the places filled by their last seven days; grey where nobody reported."""
        by_area = {
            place.area: place
            for place in (*self.report.picture.children, self.report.picture.total)
        }
        rings = [(path, ring) for path, shape in self.report.shapes for ring in _rings(shape)]
        if not rings:
            return ""
        points = [point for _, ring in rings for point in ring]
        west, east = min(p[0] for p in points), max(p[0] for p in points)
        south, north = min(p[1] for p in points), max(p[1] for p in points)
        scale = 600 / max(east - west, 1e-9)
        height = (north - south) * scale * 1.08 + 20
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 620 {height:.0f}" width="620" height="{height:.0f}">'
        ]
        for path, ring in rings:
            place = by_area.get(path)
            line = " ".join(
                f"{10 + (x - west) * scale:.1f},{10 + (north - y) * scale * 1.08:.1f}"
                for x, y in ring
            )
            fill = _colour(place.week if place else None)
            parts.append(
                f'<polygon points="{line}" fill="{fill}" stroke="#ffffff" stroke-width="1"/>'
            )
        return "".join([*parts, "</svg>"])

    def as_html(self) -> str:
        escape, words = html.escape, self.words
        head = "".join(
            f"<tr><th>{escape(a)}</th><td>{escape(b)}</td></tr>" for a, b in self.headline()
        )
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.place_rows()
        )
        columns = "".join(f"<th>{escape(cell)}</th>" for cell in self.place_head())

        def items(lines: list[str]) -> str:
            return (
                "".join(f"<li>{escape(line)}</li>" for line in lines)
                or f"<li>{escape(words['none'])}</li>"
            )

        schematic = (
            f"<p class=soft>{escape(words['schematic'])}</p>"
            if self.report.shapes_schematic
            else ""
        )
        return (
            f'<!doctype html><html lang="{"zh-CN" if self.lang == "zh" else "en"}"><head><meta charset="utf-8">'
            f"<title>{escape(self.title)}</title><style>{_STYLE}</style></head><body><h1>{escape(self.title)}</h1>"
            f"<table class=head>{head}</table><h2>{escape(words['map'])} · {escape(words['week'])}</h2>{self.map_svg()}{schematic}"
            f"<h2>{escape(words['curve'])}</h2>{self.curve_svg()}"
            f"<h2>{escape(words['signals'])}</h2><ul>{items(self.sentences())}</ul>"
            f"<h2>{escape(words['places'])}</h2><table><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table>"
            f"<h2>{escape(words['missing'])}</h2><ul class=two>{items(self.silences())}</ul>"
            f"<h2>{escape(words['desks'])}</h2><ul>{items(self.desks())}</ul>"
            f"<p class=soft>{escape(words['method'])}</p></body></html>\n"
        )

    def as_pdf(self) -> bytes:
        import typst

        fonts = typst.Fonts()
        families = {entry.family for entry in fonts.fonts()} if hasattr(fonts, "fonts") else set()
        chinese = [name for name in _CHINESE_FONTS if name in families]
        if self.lang == "zh" and families and not chinese:
            raise NoFont(
                f"no font with Chinese characters is installed (looked for {', '.join(_CHINESE_FONTS)}); "
                "take the report as HTML or DOCX, or install one"
            )
        content = {
            "title": self.title, "headline": self.headline(), "columns": self.place_head(), "rows": self.place_rows(),
            "signals": self.sentences(), "missing": self.silences(), "desks": self.desks(),
            "words": dict(self.words), "lang": self.lang,
            "fonts": [*(chinese or _CHINESE_FONTS[:1]), "Libertinus Serif"], "map": self.map_svg(), "curve": self.curve_svg(),
            "schematic": self.words["schematic"] if self.report.shapes_schematic else "",
        }  # fmt: skip
        made = typst.compile(
            _TYPST.encode(), sys_inputs={"report": json.dumps(content, ensure_ascii=False)},
            format="pdf", timestamp=self.report.at,
        )  # fmt: skip
        assert isinstance(made, bytes)
        return made

    def as_docx(self) -> bytes:
        import docx

        words = self.words
        paper = docx.Document()
        paper.core_properties.created = paper.core_properties.modified = self.report.at.replace(
            tzinfo=None
        )
        paper.core_properties.author = "Yipan"
        paper.add_heading(self.title, level=1)
        for label, value in self.headline():
            paper.add_paragraph(f"{label}: {value}")
        for heading, lines in (
            (words["signals"], self.sentences()),
            (words["missing"], self.silences()),
            (words["desks"], self.desks()),
        ):
            paper.add_heading(heading, level=2)
            for line in lines or [words["none"]]:
                paper.add_paragraph(line, style="List Bullet")
        paper.add_heading(words["places"], level=2)
        rows = [self.place_head(), *self.place_rows()]
        grid = paper.add_table(rows=len(rows), cols=len(rows[0]))
        grid.style = "Light Grid Accent 1"
        for line, row in zip(grid.rows, rows, strict=True):
            for cell, text in zip(line.cells, row, strict=True):
                cell.text = text
        paper.add_paragraph(words["method"])
        made = io.BytesIO()
        paper.save(made)
        return _with_fixed_times(made.getvalue())

    def as_json(self) -> str:
        content = {
            "title": self.title, "headline": self.headline(), "columns": self.place_head(), "rows": self.place_rows(),
            "signals": self.sentences(), "missing": self.silences(), "desks": self.desks(),
            "method": self.words["method"],
        }  # fmt: skip
        return json.dumps(content, ensure_ascii=False, indent=1)


def _rings(shape: Mapping[str, Any]) -> list[list[list[float]]]:
    if shape["type"] == "Polygon":
        return [shape["coordinates"][0]]
    return [polygon[0] for polygon in shape["coordinates"]]


def _colour(value: int | None) -> str:
    if value is None:
        return "#dcdcd6"
    steps = ((1000, "#5b2149"), (250, "#9f3a44"), (50, "#d06f45"), (10, "#e6a75c"), (1, "#f0d49a"))
    return next((colour for least, colour in steps if value >= least), "#f3ecd8")


def _with_fixed_times(archive: bytes) -> bytes:
    """Return a zip archive with every entry's time at the format's beginning, so that equal content is equal bytes."""
    import zipfile

    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            new.writestr(zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0)), old.read(entry))
    return made.getvalue()


_CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Serif CJK SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "SimSun",
    "PingFang SC",
)
_STYLE = (
    "body{font:14px/1.5 'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif;max-width:820px;margin:24px auto;padding:0 16px;color:#14222b}"
    "h1{font-size:22px;border-bottom:3px solid #17414a;padding-bottom:6px}h2{font-size:15px;margin:22px 0 6px}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:4px 8px;border-bottom:1px solid #d9ded9}"
    ".head th{width:11em;color:#55656c;font-weight:500}.soft{color:#55656c;font-size:12px}.two{columns:2}svg{max-width:100%;height:auto}"
    "@media print{body{margin:0}}"
)
_TYPST = """
#let report = json(bytes(sys.inputs.report))
#set document(title: report.title)
#set page(paper: "a4", margin: (x: 18mm, y: 18mm), footer: context align(right, text(8pt, fill: gray, counter(page).display())))
#set text(font: report.fonts, size: 9.5pt, lang: report.lang)
#show heading.where(level: 2): set text(11pt)
#text(17pt, weight: "bold", report.title)
#line(length: 100%, stroke: 1.5pt + rgb("#17414a"))
#table(columns: (auto, 1fr), stroke: none, inset: (x: 0pt, y: 3pt), column-gutter: 10pt,
  ..report.headline.map(line => (text(fill: rgb("#55656c"), line.at(0)), line.at(1))).flatten())
#if report.map != "" [
  == #report.words.map · #report.words.week
  #image(bytes(report.map), format: "svg", width: 78%)
  #text(8pt, fill: gray, report.schematic)
]
== #report.words.curve
#image(bytes(report.curve), format: "svg", width: 100%)
== #report.words.signals
#for line in report.signals [- #line
]
#if report.signals.len() == 0 [#report.words.none]
== #report.words.places
#table(columns: report.columns.len(), stroke: (x: none, y: 0.4pt + rgb("#d9ded9")), inset: 4pt,
  table.header(..report.columns.map(cell => text(8.5pt, weight: "bold", cell))), ..report.rows.flatten())
== #report.words.missing
#if report.missing.len() == 0 [#report.words.none]
#columns(2)[#for line in report.missing [- #line
]]
== #report.words.desks
#for line in report.desks [- #line
]
#text(8pt, fill: gray, report.words.method)
"""
