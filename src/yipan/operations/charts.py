"""Pictures of estimates, drawn here and saved as SVG or PNG: fans, bands and bars, without a plotting library."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

WIDTH, HEIGHT = 760, 300
LEFT, RIGHT, TOP, BASE = 64, 16, 40, 256
INK, FAINT, LINE, FAN = "#22313a", "#d9ded9", "#9f3a44", "#3d7a8c"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A shaded band over days: low and high per day, None where there is none."""

    days: tuple[date, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    strength: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A line over days, broken where there is no figure; `dots` draws the figures themselves."""

    days: tuple[date, ...]
    values: tuple[float | None, ...]
    colour: str = INK
    dots: bool = False


def chart(
    title: str, *, curves: Sequence[Curve], bands: Sequence[Band] = (), level: float | None = None
) -> str:
    """
    Return an SVG of curves and bands over days; `level` draws a dashed line (as at R = 1).

    >>> chart("R", curves=[Curve(days=(date(2022, 10, 1),), values=(1.2,))])[:4]
    '<svg'
    """
    days = sorted({d for c in curves for d in c.days} | {d for b in bands for d in b.days})
    first, last = (days[0], days[-1]) if days else (date(2000, 1, 1), date(2000, 1, 2))
    figures = [v for c in curves for v in c.values if v is not None]
    figures += [v for b in bands for v in b.high if v is not None]
    figures += [level] if level is not None else []
    top = max([*figures, 1e-9]) * 1.05
    span = max((last - first).days, 1)

    def x(day: date) -> float:
        return LEFT + (day - first).days / span * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return BASE - min(max(value, 0.0), top) / top * (BASE - TOP)

    parts = [_head(title)]
    for share in (0, 0.25, 0.5, 0.75, 1):
        high = BASE - share * (BASE - TOP)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{high:.1f}" y2="{high:.1f}" stroke="{FAINT}"/>'
        )
        parts.append(_text(LEFT - 6, high + 4, f"{top * share:.3g}", "end"))
    for step in range(5):
        day = date.fromordinal(first.toordinal() + round(span * step / 4))
        anchor = "start" if step == 0 else "end" if step == 4 else "middle"
        parts.append(_text(x(day), BASE + 20, day.isoformat(), anchor))
    for band in bands:
        for run in _runs(band.low, band.high):
            above = [f"{x(band.days[i]):.1f},{y(band.high[i] or 0):.1f}" for i in run]
            below = [f"{x(band.days[i]):.1f},{y(band.low[i] or 0):.1f}" for i in reversed(run)]
            parts.append(
                f'<polygon points="{" ".join(above + below)}" fill="{FAN}" fill-opacity="{band.strength}"/>'
            )
    if level is not None:
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(level):.1f}" y2="{y(level):.1f}" stroke="{INK}" '
            'stroke-dasharray="4 4"/>'
        )
    for curve in curves:
        for run in _runs(curve.values):
            points = " ".join(f"{x(curve.days[i]):.1f},{y(curve.values[i] or 0):.1f}" for i in run)
            parts.append(
                f'<polyline points="{points}" fill="none" stroke="{curve.colour}" stroke-width="2"/>'
            )
            if curve.dots or len(run) == 1:
                parts += [
                    f'<circle cx="{x(curve.days[i]):.1f}" cy="{y(curve.values[i] or 0):.1f}" r="3" fill="{curve.colour}"/>'
                    for i in run
                ]
    return "".join([*parts, "</svg>"])


def bars(title: str, rows: Sequence[tuple[str, float, str]], *, level: float | None = None) -> str:
    """
    Return an SVG of bars of shares 0 to 1: (name, share, words behind it) from top to bottom.

    >>> "Beijing" in bars("risk", [("Beijing", 0.4, "40 %")])
    True
    """
    height = TOP + 26 * max(len(rows), 1) + 20
    parts = [_head(title, height)]
    left, room = 230, WIDTH - 230 - 110
    for index, (name, share, words) in enumerate(rows):
        y = TOP + 26 * index
        size = min(max(share, 0.0), 1.0) * room
        parts.append(_text(left - 8, y + 14, name, "end"))
        parts.append(f'<rect x="{left}" y="{y}" width="{room}" height="18" fill="#eef1ee"/>')
        parts.append(
            f'<rect x="{left}" y="{y}" width="{size:.1f}" height="18" fill="{LINE if level is not None and share >= level else FAN}"/>'
        )
        parts.append(_text(left + room + 8, y + 14, words, "start"))
    if level is not None:
        x = left + level * room
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{height - 16}" stroke="{INK}" stroke-dasharray="4 4"/>'
        )
    return "".join([*parts, "</svg>"])


def save(svg: str, file: Path) -> None:
    """Write a picture as its name says: .svg as it is, .png rendered. Raises ValueError for another ending."""
    kind = file.suffix.lower()
    if kind == ".svg":
        file.write_text(svg, encoding="utf-8")
    elif kind == ".png":
        import typst

        source = (
            "#set page(width: auto, height: auto, margin: 8pt)\n"
            f'#image(bytes({_typst_text(svg)}), format: "svg", width: 570pt)\n'
        )
        file.write_bytes(bytes(typst.compile(source.encode(), format="png", ppi=160.0)))
    else:
        raise ValueError(f"a picture ends in .svg or .png, not {file.suffix or 'nothing'!r}")


def _typst_text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _head(title: str, height: int = HEIGHT) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" font-family="Noto Sans CJK SC, Noto Sans, Libertinus Serif, sans-serif">'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
        f'<text x="{LEFT - 48}" y="24" font-size="16" fill="{INK}">{html.escape(title)}</text>'
    )


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="12" text-anchor="{anchor}" fill="#55656c">'
        f"{html.escape(words)}</text>"
    )


def _runs(*rows: Sequence[float | None]) -> list[list[int]]:
    """Positions without a gap, run by run."""
    runs: list[list[int]] = []
    for i, values in enumerate(zip(*rows, strict=True)):
        if any(value is None for value in values):
            continue
        if runs and runs[-1][-1] == i - 1:
            runs[-1].append(i)
        else:
            runs.append([i])
    return runs
