"""Laboratory messages: what each says, corrections, several specimens, and everything that may come instead."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yipan.feeds import laboratory
from yipan.feeds.frame import CannotRead

ZONE = ZoneInfo("Asia/Shanghai")
HEAD = "MSH|^~\\&|LIS|lab-a^05D2222542^CLIA|CDC|CDC|20221110233000+0800||ORU^R01^ORU_R01|m1|P|2.5.1"
PERSON = "PID|1||310104199001011234^^^ID||张^三||19900101|F"
ORDER = "OBR|1|r1|{order}|94558-4^SARS-CoV-2^LN|||20221110180000+0800|||||||||||||||20221110233000+0800|||F"
FOUND = "OBX|{n}|CWE|94558-4^SARS-CoV-2^LN||{code}^{word}^SCT||||||{status}|||20221110180000+0800"
SPECIMEN = "SPM|1|{tube}||258500001^Swab^SCT|||||||||||||20221110180000+0800|20221110200000+0800"


def oru(*orders, head=HEAD) -> str:
    lines = [head, PERSON]
    for n, (order, tube, code, word, status) in enumerate(orders, start=1):
        lines += [
            ORDER.format(order=order), FOUND.format(n=n, code=code, word=word, status=status), SPECIMEN.format(tube=tube),
        ]  # fmt: skip
    return "\r".join(lines) + "\r"


def read(folder: Path, text: str | bytes):
    path = folder / "m.hl7"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return laboratory.read_messages(path, time_zone=ZONE)


NEGATIVE = ("o1", "501", "260415000", "Not detected", "F")
POSITIVE = ("o2", "502", "260373001", "Detected", "F")


class TestHl7:
    def test_tells_every_specimen_of_a_message(self, tmp_path):
        found = read(tmp_path, oru(NEGATIVE, POSITIVE))

        assert [(r.order, r.specimen, r.result) for r in found.versions] == [
            ("o1", "501", "negative"), ("o2", "502", "positive"),
        ]  # fmt: skip
        assert found.versions[0].received == datetime(2022, 11, 10, 12, tzinfo=UTC)
        assert found.versions[0].laboratory == "lab-a"

    def test_lets_the_last_version_of_an_order_count(self, tmp_path):
        corrected = ("o1", "501", "260373001", "Detected", "C")

        found = read(tmp_path, oru(NEGATIVE) + oru(corrected))

        assert [(r.result, r.corrected) for r in found.versions] == [
            ("negative", False),
            ("positive", True),
        ]
        assert [r.result for r in found.latest] == ["positive"]
        assert found.report.repeated == 1

    def test_cancels_what_could_not_be_obtained_and_leaves_out_what_is_preliminary(self, tmp_path):
        found = read(tmp_path, oru((*NEGATIVE[:4], "X"), (*POSITIVE[:4], "P")))

        assert [r.result for r in found.versions] == ["cancelled"]
        assert found.report.blank == 1

    def test_takes_inconclusive_for_weak_and_never_for_negative(self, tmp_path):
        found = read(
            tmp_path,
            oru(
                ("o3", "503", "419984006", "Inconclusive", "F"),
                ("o4", "504", "1", "Indeterminate", "F"),
            ),
        )

        assert [r.result for r in found.versions] == ["weak", "weak"]

    def test_names_the_place_of_what_it_cannot_read_and_nobody(self, tmp_path):
        found = read(
            tmp_path,
            oru(("o1", "501", "1", "blue", "F"), POSITIVE).replace(
                "|20221110233000+0800|||F", "|2022-11-10|||F"
            ),
        )

        told = [str(problem) for problem in found.report.problems]
        assert told[0].startswith("row 4, column OBX-5: 'blue'")
        assert told[1].startswith("row 7, column reported: '2022-11-10'")
        assert "张" not in "".join(told)
        assert (
            found.report.read == found.report.accepted + found.report.rejected + found.report.blank
        )

    def test_of_another_kind_is_refused_by_name(self, tmp_path):
        found = read(
            tmp_path, oru(NEGATIVE, head=HEAD.replace("ORU^R01^ORU_R01", "ADT^A01^ADT_A01"))
        )

        assert "is not ORU^R01" in str(found.report.problems[0])

    @pytest.mark.parametrize(
        ("text", "told"),
        [("", "holds nothing"), ("a,b\n1,2\n", "begins neither"), (b"MSH|\xff\xfe", "not UTF-8 at byte 4"), (HEAD, "no observation"),
         ('{"resourceType": "Bundle", "entry": [', "not whole JSON"), ('{"resourceType": "Patient"}', "expected a Bundle"),
         ("{" * 50, "not whole JSON"), ('{"resourceType":"Bundle","entry":5}', "no observation")],
    )  # fmt: skip
    def test_that_is_none_is_refused_with_the_reason(self, tmp_path, text, told):
        with pytest.raises(CannotRead, match=told):
            read(tmp_path, text)

    @settings(max_examples=60)
    @given(cut=st.integers(0, 600), junk=st.text(max_size=8))
    def test_cut_anywhere_gives_an_answer_or_says_why_not(self, tmp_path_factory, cut, junk):
        whole = oru(NEGATIVE, POSITIVE)
        try:
            found = read(tmp_path_factory.mktemp("cut"), whole[:cut] + junk + whole[cut + 5 :])
        except CannotRead:
            return
        assert (
            found.report.read == found.report.accepted + found.report.rejected + found.report.blank
        )


def bundle(*results, specimen_extra=None):
    entries = []
    for n, (code, status) in enumerate(results):
        entries += [
            {"resource": {"resourceType": "DiagnosticReport", "id": f"d{n}", "identifier": [{"value": "o1"}], "status": status,
                          "specimen": [{"reference": "Specimen/s1"}], "result": [{"reference": f"Observation/r{n}"}]}},
            {"resource": {"resourceType": "Observation", "id": f"r{n}", "status": status, "issued": f"2022-11-10T2{n}:00:00+08:00",
                          "code": {"coding": [{"code": "94531-1"}]}, "valueCodeableConcept": {"coding": [{"code": code}]}}},
        ]  # fmt: skip
    specimen = {
        "resourceType": "Specimen",
        "id": "s1",
        "identifier": [{"value": "501"}],
        **(specimen_extra or {}),
    }
    return json.dumps(
        {"resourceType": "Bundle", "type": "message", "entry": [*entries, {"resource": specimen}]}
    )


class TestFhir:
    def test_tells_the_specimen_and_lets_the_correction_count(self, tmp_path):
        found = read(tmp_path, bundle(("260415000", "final"), ("260373001", "corrected")))

        assert [(r.specimen, r.result, r.corrected) for r in found.latest] == [
            ("501", "positive", True)
        ]
        assert found.report.repeated == 1

    def test_does_not_take_an_answer_for_a_result(self, tmp_path):
        found = read(tmp_path, bundle(("260415000", "final"), ("Y", "final")))

        assert (found.report.accepted, found.report.blank) == (1, 1)

    def test_goes_on_as_rows_of_tubes_that_add_up(self, tmp_path):
        found = read(tmp_path, oru(NEGATIVE, ("o9", "509", "1", "blue", "F")))

        rows = list(laboratory.tube_rows(found))
        assert rows[0] == (
            "501",
            "lab-a",
            "negative",
            "",
            "2022-11-10T20:00:00+08:00",
            "2022-11-10T23:30:00+08:00",
        )
        assert len(rows) == found.report.accepted + found.report.rejected

    def test_tells_a_tube_of_one_person_without_the_word_pooled(self):
        told = laboratory.specimen_of(
            laboratory.TubeSpecimen(tube=5, people=1, collected=datetime(2022, 11, 10, tzinfo=UTC))
        )

        assert "combined" not in told
