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
    "purpose_receive": Text("receiving a pack", "接收电池包"),
    "purpose_repair": Text("repair", "维修"),
    "purpose_triage": Text("triage: reuse or recycle", "分选：再用或再生"),
    "purpose_trace": Text("tracing", "溯源"),
    "purpose_audit": Text("audit", "审计"),
}

assert all(f"purpose_{purpose}" in LOGIN_WORDS for purpose in Purpose)
