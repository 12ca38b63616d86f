"""Files of other tracing systems: what is read, what is refused and how it is told."""

import json

import pytest

from yipan.feeds.sheets import open_sheet
from yipan.feeds.tracing import read_tracing
from yipan.model import (
    Area,
    Certainty,
    Classification,
    ExposureKind,
    FollowUpResult,
    Outcome,
    Setting,
    TestResult,
    area_path,
)

HERE = area_path("44.")
AREAS = [Area(path="44.4401.", level="city", name_zh="广州市", name_en="Guangzhou", source="test")]


def read(*files, **more):
    given = {"area": HERE, "disease": "covid-19"} | more
    return read_tracing([(name, text.encode()) for name, text in files], **given)


def told(reading):
    return [str(problem) for report in reading.reports for problem in report.problems]


LINE_LIST = "case_id,dt_onset,outcome,loc_hosp\nA1,2015-05-11,Alive,St. Mary\nA2,2015-05-18,Dead,St. Mary\nA3,2015-05-20,,\n"
PAIRS = "from,to,exposure\nA1,A2,Emergency room\nA1,A3,Hospital room\n"


class TestLineListAndPairs:
    def test_are_read_together_in_any_order(self):
        found = read(("o_contacts.csv", PAIRS), ("o_linelist.csv", LINE_LIST))

        assert found.ok
        assert [case.id for case in found.cases] == ["o:A1", "o:A2", "o:A3"]
        people = {case.id: case.person for case in found.cases}
        assert [(e.source, e.target, e.setting) for e in found.exposures] == [
            (people["o:A1"], people["o:A2"], Setting.HEALTHCARE),
            (people["o:A1"], people["o:A3"], Setting.HEALTHCARE),
        ]
        assert [case.outcome for case in found.cases] == [
            Outcome.PENDING,
            Outcome.DIED,
            Outcome.PENDING,
        ]

    def test_may_be_one_table_with_an_infector(self):
        found = read(("m.csv", "case_ID,infector,date_of_prodrome,age\n1,,1861-11-21,7\n2,1,1861-11-23,6\n3,1,1861-11-24,4\n"), disease="measles")  # fmt: skip

        assert found.ok
        assert len(found.exposures) == 2

    @pytest.mark.parametrize(
        ("source", "target"),
        [("infector", "infectee"), ("source_uuid", "target_uuid"), ("infector_id", "infectee_id"), ("infector", "case_id"),
         ("source_id", "target_id"), ("传染源", "被感染者")],
    )  # fmt: skip
    def test_call_the_ends_of_a_pair_by_many_names(self, source, target):
        found = read(("p.csv", f"{source},{target}\na,b\n"))

        assert found.ok
        assert {key.key for key in found.keys} == {"a", "b"}

    def test_know_people_already_on_record(self):
        first = read(("o_linelist.csv", LINE_LIST), outbreak="o")

        again = read(
            ("o_linelist.csv", LINE_LIST), outbreak="o", known={k.id: k.node for k in first.keys}
        )

        assert again.cases == first.cases

    def test_place_people_where_they_are(self):
        found = read(
            ("l.csv", "case_id,onset,district\n1,2022-11-01,广州\n2,2022-11-02,Atlantis\n"),
            areas=AREAS,
        )

        assert [case.area for case in found.cases] == ["44.4401.", "44."]

    def test_need_an_area_and_a_disease(self):
        found = read(("l.csv", "case_id,onset\n1,2022-11-01\n"), area=None, disease=None)

        assert not found.ok
        assert told(found) == [
            "row 2, column area: the area is missing; name it with --area",
            "row 2, column disease: the disease is missing; fill it in or name it with --disease",
        ]


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("case_id,onset\n1,2022-13-01\n", "row 2, column onset: '2022-13-01' there is no day 2022-13-01"),
            ("case_id,onset,classification\n1,2022-11-01,WRONG_WORD\n", "'WRONG_WORD' is not a known classification; one of asymptomatic"),
            ("case_id,onset\n1,2022-11-01\n1,2022-11-02\n", "row 3, column case_id: '1' rows 2 and 3 have one number and differ"),
            ("case_id,onset\n,2022-11-01\n", "row 2, column case_id: the case has no number"),
            ("case_id,onset\n", "a header and no rows"),
            ("from,to\nA,A\n", "leads from somebody to themselves"),
            ("from,to\nA,\n", "row 2, column target: the pair has no target"),
            ("colour,shape\nred,round\n", "no columns of cases, contacts, exposures or visits"),
            ('case_id,onset\n1,"2022', "the file ends inside a quoted value: it is cut off"),
            ("case_id,onset\n1,2022-11-01,x,y\n", "row 2: 4 fields where the header has 2"),
            ("", "the file is empty"),
            ('[{"visualId": 1', "this JSON is damaged or cut off"),
            ("case_id,onset\n1,03/04/2022\n", "day or month could come first"),
            ("person,place,since,until\nA,B,2022-11-01T10:00,2022-11-01T09:00\n", "the visit ends before it begins"),
            ("case_id,onset,classification\n1,2022-11-01,asymptomatic\n", "is asymptomatic and yet has an onset"),
        ],
    )  # fmt: skip
    def test_say_where_and_why(self, text, message):
        found = read(("f.csv", text))

        assert not found.ok
        assert any(message in line for line in told(found)), told(found)

    def test_leave_nothing_of_any_file(self):
        found = read(("o_linelist.csv", LINE_LIST), ("o_contacts.csv", "from,to\nA1,\n"))

        assert not found.ok
        assert found.cases == ()

    def test_repeat_no_name(self):
        found = read(("f.csv", "case_id,name,onset,outcome\n1,Zhang Wei,Zhang Wei,Zhang Wei\n"))

        assert "Zhang" not in " ".join(told(found))

    def test_accept_no_bytes_that_are_no_text(self):
        found = read_tracing([("f.csv", bytes(range(256)) * 4)], area=HERE, disease="x")

        assert "NUL" in told(found)[0]


GODATA_CASES = (
    "Case ID,First name,Last name,Date of onset,Date of reporting,Classification,Outcome,Addresses Phone number [1],Risk level,Comment\n"
    "CASE-1,Ana,Lima,2020-06-01,2020-06-03,LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_CONFIRMED,Deceased,0345,1_LOW,met Bo\n"
)


class TestGoData:
    def test_labels_and_database_names_mean_the_same(self):
        label = read(("c.csv", GODATA_CASES))
        names = read(("c.csv", GODATA_CASES.replace("Case ID", "visualId").replace("First name", "firstName").replace("Last name", "lastName")
                      .replace("Date of onset", "dateOfOnset").replace("Date of reporting", "dateOfReporting").replace("Classification,", "classification,")
                      .replace("Outcome", "outcomeId").replace("Addresses Phone number [1]", "addresses phoneNumber [1]")))  # fmt: skip

        for found in (label, names):
            (case,) = found.cases
            assert (str(case.onset), case.classification, case.outcome) == (
                "2020-06-01",
                Classification.CONFIRMED,
                Outcome.DIED,
            )
            (who,) = found.identities
            assert (who.name, who.phone) == ("Ana Lima", "0345")

    def test_carries_what_tells_nobody_and_drops_free_text_aloud(self):
        found = read(("c.csv", GODATA_CASES))

        (row,) = found.carried
        assert ("Risk level", "1_LOW") in row.fields
        assert not {"Ana", "Lima", "0345", "met Bo"} & {text for _, text in row.fields}
        assert any("free text is not kept" in note.reason_en for note in found.reports[0].notes)

    def test_relationships_lead_between_cases_contacts_and_events(self):
        found = read(("c.csv", GODATA_CASES), ("r.json", json.dumps([{
            "id": "r1", "persons": [{"id": "e1", "type": "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_EVENT", "source": True},
                                    {"id": "k2", "type": "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CONTACT", "target": True}],
            "contactDate": "2020-06-02T00:00:00.000Z", "certaintyLevelId": "LNG_REFERENCE_DATA_CATEGORY_CERTAINTY_LEVEL_3_HIGH",
            "exposureTypeId": "LNG_REFERENCE_DATA_CATEGORY_EXPOSURE_TYPE_TOUCHED_BODY_FLUIDS",
        }])))  # fmt: skip

        (exposure,) = found.exposures
        assert exposure.source.startswith("g-")
        assert exposure.target.startswith("p-")
        assert (exposure.kind, exposure.certainty, str(exposure.last_contact)) == (
            ExposureKind.BODY_FLUIDS,
            Certainty.HIGH,
            "2020-06-02",
        )

    def test_follow_ups_and_tests_find_their_people(self):
        found = read(
            ("k.csv", "uuid,contact_id,contact_status,firstName,gender\nu1,CONTACT-1,UNDER_FOLLOW_UP,Bo,MALE\n"),
            ("f.csv", "uuid,contact_id,contact_uuid,followup_status,followup_number,date_of_followup\nf1,CONTACT-1,u1,SEEN_OK,3,2020-06-05\n"),
            ("t.csv", "personId,dateSampleTaken,sampleIdentifier,result,id\nu1,2020-06-05T00:00:00.000Z,L-1,LNG_REFERENCE_DATA_CATEGORY_LAB_TEST_RESULT_POSITIVE,t1\n"),
        )  # fmt: skip

        (follow_up,), (test,) = found.follow_ups, found.tests
        assert follow_up.person == test.person == found.identities[0].person
        assert (follow_up.result, follow_up.number, test.result) == (
            FollowUpResult.SEEN_OK,
            3,
            TestResult.POSITIVE,
        )
        assert str(test.sampled) == "2020-06-05"


SORMAS_CASES = (
    "## a comment, with a comma\nCaseData,CaseData,CaseData,CaseData,CaseData,CaseData,CaseData,Sample,Sample,PathogenTest,PathogenTest\n"
    "externalID,disease,person.firstName,person.lastName,person.sex,reportDate,caseClassification,sampleDateTime,sampleMaterial,testDateTime,testResult\n"
    "x1,CORONAVIRUS,Ina,Berg,FEMALE,11/20/2018,PROBABLE,11/20/2018,BLOOD,11/21/2018,POSITIVE\nx2,EVD,Ole,Berg,MALE,11-23-2018,NOT_CLASSIFIED\n"
)


class TestNumbersOfCases:
    FILES = (
        ("contacts.csv", "from,to,exposure\nE-1,E-2,household\n"),
        ("tests.csv", "sampleIdentifier,personId,dateSampleTaken,result\nS-1,E-2,2022-10-02,positive\n"),
    )  # fmt: skip

    def test_join_results_in_the_form_of_go_data_with_the_contacts_of_other_files(self):
        found = read(*self.FILES, outbreak="o", case_numbers=True)

        assert [one.person for one in found.tests] == [found.exposures[0].target]

    def test_are_not_taken_for_those_of_go_data_unless_that_is_said(self):
        found = read(*self.FILES, outbreak="o")

        assert [one.person for one in found.tests] != [found.exposures[0].target]


class TestSormas:
    def test_has_a_row_of_entities_comments_and_short_rows(self):
        found = read(("s.csv", SORMAS_CASES), disease=None)

        assert found.ok
        assert [(c.disease, c.classification, str(c.reported.date())) for c in found.cases] == [
            ("covid-19", Classification.PROBABLE, "2018-11-20"), ("ebola", Classification.SUSPECTED, "2018-11-23"),
        ]  # fmt: skip

    def test_samples_and_tests_stand_beside_the_case(self):
        found = read(("s.csv", SORMAS_CASES), disease=None)

        assert sorted(test.result for test in found.tests) == [
            TestResult.PENDING,
            TestResult.POSITIVE,
        ]

    def test_contacts_lead_to_their_source_case(self):
        contacts = (
            "Contact,Contact,Contact,Contact,Contact,Contact,Contact\n"
            "caseIdExternalSystem,reportDateTime,lastContactDate,person.firstName,person.lastName,person.sex,contactClassification\n"
            "x1,03.14.2020,03.12.2020,Number,One,MALE,UNCONFIRMED\n"
        )
        found = read(("s.csv", SORMAS_CASES), ("k.csv", contacts), disease=None)

        (exposure,) = found.exposures
        assert exposure.source == found.cases[0].person
        assert (str(exposure.last_contact), exposure.certainty) == ("2020-03-12", Certainty.LOW)

    def test_says_what_is_missing(self):
        broken = (
            SORMAS_CASES.replace("Ina", "")
            .replace("MALE,11-23", "ERROR,11-23")
            .replace("x2,EVD", "x2,")
        )

        assert told(read(("s.csv", broken), disease=None)) == [
            "row 4, column person.firstName: is missing",
            "row 5, column disease: the disease is missing; fill it in or name it with --disease",
            "row 5, column person.sex: is not a known sex; one of MALE, FEMALE, OTHER, UNKNOWN",
        ]

    @pytest.mark.parametrize(
        ("header", "what"),
        [("name,region,epidCode,growthRate", "regions and districts"), ("SelfReport,SelfReport\ntype,reportDate", "self-reports"),
         ("formDate,region,infected", "campaign forms")],
    )  # fmt: skip
    def test_files_that_are_not_of_tracing_are_named(self, header, what):
        found = read(
            ("s.csv", f"{header}\na,b,c\n" if "Self" not in header else f"{header}\na,b\n")
        )

        assert what in told(found)[0]


class TestVisits:
    def test_are_read_with_their_hours(self):
        found = read(
            (
                "v.csv",
                "person,place,since,until\nA,Inn,2022-11-01 18:00,2022-11-01 20:30\nB,Inn,2022-11-01,2022-11-01\n",
            )
        )

        first, second = found.visits
        assert first.place == second.place
        assert (first.until - first.since).total_seconds() == 2.5 * 3600
        assert (second.until - second.since).total_seconds() == 24 * 3600


class TestSheets:
    def test_of_gb18030_and_semicolons_are_opened(self):
        sheet = open_sheet("病例编号;发病日期\n甲1;2022-11-01\n".encode("gb18030"))

        assert sheet.header == ("病例编号", "发病日期")
        assert sheet.rows[0] == (2, ("甲1", "2022-11-01"))


class TestVisitFiles:
    """Role, mask, roof, and what a place is, stand beside a visit where the file tells them."""

    HEAD = "person,place,since,until,role,mask,indoors,venue_setting,venue_people,venue_longitude,venue_latitude\n"

    def read(self, *rows):
        text = self.HEAD + "".join(f"{row}\n" for row in rows)
        return read_tracing([("visits.csv", text.encode())], area=HERE, disease="x")

    def test_tell_of_the_visit_and_of_the_place(self):
        found = self.read(
            "1,Inn,2022-11-01 10:00,2022-11-01 12:00,customer,no,是,restaurant,40,113.3,23.1",
            "2,Inn,2022-11-01 11:00,2022-11-01 12:00,员工,unknown,,,,,",
            "1,Flat of Wang,2022-11-01 18:00,2022-11-02 07:00,resident,,yes,household,,,",
        )

        assert found.ok, found.reports
        first, second, _ = found.visits
        assert (first.role.value, first.mask, first.indoors) == ("customer", False, True)
        assert (second.role.value, second.mask, second.indoors) == ("staff", None, None)
        inn, home = found.venues
        assert (inn.setting.value, inn.usual_people, inn.longitude, inn.latitude) == (
            "restaurant",
            40,
            113.3,
            23.1,
        )
        assert "Wang" not in home.name_en + home.name_zh

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("1,Inn,2022-11-01 10:00,2022-11-01 12:00,customer,perhaps,,,,,", "row 2, column mask"),
            ("1,Inn,2022-11-01 10:00,2022-11-01 12:00,king,,,,,,", "row 2, column role"),
            (
                "1,Inn,2022-11-01 10:00,2022-11-01 12:00,,,,shop,0,,",
                "row 2, column venue_people: '0' is not a number from 1",
            ),
            (
                "1,Inn,2022-11-01 10:00,2022-11-01 12:00,,,,shop,,999,23",
                "row 2, column venue_longitude",
            ),
            ("1,Inn,2022-11-01 10:00,2022-11-01 12:00,,,,shop,,113,", "row 2"),
        ],
    )
    def test_are_refused_with_the_place_of_what_is_wrong(self, row, reason):
        found = self.read(row)

        assert not found.ok
        assert reason in " ".join(str(p) for r in found.reports for p in r.problems)
