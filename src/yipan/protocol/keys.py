"""Every parameter a rule reads: its unit, whom it touches, and its name in words. A pack may set no other."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

LEVELS = {
    "high": ("高风险区", "high-risk zones"), "medium": ("中风险区", "medium-risk zones"),
    "low": ("低风险区", "low-risk areas"), "sealed": ("封控区", "sealed areas"),
    "controlled": ("管控区", "controlled areas"), "precaution": ("防范区", "precaution areas"),
    "medium_after_high": ("由高风险区降级的中风险区", "medium-risk zones that were high"),
}  # fmt: skip
ROLES = {
    "close_contact": ("密切接触者", "close contacts"),
    "contact_of_contact": ("密接的密接", "contacts of contacts"),
    "inbound_traveller": ("入境人员", "inbound travellers"),
    "left_high_zone": ("高风险区外溢人员", "people who left a high-risk zone"),
    "left_medium_zone": ("中风险区外溢人员", "people who left a medium-risk zone"),
    "from_low_zone": ("低风险区来人", "people from a low-risk area"),
    "closed_loop_worker_leaving": ("闭环作业离岗人员", "workers leaving a closed-loop post"),
    "mild_case_at_home": ("居家的轻型病例和无症状感染者", "mild cases at home"),
    "discharged_case": ("出院（出舱）病例", "discharged cases"),
    "contact": ("接触者", "contacts"),
}  # fmt: skip
PLACES = {
    "central_isolation": ("集中隔离", "central isolation"), "home_isolation": ("居家隔离", "home isolation"),
    "home_health_monitoring": ("居家健康监测", "home health monitoring"),
    "health_monitoring": ("健康监测", "health monitoring"),
    "central_or_home_isolation": ("集中或居家隔离", "central or home isolation"),
    "self_monitoring": ("自我健康监测", "self-monitoring"), "phone_follow_up": ("电话随访", "follow-up by phone"),
}  # fmt: skip
NAMES = {
    "zone": ("划定风险区", "zones"), "notice": ("发布通告", "notices"), "screening": ("区域核酸", "area screening"),
    "screening_several_districts": ("多区全市核酸", "a round of the whole city where several districts are hit"),
    "venue_closure_low_area": ("关闭低风险区民生场所", "closing venues of normal life in a low area"),
    "response_level_1": ("Ⅰ级响应", "response level I"), "response_level_2": ("Ⅱ级响应", "response level II"),
    "response_level_3": ("Ⅲ级响应", "response level III"), "response_level_4": ("Ⅳ级响应", "response level IV"),
    "on_site": ("到达现场", "on site"), "core_investigation": ("核心流调", "core investigation"),
    "zones_published": ("划定公布风险区", "zones drawn and published"), "golden_period": ("黄金24小时", "golden period"),
    "full_investigation": ("完整流调", "full investigation"), "lab_positive_report": ("阳性报告", "report of a positive"),
    "lab_fever_clinic_emergency": ("发热门诊、急诊核酸", "tests of fever clinics and emergency"),
    "lab_outpatient_inpatient_companion": ("门诊、住院、陪护核酸", "tests of outpatients, inpatients and companions"),
    "lab_on_request": ("愿检尽检核酸", "tests on request"), "city_screening": ("划定区域全员核酸", "a round of the drawn area"),
    "isolation_rooms_per_10k": ("每万人隔离房间", "isolation rooms per 10,000"),
    "county_infectious_beds": ("县级传染病床位", "infectious beds of a county"),
    "fangcang_per_province": ("每省方舱数", "Fangcang hospitals per province"),
    "fangcang_ready_days": ("方舱启用天数", "days to open a Fangcang hospital"),
    "high_risk_post": ("高风险岗位", "high-risk posts"), "crowded_post": ("人员密集、流动性强的岗位", "crowded posts"),
    "key_venue": ("重点场所", "key venues"), "crowded_institution": ("人员密集单位", "crowded institutions"),
    "outside_controlled_people": ("管控人员之外", "outside controlled people"),
    "outside_sealed_and_closed_loops": ("封控区和闭环之外", "outside sealed areas and closed loops"),
    "only_isolated_controlled": ("仅隔离人员为管控", "only the isolated are controlled"),
    "state_of_one_day": ("当日状态", "state of one day"), "breteau": ("布雷图指数", "Breteau"),
    "breteau_warning": ("布雷图指数预警", "Breteau warning"), "moi_warning": ("诱蚊诱卵指数预警", "ovitrap warning"),
    "event_report": ("事件报告", "event report"), "other": ("其他城市", "other cities"), "large": ("特大城市", "large cities"),
}  # fmt: skip
CHOICES = {
    "start_instant": ("计时起点", "the instant a clock starts"),
    "late_closing_round": ("末轮核酸迟做", "a closing round that is late"),
    "gap_of_three_days": ("间隔三天的算法", "how a gap of three days is counted"),
    "lookback_days": ("密接判定回溯天数", "days back in which contacts count"),
    "isolation_day_one": ("隔离第1天", "what is day 1 of each role"),
    "isolated_positives_reset": ("隔离者转阳是否重新计时", "whether a positive in isolation resets a clock"),
    "community": ("社会面的范围", "who counts as the community"),
    "screening_limit_measured_to": ("筛查时限算到何时", "what a screening limit is measured to"),
    "transition_policy": ("新旧文本衔接", "running clocks when the text changes"),
    "low_scope": ("低风险区范围", "how far low risk reaches"),
    "equality_at_threshold": ("恰好等于分档值时", "a value equal to a threshold"),
    "overdue_grace_hours": ("逾期宽限（小时）", "hours of grace before something is late"),
    "care_suspension_hours": ("停诊上限（小时）", "hours care may be suspended"),
    "time_limits_start": ("时限起点", "the instant time limits start"),
    "tests_past_at_intake": ("发现时已过的检测", "tests already past at intake"),
    "essential_venues": ("民生场所", "venues of normal life"),
    "urgent_care_hours": ("紧急求助答复上限（小时）", "hours to answer an urgent request"),
    "rectification_hours": ("整改时限（小时）", "hours to put a finding right"),
}  # fmt: skip
"""What a text leaves open, in words; a jurisdiction profile answers each."""
CHOSEN = {
    "execution_time": ("命令执行时刻", "when the order is carried out"), "wait": ("顺延", "wait"),
    "three_free_dates": ("三个完整自然日", "three free dates"), "only_shorter": ("只可缩短", "may only get shorter"),
    "as_started": ("按原文本", "as they started"), "isolation_start": ("开始隔离日", "start of isolation"),
    "arrival": ("抵达日", "arrival"), "day_after_leaving": ("离开次日", "the day after leaving"),
    "day_of_leaving": ("离开当日", "the day of leaving"), "day_of_exposure": ("暴露当日", "the day of exposure"),
    "day_after_exposure": ("暴露次日", "the day after exposure"), "first_positive_report": ("首个阳性报告", "the first positive report"),
    "outside_controlled_people": ("管控人员之外", "outside controlled people"), "last_sample": ("最后一份采样", "the last sample"),
    "one_test_at_intake": ("合并为一次入所检测", "one test at intake"), "dropped": ("不补", "dropped"), "undefined": ("未定", "left open"),
    "wet_market": ("菜市场", "wet markets"), "supermarket": ("超市", "supermarkets"), "food_shop": ("食品店", "food shops"),
    "pharmacy": ("药店", "pharmacies"), "medical_institution": ("医疗机构", "medical institutions"), "bank": ("银行", "banks"),
    "post_and_courier": ("邮政快递", "post and courier"), "water_power_gas": ("水电气", "water, power, gas"),
    "bus_and_metro": ("公交地铁", "bus and metro"), "school_canteen": ("学校食堂", "school canteens"), "factory": ("工厂", "factories"),
    "restart": ("重新起算", "start again"),
}  # fmt: skip
"""What a jurisdiction may have chosen, in words."""
_UNITS = {"days": ("天", " days"), "hours": ("小时", " h"), "count": ("", ""), "ct": ("", "")}
_WORDS = {
    "ended": ("解除", "ended"), "home": ("居家", "home"), "zone": ("区域内", "the zone"),
    "forbidden": ("禁止", "forbidden"), "compound": ("小区", "compound"), "village": ("村", "village"),
    "building": ("楼栋", "building"), "unit": ("单元", "unit"), "floor": ("楼层", "floor"),
    "household": ("住户", "household"), "community": ("社区", "community"), "street": ("街道", "street"),
    "nation": ("国家", "nation"), "province": ("省", "province"), "prefecture": ("地市", "prefecture"), "city": ("地市", "city"),
    "county": ("县（市、区）", "county"), "nobody": ("无人有权", "nobody"), "nothing": ("不再要求", "nothing"),
    "risk_unclear": ("风险不明", "the risk is unclear"), "wide_spread": ("广泛传播", "it has spread widely"),
    "two_tests_in_three_days": ("三天两检", "two tests in three days"), "health_monitoring": ("健康监测", "health monitoring"),
    "self_monitoring": ("自我健康监测", "self-monitoring"), "isolation": ("隔离人员", "people in isolation"),
    "closed_loop": ("闭环人员", "people in closed loops"), "key_people": ("重点人员", "key people"), "outbreak_district": ("疫情所在区", "the district of the outbreak"),
    "urban": ("城区", "urban areas"), "rural": ("农村", "rural areas"), "chain_unclear": ("传播链不清", "the chain is unclear"),
    "many_risk_places": ("风险场所多", "many places at risk"), "spread_risk": ("存在扩散风险", "it may spread"),
    "several_districts": ("多区发生", "several districts are hit"), "contacts_controlled": ("密接已管控", "contacts are controlled"),
    "no_community_risk": ("无社区传播风险", "no risk in the community"), "single_infections": ("散发感染者", "single infections"),
    "nursing_home": ("养老院", "nursing homes"), "welfare_home": ("福利院", "welfare homes"),
    "medical_institution": ("医疗机构", "medical institutions"), "childcare": ("托幼机构", "childcare"),
    "primary_and_secondary_school": ("中小学", "primary and secondary schools"), "rash_onset": ("出疹", "onset of rash"),
    "second_negative": ("第二次阴性", "the second negative"), "burial": ("安葬", "burial"),
    "burial_of_probable_case": ("可能病例安葬", "burial of a probable case"),
    "death_of_last_patient": ("末例患者死亡", "death of the last patient"), "safe": ("安全", "safe"),
    "transmission_risk": ("传播风险", "risk of transmission"), "outbreak_risk": ("暴发风险", "risk of an outbreak"),
    "regional_risk": ("区域流行风险", "risk in the region"), "cases in a county": ("一县病例数", "cases in a county"),
    "Breteau index": ("布雷图指数", "Breteau index"), "mosquito ovitrap index": ("诱蚊诱卵指数", "mosquito ovitrap index"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A parameter a rule reads. `{level}`, `{role}` and `{name}` in the pattern stand for one word."""

    pattern: str
    unit: str
    zh: str
    en: str


def _keys(*entries: tuple[str, str, str, str]) -> tuple[Key, ...]:
    return tuple(Key(pattern=a, unit=b, zh=c, en=d) for a, b, c, d in entries)


KEYS = _keys(
    ("zone.classes", "names", "风险区类别", "classes of zone"),
    ("zone.units", "names", "风险区划定单元", "units a zone is made of"),
    ("zone.units_never", "names", "不得作为划定单元", "units a zone is never made of"),
    ("zone.units_widen_if", "names", "可扩大划定的情形", "circumstances in which a zone may be wider"),
    ("zone.optional_if", "names", "可不划定风险区的情形", "circumstances in which no zone need be set"),
    ("zone.{level}.quiet_days", "days", "{level}：连续无新增感染者的天数", "{level}: days in a row without a new infection"),
    ("zone.{level}.closing_round_hours", "hours", "{level}：末轮全员核酸的时间窗", "{level}: window of the closing round before the end"),
    ("zone.{level}.contacts_clear_days", "days", "{level}：末例密接暴露后应满天数", "{level}: days since the last contact's exposure"),
    ("zone.{level}.to", "level", "{level}：期满后转为", "{level}: becomes"),
    ("zone.{level}.may_leave", "level", "{level}：活动范围", "{level}: people stay in"),
    ("zone.{level}.leave_city_test_hours", "hours", "{level}：离市所需核酸证明时限", "{level}: age of a negative test to leave the city"),
    ("zone.home_isolated_contacts_do_not_reset", "none", "居家隔离阳性者的同住人转阳不重新计时", "a household contact of a home-isolated positive does not reset the clock"),
    ("zone.reanchor_on_new_contacts", "none", "集中隔离者转阳且产生新密接时重新计时", "an isolated person who turns positive and makes new local contacts resets the clock"),
    ("zone.temporary_sealing", "text", "临时封控", "temporary sealing"),
    ("person.{role}", "phases", "{role}", "{role}"),
    ("window.{role}_days", "days", "{role}：追溯天数", "{role}: days back that count"),
    ("case.discharge_ct", "ct", "出院核酸Ct值下限", "Ct value at which a case may be discharged"),
    ("case.discharge_tests", "count", "出院所需连续检测次数", "tests in a row for discharge"),
    ("case.discharge_gap_hours", "hours", "出院两次检测最小间隔", "least gap between tests for discharge"),
    ("screening.rounds_clear", "count", "停止全员核酸所需连续清零轮数", "rounds in a row without community infection"),
    ("screening.gap_days", "days", "停止前间隔天数", "gap before the confirming round"),
    ("screening.confirming_rounds", "count", "间隔后的复核轮数", "confirming rounds after the gap"),
    ("screening.confirmed_in", "names", "需要复核轮的区域", "places that need the confirming round"),
    ("screening.required_if", "names", "开展区域核酸的情形", "circumstances in which an area is screened"),
    ("screening.not_required_if", "names", "不开展区域核酸的情形", "circumstances in which an area is not screened"),
    ("screening.by_area", "text", "按行政区域开展全员核酸", "screening by administrative area"),
    ("screening.controlled.{name}", "names", "管控人员范围（{name}）", "who counts as controlled ({name})"),
    ("screening.clear_days.{name}", "days", "社会面清零所需天数（{name}）", "days to community zero ({name})"),
    ("screening.basically_clear_per_100k", "count", "社会面基本清零的十万人发现率上限", "finds per 100,000 below which community zero is basic"),
    ("screening.key_days.{name}", "days", "重点人员检测间隔（{name}）", "days between tests of key people ({name})"),
    ("screening.key_tests.{name}", "count", "重点人员该间隔内检测次数（{name}）", "tests of key people within that many days ({name})"),
    ("screening.hit_percent_a_day.{name}", "count", "疫情所在县重点机构首轮全员后每日抽检百分比（{name}）", "per cent of people in key institutions of a hit county tested a day after one full round ({name})"),
    ("screening.single_for", "names", "须单采的人群", "who is swabbed singly"),
    ("screening.pool_sizes", "names", "混采比例", "pool sizes"),
    ("screening.persons_per_site", "names", "每个采样点服务人数", "people per sampling site"),
    ("screening.persons_per_sampler", "count", "每名采样人员对应人数", "people per sampler"),
    ("screening.large_city_over", "count", "特大城市人口界", "population above which a city is large"),
    ("screening.deadline_hours.{name}", "hours", "全员核酸完成时限（{name}）", "hours to finish a round ({name})"),
    ("capacity.{name}", "count", "资源标准（{name}）", "norm of capacity ({name})"),
    ("limit.{name}_hours", "hours", "时限（{name}）", "time limit ({name})"),
    ("authority.{name}", "level", "决定权（{name}）", "who decides ({name})"),
    ("movement.outside_zones", "text", "风险区外限制流动", "limits of movement outside zones"),
    ("movement.from_low", "names", "低风险区来人可采取的措施", "what may be asked of people from a low area"),
    ("check.only_at", "names", "可查验核酸和健康码的场所", "places that may check tests and codes"),
    ("travel.preboarding_hours", "hours", "登机前核酸时限", "age of the test before boarding"),
    ("travel.preboarding_tests", "count", "登机前核酸次数", "tests before boarding"),
    ("travel.after_arrival", "text", "入境后措施", "what follows arrival"),
    ("travel.positive_ct_below", "ct", "入境人员判定阳性的Ct值界", "Ct below which an inbound traveller is positive"),
    ("outbreak.quiet_days", "days", "疫情结束所需无新发天数", "days without a case until the outbreak is over"),
    ("outbreak.anchor", "names", "起算事件", "events from which the count starts"),
    ("outbreak.heightened_days", "days", "结束后强化监测天数", "days of heightened surveillance afterwards"),
    ("outbreak.cluster_cases", "count", "聚集性疫情病例数", "linked cases that make a cluster"),
    ("follow_up.contact_days", "days", "接触者随访天数", "days contacts are followed"),
    ("follow_up.check_days", "names", "随访检查日", "days on which contacts are checked"),
    ("follow_up.measure", "text", "接触者措施", "what contacts are asked"),
    ("follow_up.quarantine", "none", "接触者是否隔离", "whether contacts are quarantined"),
    ("follow_up.work_allowed", "none", "接触者可否上班", "whether contacts may work"),
    ("infectious.days_before", "days", "传染期：发病前天数", "infectious days before onset"),
    ("infectious.days_after", "days", "传染期：发病后天数", "infectious days after onset"),
    ("exclusion.unvaccinated_days", "days", "未免疫学生停课天数", "days unvaccinated pupils stay away"),
    ("exclusion.after_symptoms_hours", "hours", "症状消失后停工停课时间", "hours people stay away after symptoms"),
    ("exposure.room_hours_after", "hours", "病例离开后仍算暴露的时间", "hours a room counts as exposed after a case left"),
    ("exposure.distance_m", "count", "暴露距离（米）", "distance of exposure (m)"),
    ("core.radius_m", "count", "核心区半径（米）", "radius of the core area (m)"),
    ("search.imported_window_days", "days", "输入病例后搜索发热者的时间窗", "window in which febrile residents are sought"),
    ("index.{name}", "bands", "指数分级（{name}）", "bands of an index ({name})"),
    ("trigger.{name}", "trigger", "触发条件（{name}）", "trigger ({name})"),
    ("survey.every_days", "days", "监测间隔天数", "days between surveys"),
)  # fmt: skip
_WORD = {"level": "|".join(LEVELS), "role": "|".join(ROLES), "name": "[a-z0-9_]+"}


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Key], ...]:
    return tuple(
        (re.compile(re.sub(r"\\\{(\w+)\\\}", lambda hit: f"(?P<{hit[1]}>{_WORD[hit[1]]})", re.escape(one.pattern))), one)
        for one in KEYS
    )  # fmt: skip


def key_of(name: str) -> tuple[Key, Mapping[str, str]] | None:
    """
    Return the register's entry for a parameter, with the words that stand for its blanks; None where no rule reads it.

    >>> key_of("zone.high.quiet_days")[1]
    {'level': 'high'}
    >>> key_of("zone.hihg.quiet_days") is None
    True
    """
    for pattern, one in _patterns():
        hit = pattern.fullmatch(name)
        if hit is not None:
            return one, hit.groupdict()
    return None


def said(name: str) -> tuple[str, str]:
    """
    Return the name of a parameter in words, in Chinese and in English; itself where the register has none.

    >>> said("zone.high.quiet_days")[1]
    'high-risk zones: days in a row without a new infection'
    """
    found = key_of(name)
    if found is None:
        return name, name
    one, words = found
    tables = {**LEVELS, **ROLES, **NAMES}
    zh = {blank: tables.get(word, (word, word))[0] for blank, word in words.items()}
    en = {
        blank: tables.get(word, (word.replace("_", " "),) * 2)[1] for blank, word in words.items()
    }
    return one.zh.format(**zh), one.en.format(**en)


def value_said(value: Any, unit: str) -> tuple[str, str]:
    """
    Return a value in words, in Chinese and in English.

    >>> value_said([{"name": "home_isolation", "days": 5, "tests": [5]}], "phases")
    ('居家隔离5天（第5天检测）', 'home isolation 5 days (tests on day 5)')
    """
    if value is None:
        return "未规定", "not set"
    if unit == "phases":
        parts = [_phase(one) for one in value]
        return "，".join(zh for zh, _ in parts) or "无", ", then ".join(
            en for _, en in parts
        ) or "nothing"
    if isinstance(value, bool):
        return ("是", "yes") if value else ("否", "no")
    if unit == "trigger" and isinstance(value, Mapping):
        zh, en = _word(value.get("counted", ""))
        bound = f"{value.get('operator', '')} {value.get('value', '')}"
        days = value.get("window_days")
        return (
            f"{zh} {bound}" + (f"（{days}天内）" if days else ""),
            f"{en} {bound}" + (f" (within {days} days)" if days else ""),
        )
    if isinstance(value, list) and len(value) == 2 and all(isinstance(one, list) for one in value):
        steps = list(zip(*value, strict=False))
        return (
            "；".join(f"从{bound:,}起为{held}" for bound, held in steps),
            "; ".join(f"from {bound:,}: {held}" for bound, held in steps),
        )
    if isinstance(value, list):
        words = [_word(one) for one in value]
        zh, en = (
            "、".join(one for one, _ in words) or "无",
            ", ".join(one for _, one in words) or "none",
        )
        end = _UNITS.get(unit, ("", ""))
        return zh + end[0], en + end[1]
    if isinstance(value, dict):
        named = [(_word(key), _word(one)) for key, one in value.items()]
        return (
            "，".join(f"{key[0]} {one[0]}" for key, one in named),
            ", ".join(f"{key[1]} {one[1]}" for key, one in named),
        )
    zh, en = _word(value)
    end = _UNITS.get(unit, ("", ""))
    return zh + end[0], en + end[1]


def _word(value: Any) -> tuple[str, str]:
    named = {
        **_WORDS,
        **{level: (zh.removesuffix("区") + "区", level) for level, (zh, _) in LEVELS.items()},
    }
    return named.get(str(value), (str(value), str(value).replace("_", " ")))


def _phase(one: Mapping[str, Any]) -> tuple[str, str]:
    zh, en = PLACES.get(one["name"], (one["name"], one["name"].replace("_", " ")))
    if one.get("days"):
        zh, en = f"{zh}{one['days']}天", f"{en} {one['days']} days"
    tests: Sequence[int] = one.get("tests", ())
    if tests:
        days = "、".join(map(str, tests))
        zh, en = (
            f"{zh}（第{days}天检测）",
            f"{en} (tests on day{'s' if len(tests) > 1 else ''} {', '.join(map(str, tests))})",
        )
    elif one.get("tests_needed"):
        zh, en = f"{zh}（{one['tests_needed']}次检测）", f"{en} ({one['tests_needed']} tests)"
    return zh, en


def choice_said(value: Any) -> tuple[str, str]:
    """
    Return what a jurisdiction chose, in Chinese and in English.

    >>> choice_said("only_shorter")[1], choice_said(False)[1], choice_said({"contact": "arrival"})[1]
    ('may only get shorter', 'no', 'contacts: arrival')
    """
    if isinstance(value, bool):
        return ("是", "yes") if value else ("否", "no")
    if isinstance(value, Mapping):
        pairs = [(ROLES.get(key, (key, key)), choice_said(one)) for key, one in value.items()]
        return (
            "；".join(f"{role[0]}：{told[0]}" for role, told in pairs),
            "; ".join(f"{role[1]}: {told[1]}" for role, told in pairs),
        )
    if isinstance(value, list | tuple):
        told = [choice_said(one) for one in value]
        return "、".join(one[0] for one in told), ", ".join(one[1] for one in told)
    text = str(value)
    return CHOSEN.get(text) or NAMES.get(text) or _WORDS.get(text) or (text, text.replace("_", " "))
