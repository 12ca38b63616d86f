"""Every laboratory message others published is read, and the counts add up."""

import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from yipan.feeds import laboratory

ROOT = Path(os.environ.get("YIPAN_REFERENCE", Path(__file__).parents[2] / "../shared/reference"))
SAMPLES = ROOT.parent / "samples"

pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="no samples beside $YIPAN_REFERENCE"),
]

FILES = sorted([*SAMPLES.glob("hl7v2/*.hl7"), *SAMPLES.glob("fhir/*bundle*.json")])


class TestSamples:
    @pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
    def test_are_read_and_add_up(self, path: Path):
        found = laboratory.read_messages(path, time_zone=ZoneInfo("Asia/Shanghai"))
        report = found.report

        assert report.read == report.accepted + report.rejected + report.blank
        assert report.accepted >= 1
