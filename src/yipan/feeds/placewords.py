"""What others call the columns and values of files about zones: registers, where cases were, rosters, measures."""

from collections.abc import Mapping

from yipan.model import MeasureKind

PLACE = ("area", "parent", "place", "compound", "building", "unit", "floor", "room")
"""The columns that say where; all but the area are optional where `place` gives the whole expression."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "area": ("area_code", "area_path", "region", "district", "county", "street", "town", "地区", "区域", "区划", "行政区划",
             "区县", "县区", "街道", "乡镇", "镇街"),
    "parent": ("parent_area", "within", "上级", "上级地区", "所属地市"),
    "place": ("place_expression", "expression", "where", "位置", "地点", "场所范围"),
    "compound": ("estate", "village", "community", "residential_compound", "小区", "村", "小区村", "小区名称", "院落"),
    "building": ("block", "tower", "building_no", "楼栋", "栋", "楼号", "幢", "楼宇"),
    "unit": ("entrance", "staircase", "单元", "单元号"),
    "floor": ("floors", "storey", "level_of_building", "楼层", "层"),
    "room": ("rooms", "flat", "door", "房号", "房间", "室", "门牌"),
    "id": ("no", "number", "编号", "序号", "记录编号"),
    "residents": ("population", "people_living", "inhabitants", "居住人数", "常住人口", "居民数", "人口", "人口数"),
    "households": ("families", "户数", "家庭户数"),
    "source": ("told_by", "来源", "数据来源"),
    "outline": ("polygon", "boundary", "wkt", "轮廓", "边界", "围栏"),
    "longitude": ("lon", "lng", "经度"),
    "latitude": ("lat", "纬度"),
    "case": ("case_id", "case_no", "病例", "病例编号", "感染者编号", "病例号"),
    "found": ("found_at", "reported", "reported_at", "first_positive", "发现时间", "报告时间", "首次阳性时间", "初筛阳性时间"),
    "controlled": ("controlled_at", "taken_out", "管控时间", "转运时间", "控制时间"),
    "counts": ("counts_as_new", "new_infection", "是否计入", "计为新发"),
    "home_isolated_contact": ("isolated_at_home_contact", "居家隔离密接", "居家隔离的密接或同住人"),
    "isolated": ("in_central_isolation", "集中隔离中", "是否集中隔离", "隔离中发现"),
    "home": ("lives_here", "is_home", "居住地", "是否居住地", "是否住处"),
    "hours": ("hours_there", "stay_hours", "停留小时", "停留时长", "停留时间小时"),
    "crowd": ("people_there", "usual_people", "同处人数", "在场人数"),
    "air_changes": ("air_changes_per_hour", "ach", "换气次数", "每小时换气次数"),
    "m3_per_person": ("volume_per_person", "人均空间", "人均立方米"),
    "zone": ("zone_id", "zone_no", "风险区", "风险区编号", "区域编号", "封控区编号"),
    "person": ("pseudonym", "person_id", "人员代号", "化名"),
    "token": ("person_token", "screening_number", "人员编号", "采样编号", "人员码"),
    "name": ("full_name", "姓名"),
    "certificate": ("id_number", "identity_card", "passport", "身份证", "身份证号", "证件号", "证件号码"),
    "phone": ("mobile", "telephone", "phone_number", "电话", "手机", "手机号", "联系电话"),
    "kind": ("measure_kind", "measure_type", "措施种类", "措施类别", "措施类型"),
    "since": ("from", "since_at", "started", "开始时间", "开始", "起始时间", "自"),
    "until": ("to", "ended", "结束时间", "结束", "解除时间", "止"),
    "order_level": ("ordered_by_level", "decided_by_level", "决定层级", "发布层级", "命令层级"),
    "people": ("people_touched", "affected", "涉及人数", "影响人数"),
    "reason": ("reason_recorded", "grounds", "理由", "记录理由", "原因"),
    "stays": ("may_go", "people_stay_in", "活动范围", "限制范围"),
    "zone_levels": ("limited_to", "levels", "限于区域等级"),
    "level": ("zone_level", "risk_level", "区域等级", "风险等级"),
    "test_hours": ("test_within_hours", "核酸时限小时", "核酸有效小时"),
    "origin_level": ("from_level", "来自区域等级", "来源地等级"),
    "measure": ("asked", "what_is_asked", "措施", "管理措施"),
    "days": ("for_days", "天数", "管理天数"),
    "role": ("person_role", "人员类别", "角色"),
    "exposure_recorded": ("has_exposure", "有无暴露记录", "是否有暴露"),
    "phases": ("stages", "阶段"),
    "computed_end": ("end_by_protocol", "应解除时间", "应结束时间"),
    "actual_end": ("end_in_fact", "实际解除时间", "实际结束时间"),
    "need": ("care_needed", "就医需求", "诉求"),
    "urgent": ("is_urgent", "是否紧急", "急危重"),
    "refused": ("was_refused", "是否拒诊", "是否推诿"),
    "alternative": ("alternative_offered", "是否提供替代", "替代安排"),
    "answered": ("answered_at", "答复时间", "处置时间"),
    "care_unit": ("closed_unit", "hospital", "科室", "医疗机构", "停诊单位"),
    "closed_hours": ("hours_closed", "停诊小时", "停诊时长"),
    "diversion": ("patients_go_to", "分流去向", "转诊去向"),
    "conditions_met": ("met_all_conditions", "是否符合条件", "符合返乡条件"),
    "approved_by": ("approver", "批准单位", "批准机关"),
    "turned_back": ("vehicles_turned_back", "劝返车辆", "劝返数"),
    "met_conditions": ("turned_back_though_fit", "符合条件被劝返", "其中符合条件"),
    "venue": ("venue_kind", "场所", "关停场所"),
    "area_level": ("level_of_area", "所在区域等级", "所在地等级"),
    "case_link": ("link_to_case", "关联病例", "疫情关联"),
}  # fmt: skip
"""For each of our columns, what others call it."""

KINDS: Mapping[str, tuple[str, ...]] = {
    MeasureKind.MOVEMENT_LIMIT: ("限制出行", "限制流动", "出行限制"),
    MeasureKind.LEAVE_CONDITION: ("离开条件", "离市条件", "离开本市条件"),
    MeasureKind.ZONE_MEASURE: ("区域管控", "风险区管控措施", "区内管控"),
    MeasureKind.ARRIVAL_MEASURE: ("入返措施", "来返人员措施", "来返措施"),
    MeasureKind.PERSON_CLASS: ("人员类别", "风险人员类别", "人员判定"),
    MeasureKind.PERSON_PLAN: ("个人隔离", "隔离方案", "个人管理"),
    MeasureKind.CARE_REQUEST: ("就医请求", "就医需求", "求医"),
    MeasureKind.CARE_CLOSURE: ("停诊", "医疗机构停诊", "诊疗关闭"),
    MeasureKind.STUDENT_RETURN: ("学生返乡", "学生返家", "高校学生返乡"),
    MeasureKind.CHECKPOINT: ("卡点", "检查点", "防疫检查点", "公路卡点"),
    MeasureKind.VENUE_CLOSURE: ("场所关停", "关停", "停业", "经营场所关停"),
}
"""The kinds of measures and what they are called in Chinese."""

TERMS: Mapping[str, tuple[str, ...]] = {
    MeasureKind.MOVEMENT_LIMIT: ("stays", "zone_levels"),
    MeasureKind.LEAVE_CONDITION: ("level", "test_hours"),
    MeasureKind.ZONE_MEASURE: ("level", "stays"),
    MeasureKind.ARRIVAL_MEASURE: ("origin_level", "measure", "days"),
    MeasureKind.PERSON_CLASS: ("role", "measure", "exposure_recorded"),
    MeasureKind.PERSON_PLAN: ("role", "phases", "computed_end", "actual_end"),
    MeasureKind.CARE_REQUEST: ("need", "urgent", "refused", "alternative", "answered"),
    MeasureKind.CARE_CLOSURE: ("care_unit", "closed_hours", "diversion"),
    MeasureKind.STUDENT_RETURN: ("conditions_met", "measure"),
    MeasureKind.CHECKPOINT: ("approved_by", "turned_back", "met_conditions"),
    MeasureKind.VENUE_CLOSURE: ("venue", "area_level", "case_link"),
}
"""The columns that only measures of a kind have."""

NEEDED_TERMS: Mapping[str, tuple[str, ...]] = {
    MeasureKind.LEAVE_CONDITION: ("level", "test_hours"),
    MeasureKind.ZONE_MEASURE: ("level", "stays"),
    MeasureKind.ARRIVAL_MEASURE: ("origin_level", "measure"),
    MeasureKind.PERSON_CLASS: ("role", "measure"),
    MeasureKind.PERSON_PLAN: ("role", "phases"),
    MeasureKind.CARE_REQUEST: ("need",),
    MeasureKind.CARE_CLOSURE: ("care_unit",),
    MeasureKind.STUDENT_RETURN: ("conditions_met", "measure"),
    MeasureKind.CHECKPOINT: ("approved_by",),
    MeasureKind.VENUE_CLOSURE: ("venue", "area_level"),
}
"""Those without which a measure of the kind says nothing."""

TERM_NAMES = {"care_unit": "unit", "closed_hours": "hours"}
"""What a column of a term is called within the measure, where another column bears that name."""

WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "level": {
        "high": ("高风险", "高风险区"), "medium": ("中风险", "中风险区"), "low": ("低风险", "低风险区"),
        "sealed": ("封控", "封控区"), "controlled": ("管控", "管控区"), "precaution": ("防范", "防范区"),
        "normal": ("常态化", "常态化地区", "无风险区"),
    },
    "stays": {
        "anywhere": ("不限", "自由"), "leave_with_test": ("凭核酸离开", "凭核酸出行"), "zone": ("人不出区", "足不出区"),
        "compound": ("足不出小区", "不出小区"), "building": ("足不出楼", "不出楼"), "unit": ("足不出单元",),
        "floor": ("足不出层",), "home": ("足不出户",),
    },
    "order_level": {
        "nation": ("国家",), "province": ("省", "省级"), "city": ("市", "市级", "地市", "prefecture"),
        "county": ("县", "区", "县级", "区级"), "street": ("街道", "镇", "乡镇", "镇街", "town"),
    },
}  # fmt: skip
"""For each of our values, what others call it; a word that is not among them is kept as it stands."""

YES = frozenset({"yes", "y", "true", "1", "是", "有", "对", "√"})
NO = frozenset({"no", "n", "false", "0", "否", "无", "不", "×"})
