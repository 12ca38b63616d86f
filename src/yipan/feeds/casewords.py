"""What other systems call what tracers record: columns and values of Go.Data, SORMAS and plain line lists."""

from collections.abc import Mapping
from enum import StrEnum

from yipan.model import (
    Certainty,
    Classification,
    ExposureDuration,
    ExposureFrequency,
    ExposureKind,
    FollowUpResult,
    Origin,
    Outcome,
    Setting,
    TestResult,
    VisitRole,
)

from .sheets import header_word

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "onset": ("dateofonset", "onset", "onsetdate", "dtonset", "dateonset", "symptomsonsetdate", "symptomonset",
              "symptomonsetdate", "dateofsymptomonset", "dateofsymptoms", "dateofprodrome", "dateofillness", "illnessonset",
              "startillness", "dateofonsetofsymptoms", "发病日期", "发病时间"),
    "infected": ("dateofinfection", "infectiondate", "dateinfection", "dtinfection", "dateofinoculation", "感染日期"),
    "reported": ("dateofreporting", "dateofreport", "reportdate", "reportdatetime", "dtreport", "datereport",
                 "datereported", "reported", "reportedat", "dateofnotification", "notificationdate", "报告日期", "报告时间", "上报时间"),
    "sampled": ("sampled", "sampledat", "datesampletaken", "sampledate", "dateofsample", "dtsample", "采样时间", "采样日期"),
    "confirmed": ("confirmed", "confirmedat", "dateconfirmed", "dateofconfirmation", "dtdiag", "dateofdiagnosis",
                  "diagnosisdate", "确诊时间", "确诊日期"),
    "isolated": ("isolated", "isolatedat", "dateisolated", "dateofisolation", "isolationstartdate", "isolationdate",
                 "隔离时间", "隔离日期"),
    "classification": ("classification", "caseclassification", "casestatus", "status", "casedef", "casedefinition",
                       "分类", "病例分类", "诊断类型"),
    "outcome": ("outcome", "outcomeid", "转归", "结局"),
    "died": ("dateofdeath", "dtdeath", "deathdate", "datedeath", "persondeathdate", "死亡日期"),
    "origin": ("origin", "caseorigin", "placeinfect", "感染来源", "病例来源", "来源"),
    "disease": ("disease", "疾病", "病种"),
    "area": ("area", "areacode", "areapath", "responsiblecommunity", "responsibledistrict", "community", "district", "county", "地区",
             "区域", "区划", "行政区划", "行政区划代码", "区县", "县区"),
    "parent": ("responsibleregion", "region", "province", "city", "地市", "城市", "所属地市"),
    "infector": ("infector", "infectorid", "infectedby", "sourcecase", "sourcecaseid", "infectorcaseid", "传染源", "感染来源病例"),
    "first_contact": ("dateoffirstcontact", "firstcontactdate", "firstcontact", "首次接触日期"),
    "last_contact": ("dateoflastcontact", "lastcontactdate", "contactdate", "lastcontact", "末次接触日期"),
    "kind": ("exposuretype", "exposuretypeid", "contactproximity", "typeofcontact", "接触方式"),
    "setting": ("contextofexposure", "socialrelationshiptypeid", "exposuresetting", "setting", "context", "exposure",
                "场所", "接触场所"),
    "frequency": ("exposurefrequency", "exposurefrequencyid", "接触频次"),
    "duration": ("exposureduration", "exposuredurationid", "接触时长"),
    "certainty": ("certaintylevel", "certaintylevelid", "contactclassification", "certainty", "确信程度"),
    "title": ("eventname", "eventtitle", "name", "title"),
    "first_day": ("dateofevent", "startdate", "date", "eventdate"),
    "last_day": ("enddate",),
    "day": ("dateoffollowup", "date", "followupdate", "visitdatetime", "随访日期"),
    "number": ("followupnumber", "index", "followupday"),
    "result": ("followupstatus", "statusid", "status", "visitstatus", "随访结果"),
    "test_result": ("result", "pathogentestresult", "testresult", "检测结果"),
    "tested": ("datetesting", "testdate", "testdatetime", "检测日期"),
    "resulted": ("dateofresult", "resultdate"),
    "sample_kind": ("sampletype", "samplematerial", "样本类型"),
    "test_kind": ("testtype", "检测方法"),
    "since": ("since", "from", "start", "arrived", "entered", "begin", "timein", "starttime", "到达时间", "开始时间", "进入时间"),
    "until": ("until", "to", "end", "left", "timeout", "endtime", "离开时间", "结束时间"),
    "person": ("person", "personid", "caseid", "case", "pid", "id", "人员编号", "人员", "病例编号"),
    "place": ("place", "placeid", "venue", "venueid", "location", "locationid", "site", "场所编号", "场所", "地点"),
    "role": ("role", "visitrole", "asperson", "身份", "角色"),
    "mask": ("mask", "masked", "facemask", "wearsmask", "佩戴口罩", "口罩"),
    "indoors": ("indoors", "indoor", "inside", "室内"),
    "venue_setting": ("venuesetting", "placesetting", "setting", "placetype", "typeofplace", "场所类型"),
    "venue_people": ("venuepeople", "usualpeople", "peoplethere", "crowd", "常在人数"),
    "venue_longitude": ("venuelongitude", "placelongitude", "场所经度"),
    "venue_latitude": ("venuelatitude", "placelatitude", "场所纬度"),
}  # fmt: skip
"""For each field, the headers it goes by, the more particular first, as `header_word` compares them."""

CASE_KEYS = ("uuid", "id", "caseid", "visualid", "externalid", "epidnumber", "casenumber", "caseno", "case",
             "patientid", "patient", "pid", "ident", "identifier", "nr", "no", "病例编号", "编号", "病例号", "案例编号")  # fmt: skip
CONTACT_KEYS = ("personuuid", "uuid", "id", "contactid", "visualid")
EVENT_KEYS = ("uuid", "id", "eventid", "visualid", "externalid")
SOURCE_KEYS = ("sourceuuid", "sourcepersonid", "sourcecaseuuid", "sourceid", "infector", "infectorid", "infectedby", "from",
               "sourcevisualid", "sourcepersonvisualid", "caseidexternalsystem", "source", "case1", "primarycase", "传染源", "来源病例")  # fmt: skip
TARGET_KEYS = ("targetuuid", "targetpersonid", "targetid", "infectee", "infecteeid", "to", "targetvisualid",
               "targetpersonvisualid", "target", "case2", "secondarycase", "caseid", "id", "contactid", "被感染者", "密接编号")  # fmt: skip

PERSONAL: Mapping[str, str] = {
    **dict.fromkeys(("name", "fullname", "姓名", "患者姓名", "firstname", "middlename", "lastname", "nickname", "mothersname",
                     "mothersmaidenname", "fathersname", "namesofguardians", "birthname", "salutation", "othersalutation",
                     "vorname", "nachname"), "name"),
    **dict.fromkeys(("telephone", "phone", "phonenumber", "phoneowner", "mobile", "email", "emailaddress", "电话", "手机",
                     "手机号", "联系电话"), "phone"),
    **dict.fromkeys(("nationalhealthid", "passportnumber", "passport", "certificate", "idnumber", "nationalid", "身份证", "身份证号",
                     "证件号", "证件号码", "caseguid", "ausweisnummer"), "certificate"),
    **dict.fromkeys(("address", "addressline1", "postalcode", "street", "housenumber", "city", "住址", "现住址", "家庭住址", "地址",
                     "lat", "long", "lon", "lng", "latitude", "longitude", "reportlat", "reportlon", "addressgpscoordinates",
                     "additionalinformation", "details", "xloc", "yloc"), "address"),
    **dict.fromkeys(("dob", "dateofbirth", "birthdate", "birthdatedd", "birthdatemm", "birthdateyyyy", "born", "出生日期",
                     "生日"), "born"),
}  # fmt: skip
"""Which field of the vault holds what stands under a personal column; the last step of a dotted path is compared."""

FREE_TEXT = frozenset({
    "comment", "comments", "notes", "note", "description", "riskreason", "additionaldetails", "relationdetail",
    "socialrelationshipdetail", "symptomscomments", "followupcomment", "contactproximitydetails", "relationdescription",
    "burialplacename", "isolationcomments", "hospitalizationcomments", "quarantinetypedetails", "eventdesc", "involvementdescription",
    "reportingusername", "reportinguser", "contactofficer", "surveillanceofficer", "caseofficer", "responsibleuser", "备注",
})  # fmt: skip
"""Columns of free text: nobody knows whom they tell of, so they are neither kept nor sent back, and that is said."""

WORDS: Mapping[str, Mapping[str, StrEnum]] = {
    "classification": {
        "suspect": Classification.SUSPECTED, "suspected": Classification.SUSPECTED, "suspectcase": Classification.SUSPECTED,
        "notclassified": Classification.SUSPECTED, "notyetclassified": Classification.SUSPECTED, "疑似": Classification.SUSPECTED,
        "疑似病例": Classification.SUSPECTED, "probable": Classification.PROBABLE, "probablecase": Classification.PROBABLE,
        "临床诊断": Classification.PROBABLE, "confirmed": Classification.CONFIRMED, "confirmedcase": Classification.CONFIRMED,
        "confirmedunknownsymptoms": Classification.CONFIRMED, "confirmedcasewithunknownsymptoms": Classification.CONFIRMED,
        "确诊": Classification.CONFIRMED, "确诊病例": Classification.CONFIRMED,
        "confirmednosymptoms": Classification.ASYMPTOMATIC, "confirmedcasewithnosymptoms": Classification.ASYMPTOMATIC,
        "asymptomatic": Classification.ASYMPTOMATIC, "无症状": Classification.ASYMPTOMATIC, "无症状感染者": Classification.ASYMPTOMATIC,
        "repeatpositive": Classification.REPEAT_POSITIVE, "复阳": Classification.REPEAT_POSITIVE,
        "notacase": Classification.EXCLUDED, "notacasediscarded": Classification.EXCLUDED, "nocase": Classification.EXCLUDED,
        "discarded": Classification.EXCLUDED, "excluded": Classification.EXCLUDED, "排除": Classification.EXCLUDED,
    },
    "role": {
        "resident": VisitRole.RESIDENT, "住户": VisitRole.RESIDENT, "居民": VisitRole.RESIDENT, "staff": VisitRole.STAFF,
        "worker": VisitRole.STAFF, "员工": VisitRole.STAFF, "工作人员": VisitRole.STAFF, "customer": VisitRole.CUSTOMER, "顾客": VisitRole.CUSTOMER,
        "patient": VisitRole.PATIENT, "患者": VisitRole.PATIENT, "pupil": VisitRole.PUPIL, "student": VisitRole.PUPIL, "学生": VisitRole.PUPIL,
        "passenger": VisitRole.PASSENGER, "乘客": VisitRole.PASSENGER, "guest": VisitRole.GUEST, "访客": VisitRole.GUEST,
        "unknown": VisitRole.UNKNOWN, "未知": VisitRole.UNKNOWN,
    },
    "outcome": {
        "alive": Outcome.PENDING, "nooutcome": Outcome.PENDING, "nooutcomeyet": Outcome.PENDING, "unknown": Outcome.PENDING,
        "pending": Outcome.PENDING, "治疗中": Outcome.PENDING, "buried": Outcome.DIED, "recovered": Outcome.RECOVERED,
        "recover": Outcome.RECOVERED, "治愈": Outcome.RECOVERED, "痊愈": Outcome.RECOVERED, "deceased": Outcome.DIED, "died": Outcome.DIED,
        "death": Outcome.DIED, "dead": Outcome.DIED, "死亡": Outcome.DIED,
    },
    "origin": {
        "incountry": Origin.LOCAL, "local": Origin.LOCAL, "本土": Origin.LOCAL, "本地": Origin.LOCAL,
        "pointofentry": Origin.ABROAD, "abroad": Origin.ABROAD, "imported": Origin.ABROAD, "境外": Origin.ABROAD, "境外输入": Origin.ABROAD,
        "otherprovince": Origin.OTHER_PROVINCE, "外省": Origin.OTHER_PROVINCE, "省外": Origin.OTHER_PROVINCE, "unknown": Origin.UNKNOWN,
    },
    "kind": {
        "touchedbodyfluids": ExposureKind.BODY_FLUIDS, "touchedfluid": ExposureKind.BODY_FLUIDS,
        "touchedfluidofsourcecase": ExposureKind.BODY_FLUIDS, "directphysicalcontact": ExposureKind.PHYSICAL,
        "physicalcontact": ExposureKind.PHYSICAL, "clothesorother": ExposureKind.SURFACE,
        "sleptateorspendtimeinsamehousehold": ExposureKind.SAME_HOUSEHOLD, "samehousehold": ExposureKind.SAME_HOUSEHOLD,
        "atedrankcontaminatedmaterial": ExposureKind.FOOD_OR_DRINK, "intravenousexposure": ExposureKind.INTRAVENOUS,
        "otherpleasespecifyincommentfield": ExposureKind.OTHER, "sexualexposure": ExposureKind.SEXUAL, "other": ExposureKind.OTHER,
        "indirectcontacttouchedcontaminatedsurfacematerialsfomitesetc": ExposureKind.SURFACE,
        "directnonphysicalcontactwithin1meter": ExposureKind.NEAR, "closecontact": ExposureKind.NEAR, "sameroom": ExposureKind.SAME_ROOM,
        "facetofacelong": ExposureKind.NEAR, "unknown": ExposureKind.UNKNOWN,
    },
    "setting": {
        "family": Setting.HOUSEHOLD, "homehousehold": Setting.HOUSEHOLD, "household": Setting.HOUSEHOLD, "home": Setting.HOUSEHOLD,
        "家庭": Setting.HOUSEHOLD, "nosocomialtransmission": Setting.HEALTHCARE, "nosocomial": Setting.HEALTHCARE,
        "hospitalhealthcare": Setting.HEALTHCARE, "hospital": Setting.HEALTHCARE, "hospitalroom": Setting.HEALTHCARE,
        "emergencyroom": Setting.HEALTHCARE, "hospitalward": Setting.HEALTHCARE, "clinic": Setting.HEALTHCARE, "医院": Setting.HEALTHCARE,
        "coworkers": Setting.WORKPLACE, "workplace": Setting.WORKPLACE, "work": Setting.WORKPLACE, "单位": Setting.WORKPLACE,
        "friends": Setting.FRIENDS, "school": Setting.SCHOOL, "学校": Setting.SCHOOL, "funeral": Setting.FUNERAL,
        "restaurant": Setting.RESTAURANT, "餐馆": Setting.RESTAURANT, "market": Setting.MARKET, "市场": Setting.MARKET,
        "transport": Setting.TRANSPORT, "traveltooutbreakarea": Setting.TRAVEL, "travel": Setting.TRAVEL, "community": Setting.COMMUNITY,
        "worship": Setting.WORSHIP, "leisure": Setting.LEISURE, "shop": Setting.SHOP, "carehome": Setting.CARE_HOME,
        "quarantine": Setting.QUARANTINE, "other": Setting.OTHER, "unknown": Setting.UNKNOWN,
    },
    "frequency": {
        "15times": ExposureFrequency.TIMES_1_TO_5, "610times": ExposureFrequency.TIMES_6_TO_10,
        "1120times": ExposureFrequency.TIMES_11_TO_20, "over21times": ExposureFrequency.TIMES_OVER_21, "unknown": ExposureFrequency.UNKNOWN,
    },
    "duration": {
        "veryshortseconds": ExposureDuration.SECONDS, "shortminutes": ExposureDuration.MINUTES,
        "mediumhours": ExposureDuration.HOURS, "longdays": ExposureDuration.DAYS, "unknown": ExposureDuration.UNKNOWN,
    },
    "certainty": {
        "1low": Certainty.LOW, "low": Certainty.LOW, "2medium": Certainty.MEDIUM, "medium": Certainty.MEDIUM, "3high": Certainty.HIGH,
        "high": Certainty.HIGH, "unconfirmed": Certainty.LOW, "unconfirmedcontact": Certainty.LOW, "confirmed": Certainty.HIGH,
        "confirmedcontact": Certainty.HIGH, "nocontact": Certainty.LOW, "notacontact": Certainty.LOW, "unknown": Certainty.UNKNOWN,
    },
    "result": {
        "seenok": FollowUpResult.SEEN_OK, "seennotok": FollowUpResult.SEEN_NOT_OK, "missed": FollowUpResult.MISSED,
        "notattempted": FollowUpResult.NOT_ATTEMPTED, "notperformed": FollowUpResult.NOT_PERFORMED,
        "cooperative": FollowUpResult.SEEN_OK, "uncooperative": FollowUpResult.SEEN_NOT_OK, "unavailable": FollowUpResult.MISSED,
    },
    "test_result": {
        "positive": TestResult.POSITIVE, "negative": TestResult.NEGATIVE, "inconclusive": TestResult.INCONCLUSIVE,
        "indeterminate": TestResult.INCONCLUSIVE, "pending": TestResult.PENDING, "notdone": TestResult.PENDING, "notapplicable": TestResult.PENDING,
        "阳性": TestResult.POSITIVE, "阴性": TestResult.NEGATIVE,
        "positiveforotherpathogensspecifyinnotesfield": TestResult.POSITIVE_FOR_OTHER,
    },
}  # fmt: skip
"""For each field of fixed values, what others write, as `header_word` compares it."""

OUTSIDE_WORDS: Mapping[str, Mapping[StrEnum, str]] = {
    "classification": {
        Classification.SUSPECTED: "SUSPECT", Classification.PROBABLE: "PROBABLE", Classification.CONFIRMED: "CONFIRMED",
        Classification.ASYMPTOMATIC: "CONFIRMED", Classification.REPEAT_POSITIVE: "CONFIRMED",
        Classification.EXCLUDED: "NOT_A_CASE_DISCARDED",
    },
    "outcome": {Outcome.PENDING: "ALIVE", Outcome.RECOVERED: "RECOVERED", Outcome.DIED: "DECEASED"},
    "certainty": {Certainty.LOW: "1_LOW", Certainty.MEDIUM: "2_MEDIUM", Certainty.HIGH: "3_HIGH"},
    "kind": {
        ExposureKind.BODY_FLUIDS: "TOUCHED_BODY_FLUIDS", ExposureKind.PHYSICAL: "DIRECT_PHYSICAL_CONTACT",
        ExposureKind.SAME_HOUSEHOLD: "SLEPT_ATE_OR_SPEND_TIME_IN_SAME_HOUSEHOLD", ExposureKind.SEXUAL: "SEXUAL_EXPOSURE",
        ExposureKind.FOOD_OR_DRINK: "ATE_DRANK_CONTAMINATED_MATERIAL", ExposureKind.INTRAVENOUS: "INTRAVENOUS_EXPOSURE",
        ExposureKind.OTHER: "OTHER_PLEASE_SPECIFY_IN_COMMENT_FIELD",
    },
    "setting": {
        Setting.HOUSEHOLD: "FAMILY", Setting.HEALTHCARE: "NOSOCOMIAL_TRANSMISSION", Setting.WORKPLACE: "CO_WORKERS",
        Setting.FRIENDS: "FRIENDS", Setting.TRAVEL: "TRAVEL_TO_OUTBREAK_AREA",
    },
    "frequency": {
        ExposureFrequency.TIMES_1_TO_5: "1_5_TIMES", ExposureFrequency.TIMES_6_TO_10: "6_10_TIMES",
        ExposureFrequency.TIMES_11_TO_20: "11_20_TIMES", ExposureFrequency.TIMES_OVER_21: "OVER_21_TIMES",
    },
    "duration": {
        ExposureDuration.SECONDS: "VERY_SHORT_SECONDS", ExposureDuration.MINUTES: "SHORT_MINUTES",
        ExposureDuration.HOURS: "MEDIUM_HOURS", ExposureDuration.DAYS: "LONG_DAYS",
    },
    "result": {entry: entry.name for entry in FollowUpResult},
    "test_result": {
        TestResult.POSITIVE: "POSITIVE", TestResult.NEGATIVE: "NEGATIVE", TestResult.INCONCLUSIVE: "INCONCLUSIVE",
        TestResult.POSITIVE_FOR_OTHER: "POSITIVE_FOR_OTHER_PATHOGENS_SPECIFY_IN_NOTES_FIELD",
    },
}  # fmt: skip
"""For each of our values, the word of Go.Data; a value without one is what that format cannot hold."""

DISEASES: Mapping[str, str] = {
    "evd": "ebola", "ebolavirusdisease": "ebola", "coronavirus": "covid-19", "covid19": "covid-19", "mers": "mers",
    "cholera": "cholera", "dengue": "dengue", "monkeypox": "mpox", "measles": "measles", "lassa": "lassa", "plague": "plague",
}  # fmt: skip
"""What others call a disease we name; any other name is taken in small letters."""


def word_of(field: str, text: str) -> StrEnum | None:
    """
    Our value for the word of another system, None where it is not known.

    Identifiers of reference data are understood by their last part.

    >>> str(word_of("outcome", "LNG_REFERENCE_DATA_CATEGORY_OUTCOME_DECEASED"))
    'died'
    """
    words = WORDS[field]
    key = header_word(text)
    if key in words:
        return words[key]
    if text.startswith("LNG_REFERENCE_DATA_CATEGORY_"):
        steps = text.split("_")
        for first in range(4, len(steps)):
            found = words.get(header_word("".join(steps[first:])))
            if found is not None:
                return found
    return next((value for value in set(words.values()) if header_word(value.value) == key), None)


def personal_field(header: str) -> str | None:
    """
    Which field of the vault a column belongs to, None where it is not personal.

    >>> personal_field("person.firstName"), personal_field("Addresses Phone number [1]")
    ('name', 'phone')
    """
    bare = header.split(" [", maxsplit=1)[0]
    last = header_word(bare.split(".")[-1])
    whole = header_word(bare)
    if "locationid" in whole or "facility" in last or whole.startswith("admin"):
        return None
    for word in (whole, last, whole.removeprefix("addresses"), whole.removeprefix("person")):
        if word in PERSONAL:
            return PERSONAL[word]
    for ending, field in (("firstname", "name"), ("lastname", "name"), ("middlename", "name"), ("phonenumber", "phone"),
                          ("emailaddress", "phone"), ("dob", "born"), ("geolocationlat", "address"),
                          ("geolocationlng", "address"), ("documentsnumber", "certificate")):  # fmt: skip
        if whole.endswith(ending):
            return field
    return None
