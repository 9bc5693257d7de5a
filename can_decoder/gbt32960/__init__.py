"""GB/T 32960.3, vehicle to platform: the editions of 2016 and 2025, read and written.

    for message in can_decoder.gbt32960.scan(capture):
        if message.command is Command.LOGIN:
            print(read_login(message).pack_codes)

Bytes of a capture enter (with garbage between the frames, if need be); frames, logins and
reports leave. Encrypted data stay raw. Where a frame breaks the rules, a `Fault` says which.
"""

from can_decoder.gbt32960.capture import is_capture, scannable
from can_decoder.gbt32960.frame import Command, Edition, Encryption, Fault, Message, build, scan
from can_decoder.gbt32960.login import Login, build_login, read_login
from can_decoder.gbt32960.platform import (
    PlatformLogin,
    Response,
    answer_to,
    build_platform_login,
    read_platform_login,
    refusal_to,
)
from can_decoder.gbt32960.report import Report, build_report, read_report, sample_of
from can_decoder.gbt32960.samples import (
    login_from,
    pack_codes,
    plausible,
    sample_from,
    samples_by_subsystem,
)
from can_decoder.gbt32960.stream import Broken, Framer
from can_decoder.gbt32960.units import Part, Unit

__all__ = [
    "Broken",
    "Command",
    "Edition",
    "Encryption",
    "Fault",
    "Framer",
    "Login",
    "Message",
    "Part",
    "PlatformLogin",
    "Report",
    "Response",
    "Unit",
    "answer_to",
    "build",
    "build_login",
    "build_platform_login",
    "build_report",
    "is_capture",
    "login_from",
    "pack_codes",
    "plausible",
    "read_login",
    "read_platform_login",
    "read_report",
    "refusal_to",
    "sample_from",
    "sample_of",
    "samples_by_subsystem",
    "scan",
    "scannable",
]
