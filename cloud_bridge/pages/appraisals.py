"""The certificate to print: what a pack is fit for and worth, and what that rests on."""

from __future__ import annotations

from functools import partial
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from cloud_bridge.access.gate import Sight
from cloud_bridge.api.appraisal import RESTS_ON, appraisal_for, appraised
from cloud_bridge.api.context import Bridge, Context, Language
from cloud_bridge.api.problems import Problem
from cloud_bridge.api.sight import See, hidden_answer
from cloud_bridge.appraisal import Appraisal
from cloud_bridge.appraisal.words import conclusion, grade_text, report_text
from cloud_bridge.exports.multibase import did_of
from cloud_bridge.pages import figures
from cloud_bridge.pages.paper import Paper
from cloud_bridge.pages.portrait import label_of
from cloud_bridge.view import parse_unit
from packtrail.errors import CodeError
from packtrail.estimate import Interval
from packtrail.event import UnitRef
from packtrail.language import Text
from packtrail.times import NS_PER_S, parse_time
from soh_model.gate_report import GateOutcome
from soh_model.policy import use_text

DAY_NS: Final = 86_400 * NS_PER_S
TONES: Final = {
    GateOutcome.PASSED: "green",
    GateOutcome.FAILED: "red",
    GateOutcome.UNSURE: "amber",
    GateOutcome.NOT_DONE: "amber",
}

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/packs/{code:path}/certificate")
def certificate(
    request: Request, bridge: Bridge, language: Language, sight: See, code: str
) -> HTMLResponse:
    """One pack's appraisal."""
    paper = Paper(request, language, bridge.now())
    try:
        unit = parse_unit(code)
    except CodeError as error:
        return paper.missing(code, error.describe(language))
    if not bridge.packs.known(unit):
        return paper.missing(code)
    hidden = RESTS_ON - sight.of(unit)
    if hidden:
        return paper.hidden(hidden_answer(bridge.access, min(hidden)))
    try:
        found = appraised(request, bridge, sight, unit)
    except Problem as problem:
        return paper.missing(code, problem.detail.say(language))
    return _filled(paper, bridge, found, language)


def appraisal_of(bridge: Context, sight: Sight, unit: UnitRef) -> Appraisal | None:
    """The appraisal for the pack's own page, whose read is taken down there; None for others."""
    if bridge.appraiser is None or not sight.of(unit) >= RESTS_ON:
        return None
    try:
        return appraisal_for(bridge, bridge.appraiser, unit, most_chunks=0)
    except Problem:
        return None


def _filled(paper: Paper, bridge: Context, found: Appraisal, language: str) -> HTMLResponse:
    days = bridge.appraiser.valid_days if bridge.appraiser else 0
    level, sentence = conclusion(found)
    return paper.render(
        "certificate.html",
        here="",
        found=found,
        level=level,
        sentence=sentence.say(language),
        grade=lambda name: grade_text(found, name).say(language),
        use=lambda name: use_text(found.policy, name).say(language),
        kind_of=report_text,
        reading=_reading,
        tone=lambda one: TONES[one.outcome],
        why=lambda gate: Text(*found.policy.provisional[gate]).say(language),
        w=partial(_word, language),
        issuer=did_of(bridge.proof_key.public) if bridge.proof_key else "",
        key=bridge.proof_key.public.text if bridge.proof_key else "",
        until=parse_time(found.at) + days * DAY_NS,
        label=label_of(found.unit),
        example="example" in found.prices.source.lower(),
    )


def _reading(measured: Interval) -> str:
    """A measurement with its interval, where it has one."""
    if not measured.width:
        return figures.number(measured.value)
    return f"{measured.value:.2f} ({measured.low:.2f} – {measured.high:.2f})"


def _word(language: str, name: str, /, **fields: object) -> str:
    return WORDS[name].say(language, **fields)


WORDS: Final = {
    "title": Text("Appraisal certificate", "电池包鉴定证书"),
    "grades": Text("Use", "用途分级"),
    "grade": Text("Grade", "等级"),
    "needs": Text("Needs", "要求"),
    "chance": Text("Probability", "概率"),
    "uses": Text("Permitted", "允许用途"),
    "bans": Text("Forbidden", "禁止用途"),
    "certain": Text(
        "A grade is decided from a probability of {share} on.", "概率达到 {share} 方可判定等级。"
    ),
    "worth": Text("Residual value", "残值"),
    "worth_note": Text(
        "The better of reuse and recycling; the interval holds the uncertainty of health and of "
        "prices.",
        "取再用与再生利用中较高者；区间包含健康状态与价格的不确定性。",
    ),
    "reuse": Text("Reused", "再用"),
    "recycled": Text("Recycled", "再生利用"),
    "metals": Text("Metal in it", "所含金属"),
    "test_worth": Text("What a capacity test is worth", "容量检测的期望收益"),
    "prices": Text("Prices", "价格"),
    "example": Text(
        "Example prices: the value means nothing until the operator sets real ones.",
        "价格仅为示例：在运营者填入真实价格前，残值不具意义。",
    ),
    "health": Text("What it rests on", "依据"),
    "pack_soh": Text("Pack, usable", "电池包可用"),
    "weakest": Text("Weakest cell", "最弱单体"),
    "mean": Text("Mean cell", "平均单体"),
    "energy": Text("Nominal energy", "标称能量"),
    "estimated": Text("Estimated", "估计"),
    "tests": Text("Safety tests", "安全检测"),
    "test": Text("Test", "项目"),
    "found": Text("Measured (95 %)", "测得值（95 %）"),
    "limit": Text("Limit", "限值"),
    "outcome": Text("Result", "结果"),
    "provisional": Text("provisional", "暂定"),
    "decides": Text("To decide it: ", "判定方法："),
    "unsettled": Text(
        "{test}: the limit is provisional and calls for a test only; {why}",
        "{test}：限值为暂定，仅据此要求复检；{why}",
    ),
    "from_days": Text(
        "Cells and insulation from the telemetry of {days} days, {first} to {last}, "
        "{samples} samples.",
        "单体与绝缘取自 {days} 天的遥测（{first} 至 {last}，{samples} 个采样）。",
    ),
    "from_none": Text(
        "No telemetry was read that shows single cells.", "未读到能反映单体的遥测数据。"
    ),
    "waiting": Text(
        "{days} days are not read yet; this page reads on by itself.",
        "尚有 {days} 天未读取；本页将自动继续。",
    ),
    "policy": Text("Policy", "判定规则"),
    "policy_text": Text(
        "{name}, version {version}, in force from {effective}; {reference}",
        "{name}，第 {version} 版，自 {effective} 起；{reference}",
    ),
    "valid": Text("Valid", "有效期"),
    "issuer": Text("Issued by", "签发"),
    "digest": Text("Digital ID (SHA-256)", "数字身份证摘要 (SHA-256)"),
    "inputs": Text("Data and specification (SHA-256)", "数据与参数摘要 (SHA-256)"),
    "check": Text("Check it offline:", "离线核验："),
    "download": Text("signed certificate", "签名证书"),
    "print": Text("Print", "打印"),
    "unread": Text(
        "Cells are not measured yet; the certificate measures them from the telemetry.",
        "尚未测量单体；打开鉴定证书时由遥测测出。",
    ),
    "open": Text("Certificate", "鉴定证书"),
    "no_value": Text("No value: ", "无残值："),
}
