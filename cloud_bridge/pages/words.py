"""The fixed words of the pages, both languages side by side."""

from __future__ import annotations

from typing import Final

from cloud_bridge.pages.login_words import LOGIN_WORDS
from packtrail.language import Text

WORDS: Final = {
    "sentence": Text(
        "Every battery pack's signed life story: where it is, how healthy it is, and what "
        "happened to it, straight from its CAN bus.",
        "每个电池包的签名生命档案：它在哪里、健康如何、经历过什么——数据直接来自 CAN 总线。",
    ),
    "title": Text("Digital IDs of battery packs", "动力电池数字身份证"),
    "hidden": Text("Not shown to you", "未向您显示的内容"),
    "hidden_why": Text(
        "The access rules hide the following from you. Who may see it logs in, or brings a key.",
        "根据访问规则，以下内容不向您显示；有权者请登录或使用密钥。",
    ),
    "hidden_who": Text("may be asked for by {who}", "可申请查看者：{who}"),
    "overview": Text("Overview", "总览"),
    "packs": Text("Packs", "电池包"),
    "facts": Text("signed facts", "已签名事实"),
    "chunks": Text("telemetry chunks", "遥测数据块"),
    "stations": Text("Stations", "站点"),
    "need_care": Text("packs need attention", "个电池包需关注"),
    "need_care_here": Text("packs on this page need attention", "本页需关注的电池包"),
    "online_of": Text("stations online", "站点在线"),
    "attention": Text("Needs attention", "需要关注"),
    "code": Text("Code", "编码"),
    "chemistry": Text("Chemistry", "电池类型"),
    "soc": Text("State of charge", "荷电状态"),
    "soc_short": Text("Charge", "电量"),
    "soh": Text("State of health", "健康状态"),
    "soh_short": Text("Health", "健康度"),
    "where": Text("Where", "位置"),
    "seen": Text("Last seen", "最近上报"),
    "verdict": Text("Verdict", "结论"),
    "no_packs": Text(
        "No pack has been reported yet. As soon as a gateway sends its first record, it is "
        "listed here.",
        "尚无电池包上报。网关发来第一条记录后会在此显示。",
    ),
    "no_stations": Text(
        "No gateway is on the trust list yet: add its public key to the settings.",
        "信任列表中还没有网关：请在配置中加入其公钥。",
    ),
    "more_stations": Text("More stations", "更多换电站"),
    "more": Text("More packs", "更多电池包"),
    "first_page": Text("Back to the first page", "返回第一页"),
    "online": Text("online", "在线"),
    "offline": Text("offline", "离线"),
    "unheard": Text("not heard", "无状态"),
    "not_trusted": Text("key not trusted", "密钥不受信任"),
    "receipt": Text("Last receipt", "最近回执"),
    "through": Text("Records stored", "已入库记录"),
    "missing": Text("Still missing", "缺失"),
    "lag": Text("Sealed to stored", "封装至入库"),
    "site": Text("Site", "场站"),
    "epoch": Text("Outbox epoch", "发件箱批次"),
    "slot": Text("Slot", "仓位"),
    "slots": Text("Slots", "仓位"),
    "empty": Text("empty", "空"),
    "no_slots": Text("Nothing was reported of its slots yet.", "尚无仓位信息。"),
    "unknown_pack": Text("unknown pack", "未知电池包"),
    "identity": Text("Identity", "身份"),
    "maker": Text("Maker", "生产企业"),
    "model": Text("Model", "型号"),
    "level": Text("Level", "层级"),
    "made_on": Text("Made on", "生产日期"),
    "serial": Text("Serial", "流水号"),
    "rated": Text("Rated", "额定"),
    "cells": Text("Cells in series", "串联单体数"),
    "mass": Text("Mass", "质量"),
    "second_life": Text("second life", "梯次利用"),
    "not_registered": Text(
        "No maker has put this pack on record; what is shown is read from its code.",
        "没有生产企业登记过该电池包；以下信息仅由编码解读。",
    ),
    "findings": Text("Unusual", "异常之处"),
    "kept": Text("Telemetry from {day} on is kept", "自 {day} 起的遥测均保留"),
    "kept_until": Text(
        "Telemetry from {day} on is kept, the oldest at least until {until}",
        "自 {day} 起的遥测均保留，最早者至少保留至 {until}",
    ),
    "kept_for_duty": Text(
        "Kept until this is done: {duty} (due {due})", "在完成此项义务前保留：{duty}（截止 {due}）"
    ),
    "retired_span": Text(
        "{n} records of {first} to {last} were retired on {at} under {policy}; "
        "a copy can still be proven by its day's root",
        "{first} 至 {last} 的 {n} 条记录已于 {at} 按 {policy} 清除，其副本仍可由当日的根证明",
    ),
    "health": Text("Health", "健康"),
    "health_unknown": Text("Not known yet", "尚不明确"),
    "health_wait": Text(
        "No estimator has been able to tell. It needs a wide charge with rests.",
        "暂无估计结果，需要一次带静置的宽区间充放电。",
    ),
    "cannot_tell": Text("Newest data", "最新数据"),
    "cannot_tell_text": Text("cannot tell: {why}", "不足以判断：{why}"),
    "interval": Text(
        "The truth lies between {low} and {high} in 95 of 100 cases.",
        "真实值有 95 % 的把握在 {low} 与 {high} 之间。",
    ),
    "how": Text("How known", "依据"),
    "how_text": Text("computed from {n} samples by {method}", "由 {n} 个采样点按 {method} 计算"),
    "limits": Text("What limits it", "受限于"),
    "next": Text("Would narrow it", "可缩小区间"),
    "claims": Text("The BMS claims", "BMS 自报"),
    "capacity": Text("Capacity", "容量"),
    "reference": Text("at {what}", "条件 {what}"),
    "soh_time": Text("State of health over time", "健康状态变化"),
    "session": Text("Last session", "最近一次充放电"),
    "voltage": Text("Pack voltage", "总电压"),
    "current": Text("Pack current, charging positive", "总电流（充电为正）"),
    "temperature": Text("Highest temperature", "最高温度"),
    "cell_max": Text("Highest cell", "最高单体"),
    "cell_min": Text("Lowest cell", "最低单体"),
    "spread": Text("Cell spread", "单体压差"),
    "insulation": Text("Insulation", "绝缘电阻"),
    "no_telemetry": Text("No telemetry of this pack has arrived.", "尚无该电池包的遥测数据。"),
    "safety": Text("Safety", "安全"),
    "now": Text("Newest reading", "最新读数"),
    "no_incident": Text("No incident was ever reported.", "没有任何安全事件记录。"),
    "incidents": Text("Incidents", "安全事件"),
    "since": Text("Since", "开始"),
    "cleared": Text("Cleared", "解除"),
    "open": Text("open", "未解除"),
    "limit": Text("limit", "限值"),
    "history": Text("Binding and history", "绑定与履历"),
    "swaps_line": Text(
        "{swaps} swaps, {vehicles} vehicles, {events} facts",
        "换电 {swaps} 次，服务车辆 {vehicles} 台，事实 {events} 条",
    ),
    "duties_behind": Text(
        "The list is being made: {share} % of the ledger is looked at, {n} facts are left. "
        "What is shown is right, but not all.",
        "列表正在生成：账本已处理 {share}%，剩余 {n} 条事实。已列出的内容正确，但尚不完整。",
    ),
    "history_cut": Text("The newest {n} are shown; all of them:", "仅显示最近 {n} 条；全部记录："),
    "earlier": Text("{n} earlier facts", "更早的 {n} 条事实"),
    "likely_wrong": Text("most likely wrong", "最可能有误"),
    "together": Text("by reports of packs and vehicles together", "综合电池包与车辆的报告"),
    "to_blame": Text("owed or erred: {who}", "责任方：{who}"),
    "contested_here": Text("contested", "存疑"),
    "contradictions": Text("Contradictions", "矛盾之处"),
    "proof": Text("Proof", "证明"),
    "proof_text": Text(
        "All {n} facts carry a signature and lie in the Merkle tree whose head the bridge "
        "signed at {size} facts.",
        "全部 {n} 条事实均有签名，并包含在云桥已签名（共 {size} 条）的 Merkle 树中。",
    ),
    "proof_some": Text(
        "{n} of {all} facts lie below the newest signed tree head; the others follow within "
        "seconds.",
        "{all} 条事实中已有 {n} 条纳入最新签名的树，其余将在数秒内纳入。",
    ),
    "proof_whole": Text(
        "Every fact of this pack carries a signature and lies in the Merkle tree whose head the "
        "bridge signs.",
        "该电池包的每条事实均有签名，并包含在云桥签名的 Merkle 树中。",
    ),
    "proof_none": Text("No checkpoint has been signed yet.", "尚未签署检查点。"),
    "proof_check": Text("Check it yourself:", "自行核验："),
    "download_proof": Text("proof", "证明文件"),
    "download_events": Text("signed events", "签名事件"),
    "download_csv": Text("telemetry as CSV", "遥测 CSV"),
    "sheet": Text("Model sheet", "型号说明"),
    "sheet_parts": Text("Composition", "组成"),
    "sheet_material": Text("Material", "材料"),
    "sheet_steps": Text("Dismantling", "拆解步骤"),
    "sheet_discharge": Text("Discharge first", "先放电"),
    "sheet_safety": Text("Safety", "安全措施"),
    "exports": Text("In the formats of others", "以其他格式导出"),
    "exports_note": Text(
        "public data points; the rest is named as withheld", "仅公开数据项，其余标明为不予显示"
    ),
    "data_age": Text("newest data", "最新数据"),
    "label": Text("Label", "标签"),
    "api": Text("API description", "接口说明"),
    "api_lead": Text(
        "Everything that these pages show, for programs. Errors come as problem+json in your "
        "language. The machine-readable description (OpenAPI):",
        "供程序读取与页面相同的内容；错误以 problem+json 返回。机器可读描述（OpenAPI）：",
    ),
    "optional": Text("optional", "可选"),
    "updated": Text("live", "实时"),
    "times_utc": Text("Times are UTC.", "时间均为 UTC。"),
    "masked": Text("Vehicle numbers are masked.", "车辆识别代号已脱敏。"),
    "alarms": Text("Reports of this station", "本站报告"),
    "twins": Text(
        "{gateway}: record {seq} came with two contents. Is the gateway cloned?",
        "{gateway}：记录 {seq} 出现两种内容，网关是否被克隆？",
    ),
    "refused": Text("Refused records", "被拒绝的记录"),
    "record": Text("Record", "记录"),
    "reason": Text("Reason", "原因"),
    "when": Text("When", "时间"),
    "strangers": Text(
        "{n} messages without a trusted key are kept for inspection.",
        "保留了 {n} 条无可信密钥的消息以备检查。",
    ),
    "duties": Text("Duties", "待办义务"),
    "duty": Text("Who has to do what", "责任方与事项"),
    "due": Text("Due", "期限"),
    "duties_open": Text("{n} open", "未完成 {n} 项"),
    "duties_overdue": Text("{n} overdue", "逾期 {n} 项"),
    "due_in": Text("due in {n} days", "剩余 {n} 天"),
    "overdue_by": Text("overdue by {n} days", "逾期 {n} 天"),
    "provisional": Text("provisional deadline", "暂定期限"),
    "takeback": Text("Take-back", "回收"),
    "takeback_lead": Text(
        "Packs that outlets, recyclers and utilisation firms have taken into store, and the metals "
        "that have to be recovered from them.",
        "回收网点与综合利用企业已入库的电池包，以及应从中回收的金属。",
    ),
    "takeback_behind": Text(
        "{n} facts are still to be counted in; the figures grow.",
        "尚有 {n} 条事实未计入，数字将继续更新。",
    ),
    "takeback_packs": Text("packs taken back", "已回收电池包"),
    "takeback_mass": Text("mass on record", "登记质量"),
    "takeback_energy": Text("rated energy", "额定能量"),
    "takeback_lithium": Text("recoverable lithium", "可回收锂"),
    "takeback_known": Text("with a stated composition", "有组成数据"),
    "takeback_known_short": Text("With composition", "有组成数据"),
    "takeback_nobody_said": Text("not said", "未注明"),
    "takeback_none": Text("Nothing was taken back yet.", "尚无回收记录。"),
    "takeback_how": Text(
        "A pack counts once in each group in which it was received. Recoverable metals are the "
        "elements of the maker's model sheet times the recovery targets (90 % of lithium, 98 % of "
        "the others; MIIT announcement 42/2024). Months are those of China (UTC+8).",
        "同一电池包在每个分组中只计一次。可回收金属＝生产企业型号说明中的元素质量×回收率目标"
        "（锂 90%，其他 98%；工信部公告 2024 年第 42 号）。月份按中国时间（UTC+8）。",
    ),
    "by_month": Text("Month", "月份"),
    "by_region": Text("Region", "区划"),
    "by_party": Text("Party", "单位"),
    "by_lot": Text("Lot", "批次"),
    "duties_all": Text("All", "全部"),
    "duties_late_only": Text("Only overdue", "仅逾期"),
    "due_today": Text("due today", "今日到期"),
    "duty_more_packs": Text("and {n} more packs", "另有 {n} 个电池包"),
    "rules_binding": Text(
        "Rules: {table}, in force on this store since {day} (UTC), put on record by {by}.",
        "规则表：{table}，自 {day}（UTC）起对本库生效，由 {by} 记录。",
    ),
    "days_local": Text(
        "Deadlines end with the day where the rule binds (China, UTC+8).",
        "期限以规则适用地当日结束为准（中国，UTC+8）。",
    ),
    "rules_differ": Text(
        "This bridge brings another table ({own}); it follows the one above. "
        "`packtrail bridge rules diff` compares them.",
        "本云桥自带的规则表（{own}）与之不同，以上表为准；可用 packtrail bridge rules diff 比较。",
    ),
    "no_duties_late": Text("Nothing is overdue.", "没有逾期事项。"),
    "no_duties": Text("Nobody owes a report or a hand-over now.", "当前没有待办的上报或移交。"),
    "vehicle": Text("Vehicle", "车辆"),
    "vehicle_account": Text("Account of its packs", "车电一体核对"),
    "vehicle_packs": Text("Packs in it now", "当前装车电池包"),
    "vehicle_empty": Text("No pack is reported in it.", "当前无装车电池包记录。"),
    "last_holder": Text("Last holder", "最后持有人"),
    "in_service": Text("in service", "在用"),
    "scrapped_on": Text("taken in for scrapping {day}", "{day} 报废回收"),
    "not_found": Text("Nothing is known under this name", "没有相应记录"),
    "back": Text("to the overview", "返回总览"),
    "faulty": Text("The bridge has a fault", "云桥存在故障"),
    "other_language": Text("中文", "English"),
    **LOGIN_WORDS,
}

PROBLEMS: Final = {
    "unread": Text("no label was read", "未读取标签"),
    "unreadable": Text("the label cannot be read", "标签无法识读"),
    "unconfirmed": Text("read once, not yet confirmed", "仅读取一次，尚未确认"),
    "sources_disagree": Text("the readings disagree", "多次读取结果不一致"),
}
"""Why a gateway cannot tell which pack it has; any other reason is shown as it was given."""


def problem_text(problem: str) -> Text:
    """A gateway's problem with an identity, as a sentence."""
    plain = problem.replace("_", " ")[:80]
    return PROBLEMS.get(problem, Text(plain, plain))
