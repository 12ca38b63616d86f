"""What tracers know goes out and comes back: nothing a format can hold is lost, and what it cannot is said."""

import json
from zoneinfo import ZoneInfo

import pytest

from yipan.feeds.sheets import open_sheet
from yipan.feeds.tracing import read_tracing
from yipan.feeds.tracing_export import Known, written
from yipan.model import Classification, area_path

ZONE = ZoneInfo("Asia/Shanghai")
HERE = area_path("44.")
GODATA = [
    ("c.csv", b"""uuid,visualId,firstName,lastName,dob,dateOfOnset,dateOfReporting,classification,outcomeId,riskLevel
u1,CASE-1,Ana,Lima,1990-02-03,2020-06-01,2020-06-03,CONFIRMED,ALIVE,1_LOW
u2,CASE-2,Bo,,,2020-06-05,2020-06-06,SUSPECT,,
"""),
    ("k.csv", b"uuid,contact_id,contact_status,firstName,telephone\nk1,CONTACT-1,UNDER_FOLLOW_UP,Cy,0345\n"),
    ("r.csv", b"""uuid,source_uuid,target_uuid,date_of_last_contact,exposure_type,certainty_level
r1,u1,u2,2020-06-02,Direct physical contact ,3 - High
r2,u1,k1,,,
"""),
    ("e.csv", b"uuid,event_name,date_of_event\ne1,Burial,2020-05-02\n"),
    ("f.csv", b"""uuid,contact_uuid,contact_id,followup_status,followup_number,date_of_followup
f1,k1,CONTACT-1,SEEN_OK,1,2020-06-05
"""),
]  # fmt: skip
SORMAS = [
    ("s.csv", b"""CaseData,CaseData,Person,Person,Person,CaseData,CaseData
externalID,disease,person.firstName,person.lastName,person.sex,reportDate,caseClassification
x1,CORONAVIRUS,Ina,Berg,FEMALE,11/20/2018,PROBABLE
"""),
    ("k.csv", b"""Contact,Contact,Contact,Person,Person,Person
caseIdExternalSystem,reportDateTime,lastContactDate,person.firstName,person.lastName,person.sex
x1,03.14.2020,03.12.2020,Number,One,MALE
"""),
]  # fmt: skip


def read(files, known=()):
    return read_tracing(
        files, area=HERE, disease="covid-19", known={key.id: key.node for key in known}
    )


def known_of(reading, **changes):
    return Known(
        cases=changes.get("cases", reading.cases), exposures=reading.exposures, gatherings=reading.gatherings, follow_ups=reading.follow_ups,
        tests=reading.tests, carried=reading.carried, keys=reading.keys, identities={who.person: who for who in reading.identities},
    )  # fmt: skip


class TestRoundTrip:
    @pytest.mark.parametrize(
        ("files", "format"), [(GODATA, "godata-csv"), (GODATA, "godata-json"), (SORMAS, "sormas")]
    )
    def test_loses_nothing(self, files, format):
        first = read(files)
        out = written(known_of(first), format=format, zone=ZONE)
        again = read(
            [(name, content) for name, content in out.files if len(content) > 10], first.keys
        )

        assert first.ok
        assert again.ok, again.reports
        for what in ("cases", "exposures", "gatherings", "follow_ups", "identities"):
            assert sorted(getattr(again, what), key=str) == sorted(getattr(first, what), key=str), (
                what
            )
        carried = [
            sorted((row.node, tuple(sorted(row.fields))) for row in found.carried)
            for found in (first, again)
        ]
        assert carried[0] == carried[1]

    def test_writes_anew_what_has_changed_since(self):
        from dataclasses import replace

        first = read(GODATA)
        confirmed = [replace(case, classification=Classification.CONFIRMED) for case in first.cases]
        out = written(known_of(first, cases=confirmed), format="godata-csv", zone=ZONE)

        again = read([out.files[0]], first.keys)
        assert {case.classification for case in again.cases} == {Classification.CONFIRMED}

    def test_plain_tables_carry_hxl_tags_and_are_read_again(self):
        first = read(GODATA)
        out = dict(written(known_of(first), format="csv", zone=ZONE).files)

        assert (
            out["cases.csv"]
            .decode("utf-8-sig")
            .splitlines()[1]
            .startswith("#meta+id,#meta+person+id,#adm+code")
        )
        again = read([("cases.csv", out["cases.csv"])])
        assert [case.onset for case in again.cases] == [case.onset for case in first.cases]

    def test_a_workbook_opens_as_one(self):
        from io import BytesIO

        from openpyxl import load_workbook

        ((_, book),) = written(known_of(read(GODATA)), format="xlsx", zone=ZONE).files

        assert load_workbook(BytesIO(book)).sheetnames[:2] == ["cases", "exposures"]
        assert open_sheet(book, sheet="cases").header[0] == "id"


class TestLosses:
    def test_are_told(self):
        first = read(GODATA)
        from dataclasses import replace

        silent = [replace(first.cases[0], classification=Classification.ASYMPTOMATIC, onset=None)]
        out = written(Known(cases=silent, carried=first.carried), format="godata-csv", zone=ZONE)

        assert any(
            "without symptoms (written as confirmed) (1 rows)" in loss for loss in out.losses
        )
        assert any("names, numbers and addresses" in loss for loss in out.losses)

    def test_names_stay_where_no_identities_are_given(self):
        first = read(GODATA)
        out = written(
            Known(cases=first.cases, carried=first.carried, keys=first.keys),
            format="godata-json",
            zone=ZONE,
        )

        assert not {"Ana", "Lima", "0345"} & set(
            json.dumps([c.decode() for _, c in out.files]).replace('\\"', " ").split()
        )

    def test_a_format_nobody_knows_is_refused(self):
        with pytest.raises(ValueError, match="expected one of godata-csv"):
            written(Known(), format="pdf", zone=ZONE)
