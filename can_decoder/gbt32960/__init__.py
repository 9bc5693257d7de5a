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
from can_decoder.gbt32960.report import Report, build_report, read_report, sample_of
from can_decoder.gbt32960.units import Unit

__all__ = [
    "Command",
    "Edition",
    "Encryption",
    "Fault",
    "Login",
    "Message",
    "Report",
    "Unit",
    "build",
    "build_login",
    "build_report",
    "is_capture",
    "read_login",
    "read_report",
    "sample_of",
    "scan",
    "scannable",
]
