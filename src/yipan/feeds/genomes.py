"""Distances between genomes from a file: a list of pairs, or a square table with the cases along both sides."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yipan.feeds.decode import read_count
from yipan.feeds.frame import MOST_PROBLEMS, CannotRead, Problem, ReadReport, Refused
from yipan.feeds.reading import file_hash
from yipan.feeds.sheets import Sheet, header_word, open_sheet
from yipan.model import AreaPath, GenomeDistance, genome_distance

FIRST = frozenset({"first", "case1", "caseid1", "id1", "source", "from", "sample1", "name1"})
SECOND = frozenset({"second", "case2", "caseid2", "id2", "target", "to", "sample2", "name2"})
SNPS = frozenset({"snps", "snp", "snpdistance", "distance", "differences", "snpdist"})
_NO_CASE = Refused(
    en="is no case known here", zh="不是已知病例", suggestion="use the id of the case, or its number in its file"
)  # fmt: skip
_NO_NUMBER = Refused(
    en="is not a whole number of differences, 0 or more", zh="不是非负整数的差异数"
)
_BLANK = Refused(en="is blank; a distance needs both cases and their differences", zh="为空")


@dataclass(frozen=True, slots=True, kw_only=True)
class GenomeReading:
    """A file of distances read: its report, and the distances, none of them where a record is wrong."""

    report: ReadReport
    distances: tuple[GenomeDistance, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is something to commit."""
        return self.report.accepted > 0 and not self.report.wrong


def read_genomes(
    source: Path | tuple[str, bytes], *, cases: Mapping[str, tuple[str, AreaPath]]
) -> GenomeReading:
    r"""
    Read distances in single-nucleotide differences: rows of `first,second,snps`, or a square table.

    `cases` gives for each name a file may use the id of the case and its area. A pair told twice with one distance
    is taken once, with two it is refused. Never raises for what stands in the file: the report says it.

    >>> known = {name: (f"c-{name}", AreaPath("44.")) for name in "AB"}
    >>> found = read_genomes(("d.csv", b"first,second,snps\nA,B,2\n"), cases=known)
    >>> found.distances[0].snps
    2
    """
    name = source[0] if isinstance(source, tuple) else source.name
    content = source[1] if isinstance(source, tuple) else source
    sha256 = file_hash(content)
    try:
        sheet = open_sheet(content)
        cells = _cells(sheet)
    except CannotRead as refusal:
        return GenomeReading(
            report=ReadReport(
                file=name, sha256=sha256, format="unreadable", why=refusal.problem.reason_en, read=0, accepted=0, rejected=0,
                blank=0, problems=(refusal.problem,),
            )
        )  # fmt: skip
    problems: list[Problem] = []
    found: dict[str, GenomeDistance] = {}
    wrong = repeated = 0
    for row, column, one, other, text in cells:
        made = _distance(cases, one, other, text)
        if isinstance(made, GenomeDistance):
            before = found.setdefault(made.id, made)
            repeated += before is not made
            if before.snps == made.snps:
                continue
            made = (
                Refused(
                    en=f"contradicts {before.snps} told earlier for the same pair",
                    zh="与同一对的前值矛盾",
                ),
                text,
            )
        elif made is None:
            continue
        wrong += 1
        if len(problems) < MOST_PROBLEMS:
            problems.append(made[0].at(row, column, made[1]))
    read = len(cells)
    kept = 0 if wrong else read
    if not read:
        problems.append(Refused(en="holds no distance", zh="没有任何距离").at(0, ""))
    return GenomeReading(
        report=ReadReport(
            file=name, sha256=sha256, format="genome distances", why=sheet.why, read=read, accepted=kept, rejected=read - kept,
            blank=0, wrong=wrong, repeated=repeated, problems=tuple(problems),
        ),
        distances=() if wrong else tuple(found[key] for key in sorted(found)),
    )  # fmt: skip


def _cells(sheet: Sheet) -> list[tuple[int, str, str, str, str]]:
    """Each distance told: row, column, both names, its text. A square table tells each pair once or twice."""
    words = [header_word(head) for head in sheet.header]
    ends = [
        next((i for i, word in enumerate(words) if word in names), None)
        for names in (FIRST, SECOND, SNPS)
    ]
    if None not in ends:
        a, b, d = (end for end in ends if end is not None)
        return [
            (number, sheet.header[d], cells[a].strip(), cells[b].strip(), cells[d].strip())
            for number, cells in sheet.rows
        ]
    across = [head.strip() for head in sheet.header[1:]]
    down = [cells[0].strip() for _, cells in sheet.rows]
    if len(across) < 2 or not set(down) <= set(across):
        raise CannotRead(
            Refused(
                en="no distances; expected columns first, second, snps, or a square table whose rows and columns are cases",
                zh="找不到距离：应为first、second、snps三列，或行列均为病例的方表",
            ).at(1, "")
        )  # fmt: skip
    return [
        (number, other, cells[0].strip(), other, cells[i + 1].strip())
        for number, cells in sheet.rows
        for i, other in enumerate(across)
        if cells[0].strip() != other and cells[i + 1].strip()
    ]


def _distance(
    cases: Mapping[str, tuple[str, AreaPath]], one: str, other: str, text: str
) -> GenomeDistance | tuple[Refused, str] | None:
    if not one or not other or not text:
        return (_BLANK, "")
    for name in (one, other):
        if name not in cases:
            return (_NO_CASE, name)
    count = read_count(text)
    if isinstance(count, Refused) or count[0] is None or not text.isascii() or not text.isdigit():
        return (_NO_NUMBER, text)
    (first, area), (second, _) = cases[one], cases[other]
    if first == second:
        same = Refused(
            en="is the same case as the other; a distance leads between two", zh="两端为同一病例"
        )
        return None if count[0] == 0 else (same, one)
    return genome_distance(first, second, count[0], area=area)
