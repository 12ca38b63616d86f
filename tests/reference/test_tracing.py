"""Outbreaks that others have published load whole and have the chains that were counted in them."""

import csv
import os
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from yipan.analytics.trace.chains import components
from yipan.feeds.tracing import read_tracing
from yipan.feeds.tracing_export import Known, written
from yipan.model import Classification, FollowUpResult, TestResult, area_path

pytestmark = pytest.mark.reference

SHARED = Path(
    os.environ.get("YIPAN_REFERENCE", Path(__file__).parents[2].parent / "shared/reference")
).parent
OUTBREAKS, GODATA, SORMAS = (
    SHARED / "samples" / name for name in ("outbreaks", "godata", "sormas")
)
HERE = area_path("44.")


def load(*paths, disease=None):
    missing = [path.name for path in paths if not path.exists()]
    if missing or not paths:
        pytest.skip(f"{', '.join(missing) or 'no file'} is not beside this checkout")
    return read_tracing(list(paths), area=HERE, disease=disease)


def graph(found):
    nodes = sorted({end for e in found.exposures for end in (e.source, e.target)})
    index = {node: i for i, node in enumerate(nodes)}
    source, target = (
        np.array([index[getattr(e, end)] for e in found.exposures]) for end in ("source", "target")
    )
    sizes = sorted(Counter(components(len(nodes), source, target).tolist()).values(), reverse=True)
    names = found.names()
    out = Counter(names[e.source] for e in found.exposures)
    return sizes, out


class TestMersKorea:
    def test_loads_with_its_chains(self):
        found = load(
            *(OUTBREAKS / f"mers_korea_2015_{part}.csv" for part in ("linelist", "contacts")),
            disease="mers",
        )

        sizes, out = graph(found)

        assert (len(found.cases), len(found.exposures)) == (162, 98)
        assert sizes == [94, 3]
        assert out.most_common(3) == [("SK_14", 38), ("SK_1", 26), ("SK_16", 21)]


class TestEbola:
    def test_loads_with_its_chains(self):
        found = load(
            *(OUTBREAKS / f"ebola_sim_{part}.csv" for part in ("linelist", "contacts")),
            disease="ebola",
        )

        sizes, _ = graph(found)

        assert (len(found.cases), len(found.exposures)) == (5888, 3800)
        assert (len(sizes), sizes[0]) == (1711, 14)
        assert max(Counter(e.target for e in found.exposures).values()) == 1


class TestGoDataDemo:
    def test_loads_with_all_its_tables(self):
        found = load(*sorted(GODATA.glob("*.csv")), disease="covid-19")

        assert Counter(case.classification for case in found.cases) == {
            Classification.CONFIRMED: 31, Classification.PROBABLE: 15, Classification.SUSPECTED: 9, Classification.EXCLUDED: 1,
        }  # fmt: skip
        assert graph(found)[0] == [82, 8, 5]
        assert (len(found.exposures), len(found.follow_ups), len(found.gatherings)) == (100, 437, 7)
        assert Counter(f.result for f in found.follow_ups)[FollowUpResult.NOT_PERFORMED] == 326
        assert Counter(test.result for test in found.tests) == {
            TestResult.POSITIVE: 27, TestResult.PENDING: 10, TestResult.NEGATIVE: 2, TestResult.INCONCLUSIVE: 1,
        }  # fmt: skip


def every_pair():
    """Every line list that has pairs beside it, by its name alone: those kept back have the same form."""
    return sorted(
        path
        for folder in (OUTBREAKS, SHARED / "data/outbreaks")
        for path in folder.glob("*_contacts.csv")
    )


class TestEveryOutbreak:
    @pytest.mark.parametrize(
        "pairs", every_pair(), ids=lambda path: f"{path.parent.parent.name}-{path.stem}"
    )
    def test_has_as_many_pairs_as_rows(self, pairs):
        found = load(
            pairs.with_name(pairs.name.replace("_contacts", "_linelist")), pairs, disease="x"
        )

        with pairs.open(encoding="utf-8") as stream:
            assert len(found.exposures) == sum(1 for _ in csv.DictReader(stream))


class TestRoundTripOfTheDemo:
    @pytest.mark.parametrize("format", ["godata-csv", "godata-json"])
    def test_gives_back_what_came_in(self, format):
        found = load(*sorted(GODATA.glob("*.csv")), disease="covid-19")
        known = Known(
            cases=found.cases, exposures=found.exposures, gatherings=found.gatherings, follow_ups=found.follow_ups, tests=found.tests,
            carried=found.carried, keys=found.keys, identities={who.person: who for who in found.identities},
        )  # fmt: skip

        out = written(known, format=format, zone=ZoneInfo("Asia/Shanghai"))
        again = read_tracing(
            [(name, content) for name, content in out.files if len(content) > 10], area=HERE, disease="covid-19",
            known={key.id: key.node for key in found.keys},
        )  # fmt: skip

        assert again.ok, [str(p) for report in again.reports for p in report.problems][:5]
        for what in ("cases", "exposures", "gatherings", "follow_ups", "tests", "identities"):
            assert Counter(getattr(again, what)) == Counter(getattr(found, what)), what


REFUSED = {
    "sormas_import_test_errors.csv": "person.firstName",
    "sormas_import_test_failure.csv": "WRONG_ENUM_VALUE",
    "sormas_self_report_import_test.csv": "self-reports",
    "sormas_environment_import_test.csv": "quotation mark",
    "sormas_campaign_data_import_test_wrong_type.csv": "campaign forms",
    "sormas_travelentry_import_test.csv": "travel entries",
    "sormas_district_import_test.csv": "regions and districts",
}


class TestSormasFiles:
    @pytest.mark.parametrize(
        "path",
        sorted(SORMAS.glob("*case*.csv")) + sorted(SORMAS.glob("*import_test_*.csv")),
        ids=lambda path: path.name,
    )
    def test_are_read_or_refused_with_a_reason(self, path):
        found = load(path)

        told = " ".join(str(problem) for report in found.reports for problem in report.problems)
        if path.name in REFUSED:
            assert not found.ok
            assert REFUSED[path.name] in told
        elif not found.ok:
            assert "a file of" in told, told
