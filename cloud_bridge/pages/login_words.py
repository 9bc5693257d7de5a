"""The words of logging in and of a person's own page."""

from __future__ import annotations

from typing import Final

from cloud_bridge.access.fields import Purpose
from packtrail.language import Text

LOGIN_WORDS: Final = {
    "log_in": Text("Log in", "登录"),
    "log_out": Text("Log out", "退出登录"),
    "login_lead": Text(
        "What you may see follows from your role and from what you read it for. "
        "What is restricted and shown to you is written down.",
        "可查看的内容由您的角色与用途决定；受限数据的访问会被记录。",
    ),
    "login_name": Text("Name", "用户名"),
    "login_password": Text("Password", "口令"),
    "login_provider": Text("Log in with {label}", "使用 {label} 登录"),
    "login_or": Text("or", "或"),
    "account": Text("Your login", "我的登录"),
    "account_role": Text("You read as", "您的角色"),
    "account_codes": Text("For codes that begin with", "限以此开头的编码"),
    "account_codes_all": Text("all codes", "全部编码"),
    "account_ends": Text("Ends at the latest", "最迟结束于"),
    "account_purpose": Text("You read for", "查看用途"),
    "account_choose": Text("Choose", "选择"),
    "account_password": Text("Another password", "修改口令"),
    "account_old": Text("Old password", "原口令"),
    "account_new": Text("New password, 12 characters or more", "新口令，至少 12 个字符"),
    "account_save": Text("Save", "保存"),
    "code_title": Text("Code of your app", "动态验证码"),
    "code_lead": Text(
        "Open your authenticator app and type the six digits that it shows for packtrail.",
        "请打开身份验证器应用，输入其为 packtrail 显示的六位数字。",
    ),
    "code_field": Text("Code", "验证码"),
    "code_recovery": Text("Recovery code", "恢复码"),
    "code_lost": Text("No app at hand? Use a recovery code.", "手边没有应用？使用恢复码。"),
    "code_app": Text("Use the app's code.", "使用应用验证码。"),
    "code_recovery_lead": Text(
        "Type one of the recovery codes that you kept. Each serves once.",
        "请输入您保存的一个恢复码，每个仅能使用一次。",
    ),
    "factor_title": Text("Second factor", "第二因素"),
    "factor_must": Text(
        "Your role logs in with a code as well. Set it up once, now.",
        "您的角色登录时还须输入动态验证码，请现在完成一次性设置。",
    ),
    "factor_scan": Text(
        "Scan this with an authenticator app, or type the secret into it. The app needs no "
        "network.",
        "请用身份验证器应用扫描，或将密钥手动输入应用。应用无需联网。",
    ),
    "factor_secret": Text("Secret", "密钥"),
    "factor_kind": Text("time-based, SHA-1, 6 digits, 30 s", "基于时间，SHA-1，6 位，30 秒"),
    "factor_address": Text("As a link", "链接形式"),
    "factor_first": Text("The code that the app shows now", "应用当前显示的验证码"),
    "factor_confirm": Text("Confirm", "确认"),
    "factor_none": Text(
        "Not set up: your password alone logs you in.", "未设置：仅凭口令即可登录。"
    ),
    "factor_has": Text(
        "Set up: each login asks for a code of your app. Recovery codes left: {n}.",
        "已设置：每次登录均须输入应用验证码。剩余恢复码：{n} 个。",
    ),
    "factor_password": Text("Your password", "您的口令"),
    "factor_set": Text("Set up", "设置"),
    "factor_another": Text("Another app", "更换应用"),
    "factor_remove": Text("Turn off", "停用"),
    "factor_fresh": Text("New recovery codes", "重新生成恢复码"),
    "recovery_title": Text("Recovery codes", "恢复码"),
    "recovery_lead": Text(
        "Each lets you in once without the app. Print them or write them down, and keep them "
        "apart from the phone: they are shown this once.",
        "每个恢复码可在没有应用时登录一次。请打印或抄写，并与手机分开保管：仅显示这一次。",
    ),
    "recovery_go": Text("I have kept them", "我已保存"),
    "purpose_receive": Text("receiving a pack", "接收电池包"),
    "purpose_repair": Text("repair", "维修"),
    "purpose_triage": Text("triage: reuse or recycle", "分选：再用或再生"),
    "purpose_trace": Text("tracing", "溯源"),
    "purpose_audit": Text("audit", "审计"),
}

assert all(f"purpose_{purpose}" in LOGIN_WORDS for purpose in Purpose)
