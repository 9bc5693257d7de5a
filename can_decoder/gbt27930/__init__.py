"""GB/T 27930: charger and BMS over CAN, editions 2011 and 2015, overheard.

    for session in can_decoder.gbt27930.sessions(can_decoder.read_log("charge.log")):
        print(session.vin, session.end_reasons)

Frames enter; one `ChargeSession` per charging dialogue leaves. The 2023 edition's category A
keeps the layout of 2015 and is read as such; what it added stays raw. Category B speaks
another language: its frames are counted and left alone. This package only listens.
"""

from can_decoder.gbt27930.layouts import charge_database
from can_decoder.gbt27930.messages import MESSAGES, ChargeMessage
from can_decoder.gbt27930.monitor import ChargeMonitor, sessions
from can_decoder.gbt27930.session import ChargeSession, Phase

__all__ = [
    "MESSAGES",
    "ChargeMessage",
    "ChargeMonitor",
    "ChargeSession",
    "Phase",
    "charge_database",
    "sessions",
]
