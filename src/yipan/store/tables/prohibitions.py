"""Local measures and findings on record."""

from yipan.model import FindingOnRecord, LocalMeasure
from yipan.store.nouns import Column, NounTable

MEASURES = NounTable(
    name="local_measure",
    noun=LocalMeasure,
    columns=(
        Column(name="kind", sql="text not null", of=lambda measure: measure.kind.value),
        Column(name="until", sql="timestamptz", of=lambda measure: measure.until),
    ),
)
FINDINGS = NounTable(
    name="finding",
    noun=FindingOnRecord,
    columns=(
        Column(
            name="subject", sql="text not null", of=lambda finding: finding.subject, indexed=True
        ),
        Column(name="task", sql="text not null", of=lambda finding: finding.task, indexed=True),
        Column(name="closed", sql="timestamptz", of=lambda finding: finding.closed),
    ),
)

TABLES = (MEASURES, FINDINGS)
"""Local measures, findings."""
