"""Columns by what people call them, in Chinese and English, or by a saved mapping."""

import re
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from yipan.model import Counted, DetectionMode, Interval
from yipan.packs.yaml_text import read_yaml

from . import placewords
from .decode import cell_key
from .frame import file_problem

ALIASES: dict[str, tuple[str, ...]] = {
    "area": ("area", "area_code", "area_path", "place", "region", "district", "county", "city", "division",
             "code", "地区", "区域", "区划", "行政区划", "行政区划代码", "地区编码", "区县", "地市", "城市", "县区"),
    "parent": ("parent", "parent_area", "within", "province", "上级", "上级地区", "所属地市", "所属省", "省份"),
    "day": ("day", "date", "report_date", "reporting_date", "日期", "报告日期", "统计日期", "时间"),
    "counted": ("counted", "indicator", "measure", "what", "指标", "统计项", "类别", "计数项"),
    "value": ("value", "count", "number", "cases", "n", "数值", "数量", "人数", "例数", "计数", "病例数"),
    "stream": ("stream", "stream_key", "数据流"),
    "disease": ("disease", "疾病", "病种"),
    "mode": ("mode", "detection", "detection_mode", "found_by", "发现方式", "发现途径"),
    "interval": ("interval", "period", "周期", "间隔", "统计周期"),
    "site": ("site", "facility", "hospital", "clinic", "pharmacy", "医院", "机构", "报告单位", "哨点"),
    "case": ("case", "case_id", "id", "case_no", "epid_number", "visualid", "病例编号", "编号", "病例号", "案例编号"),
    "name": ("name", "full_name", "patient", "patient_name", "姓名", "患者姓名"),
    "certificate": ("certificate", "id_number", "identity_card", "national_id", "passport", "身份证", "身份证号",
                    "证件号", "证件号码", "身份证号码"),
    "phone": ("phone", "phone_number", "mobile", "telephone", "电话", "手机", "手机号", "联系电话", "联系方式"),
    "address": ("address", "home_address", "住址", "地址", "现住址", "家庭住址", "居住地址"),
    "born": ("born", "birth_date", "birthdate", "dob", "date_of_birth", "出生日期", "生日"),
    "classification": ("classification", "case_classification", "status", "分类", "病例分类", "诊断类型"),
    "onset": ("onset", "onset_date", "date_of_onset", "dt_onset", "symptom_onset", "发病日期", "发病时间"),
    "sampled": ("sampled", "sample_date", "sampled_at", "date_sample_taken", "采样时间", "采样日期"),
    "reported": ("reported", "reported_at", "date_of_reporting", "dt_report", "报告时间", "上报时间"),
    "confirmed": ("confirmed", "confirmed_at", "date_confirmed", "dt_diag", "确诊时间", "确诊日期"),
    "isolated": ("isolated", "isolated_at", "date_isolated", "隔离时间", "隔离日期"),
    "origin": ("origin", "case_origin", "来源", "感染来源", "病例来源"),
    "severity": ("severity", "严重程度", "临床严重程度", "病情"),
    "outcome": ("outcome", "转归", "结局"),
    "incident": ("incident", "outbreak", "疫情", "事件"),
}  # fmt: skip
"""For each of our columns, what others call it."""

PERSONAL_COLUMNS = ("name", "certificate", "phone", "address", "born")

VALUES: dict[str, dict[str, tuple[str, ...]]] = {
    "counted": {
        Counted.LOCAL_CONFIRMED: ("local_confirmed_new", "本土确诊", "新增本土确诊", "本土确诊病例"),
        Counted.LOCAL_ASYMPTOMATIC: ("local_asymptomatic_new", "本土无症状", "新增本土无症状", "本土无症状感染者"),
        Counted.LOCAL_INFECTIONS: ("local_total", "本土感染者", "新增本土感染者"),
        Counted.LOCAL_CONVERSIONS: ("本土转归", "无症状转确诊", "本土无症状转确诊"),
        Counted.IMPORTED_CONFIRMED: ("境外输入确诊", "新增境外输入确诊"),
        Counted.IMPORTED_ASYMPTOMATIC: ("境外输入无症状", "新增境外输入无症状"),
        Counted.IMPORTED_CONVERSIONS: ("境外输入转确诊",),
        Counted.SUSPECTED: ("疑似", "疑似病例"),
        Counted.DEATHS: ("death", "死亡", "死亡病例"),
        Counted.FEVER_CLINIC_VISITS: ("发热门诊", "发热门诊就诊", "发热门诊就诊人次"),
        Counted.ILI_VISITS: ("ili", "流感样病例"),
        Counted.OUTPATIENT_VISITS: ("门诊", "门诊就诊人次"),
        Counted.PHARMACY_SALES: ("药店销量", "退热药销量", "药品销售"),
        Counted.SCHOOL_ABSENCES: ("缺课", "学校缺课", "因病缺课"),
        Counted.CARE_HOME_FEVERS: ("养老机构发热",),
        Counted.LABORATORY_POSITIVES: ("实验室阳性", "核酸阳性"),
        Counted.LABORATORY_TESTS: ("实验室检测", "核酸检测"),
        Counted.HOTLINE_CALLS: ("热线来电", "12345来电"),
        Counted.WASTEWATER_POSITIVES: ("污水阳性",),
        Counted.WASTEWATER_COPIES: ("污水核酸浓度",),
        Counted.WASTEWATER_FLOW: ("污水流量",),
        Counted.WASTEWATER_LIMIT: ("污水检出限",),
        Counted.VECTOR_POSITIVES: ("媒介阳性", "蚊媒阳性"),
        Counted.SEARCH_QUERIES: ("搜索量", "网络搜索"),
    },
    "mode": {
        DetectionMode.ANY: ("all", "不限", "全部"),
        DetectionMode.IN_QUARANTINE: ("隔离观察", "隔离管控", "集中隔离"),
        DetectionMode.RISK_AREA: ("风险区", "高风险区", "风险区筛查"),
        DetectionMode.COMMUNITY_SCREENING: ("社区筛查", "社会面筛查"),
        DetectionMode.OWN_CONSULTATION: ("主动就诊", "就诊发现"),
    },
    "interval": {Interval.DAY: ("daily", "日", "每日"), Interval.WEEK: ("weekly", "周", "每周")},
}  # fmt: skip
"""For each of our values, what others call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """
    What a user knows about a file: their column for ours, values for all rows, how its dates are written.

    `columns` leads from their header to ours; `defaults` gives our columns a value where the file has none;
    `date_order` is dmy or mdy; `time_zone` is that of instants written without one.
    """

    columns: Dictionary[str, str] = field(default_factory=dict)
    defaults: Dictionary[str, str] = field(default_factory=dict)
    date_order: str | None = None
    sheet: str | None = None
    time_zone: str = "Asia/Shanghai"

    def __post_init__(self) -> None:
        for ours in (*self.columns.values(), *self.defaults):
            if ours not in ALIASES and ours not in placewords.COLUMNS:
                near = nearest(ours, {**ALIASES, **placewords.COLUMNS})
                raise ValueError(f"the mapping names {ours!r}, which is no column read here{near}")
        if self.date_order not in {None, "dmy", "mdy"}:
            raise ValueError(f"date_order is dmy or mdy, not {self.date_order!r}")

    @classmethod
    def load(cls, path: Path) -> "Mapping":
        """Read a mapping from a small YAML file; raises ValueError naming what is wrong in it."""
        content = read_yaml(path.read_text(encoding="utf-8")) or {}
        known = {"columns", "defaults", "date_order", "sheet", "time_zone"}
        if not isinstance(content, dict) or not set(content) <= known:
            raise ValueError(f"{path.name}: a mapping has {', '.join(sorted(known))}, nothing else")
        for name in ("columns", "defaults"):
            try:
                content[name] = {str(k): str(v) for k, v in content.get(name, {}).items()}
            except AttributeError:
                raise ValueError(f"{path.name}: {name} must be a table of names") from None
        return cls(**content)


def header_key(text: str) -> str:
    """
    A header as it is compared.

    >>> header_key(" Date of Onset ")
    'date_of_onset'
    """
    clean = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text.strip().strip("\ufeff"))
    return re.sub(r"[\s_\-.]+", "_", cell_key(clean)).strip("_")


def nearest(name: str, known: Dictionary[str, object]) -> str:
    """A remark naming the known name nearest to `name`, or nothing."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; the nearest is {near[0]!r}" if near else ""


_OUTER = {header_key(name) for name in ("city", "城市", "地市", "region")}
"""Columns that name the area, unless another column names a smaller one."""
_COLUMN = {
    header_key(alias): ours for ours, aliases in ALIASES.items() for alias in (ours, *aliases)
}
_VALUE = {
    column: {cell_key(word): ours for ours, words in values.items() for word in (ours, *words)}
    for column, values in VALUES.items()
}


def known_value(column: str, text: str) -> str | None:
    """Our value for a text in a column of fixed values, None where it is not known."""
    key = cell_key(text)
    found = _VALUE[column].get(key) or _VALUE[column].get(key.replace(" ", "_").replace("-", "_"))
    return None if found is None else str(found)


def match_columns(header: tuple[str, ...], mapping: Mapping) -> dict[str, int]:
    """
    Return the position of each of our columns in a header.

    Raises CannotRead where two columns have one name or two say the same thing.
    """
    keys = [header_key(name) for name in header]
    for position, key in enumerate(keys):
        if key and key in keys[:position]:
            first = keys.index(key)
            raise file_problem(
                f"two columns bear one name: {first + 1} and {position + 1}",
                f"第{first + 1}列和第{position + 1}列同名",
                "rename or remove one of them",
                row=1,
                column=header[position],
            )
    given = {header_key(theirs): ours for theirs, ours in mapping.columns.items()}
    for theirs in mapping.columns:
        if header_key(theirs) not in keys:
            raise file_problem(
                f"the mapping names a column {theirs!r} the file does not have",
                f"映射里的列“{theirs}”文件中没有",
                row=1,
            )
    found: dict[str, int] = {}
    for position, key in enumerate(keys):
        ours = given.get(key)
        if ours is None and key in _COLUMN and _COLUMN[key] not in given.values():
            ours = _COLUMN[key]
        if ours is None:
            continue
        if ours == "area" and ours in found and "parent" not in found:
            if key in _OUTER:
                ours = "parent"
            elif keys[found["area"]] in _OUTER:
                found["parent"] = found.pop("area")
        if ours in found:
            raise file_problem(
                f"columns {found[ours] + 1} and {position + 1} both stand for {ours}",
                f"第{found[ours] + 1}列和第{position + 1}列都表示{ours}",
                "say in a mapping which one counts",
                row=1,
                column=header[position],
            )
        found[ours] = position
    return found


def unknown_column(name: str) -> tuple[str, str]:
    """The note on a column nobody reads, in both languages, with the nearest known name."""
    key = header_key(name)
    near = [] if key in _COLUMN else get_close_matches(key, list(_COLUMN), n=1, cutoff=0.75)
    return (
        "this column is not read" + (f"; did you mean {near[0]}?" if near else ""),
        "此列未读" + (f"；是否指“{near[0]}”？" if near else ""),
    )
