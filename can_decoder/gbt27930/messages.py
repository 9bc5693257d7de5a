"""The 22 messages of GB/T 27930-2015, table by table of its chapter 10."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple

from packtrail.language import Text

CHARGER: Final = 0x56
"""Address of the charger, 7.3."""
BMS: Final = 0xF4
"""Address of the BMS, 7.3."""


class ChargeMessage(NamedTuple):
    """One message.

    Attributes:
        code: its three letters.
        pgn: parameter group number.
        priority: 0 to 7 in the identifier.
        size: bytes of the 2015 layout; the upper limit where it varies.
        period_ms: nominal period.
        sender: address of the side that sends it.
        name: what it is, in both languages.
    """

    code: str
    pgn: int
    priority: int
    size: int
    period_ms: int
    sender: int
    name: Text

    @property
    def frame_id(self) -> int:
        """29-bit identifier of a single frame of this message."""
        receiver = BMS if self.sender == CHARGER else CHARGER
        return self.priority << 26 | self.pgn << 8 | receiver << 8 | self.sender


_TABLE: Final = (
    ChargeMessage("CHM", 0x2600, 6, 3, 250, CHARGER, Text("charger handshake", "充电机握手")),
    ChargeMessage("BHM", 0x2700, 6, 2, 250, BMS, Text("vehicle handshake", "车辆握手")),
    ChargeMessage("CRM", 0x0100, 6, 8, 250, CHARGER, Text("charger recognition", "充电机辨识")),
    ChargeMessage(
        "BRM", 0x0200, 7, 49, 250, BMS, Text("BMS and vehicle recognition", "BMS 和车辆辨识")
    ),
    ChargeMessage(
        "BCP", 0x0600, 7, 13, 500, BMS, Text("battery charging parameters", "动力蓄电池充电参数")
    ),
    ChargeMessage(
        "CTS", 0x0700, 6, 7, 500, CHARGER, Text("charger time", "充电机发送时间同步信息")
    ),
    ChargeMessage(
        "CML", 0x0800, 6, 8, 250, CHARGER, Text("charger output limits", "充电机最大输出能力")
    ),
    ChargeMessage("BRO", 0x0900, 4, 1, 250, BMS, Text("battery ready", "车辆充电准备就绪状态")),
    ChargeMessage(
        "CRO", 0x0A00, 4, 1, 250, CHARGER, Text("charger ready", "充电机输出准备就绪状态")
    ),
    ChargeMessage("BCL", 0x1000, 6, 5, 50, BMS, Text("charging demand", "电池充电需求")),
    ChargeMessage("BCS", 0x1100, 7, 9, 250, BMS, Text("charging status", "电池充电总状态")),
    ChargeMessage("CCS", 0x1200, 6, 8, 50, CHARGER, Text("charger status", "充电机充电状态")),
    ChargeMessage("BSM", 0x1300, 6, 7, 250, BMS, Text("battery state", "动力蓄电池状态信息")),
    ChargeMessage("BMV", 0x1500, 7, 512, 10_000, BMS, Text("cell voltages", "单体动力蓄电池电压")),
    ChargeMessage("BMT", 0x1600, 7, 128, 10_000, BMS, Text("temperatures", "动力蓄电池温度")),
    ChargeMessage("BSP", 0x1700, 7, 16, 10_000, BMS, Text("reserved", "动力蓄电池预留报文")),
    ChargeMessage("BST", 0x1900, 4, 4, 10, BMS, Text("BMS stops charging", "BMS 中止充电")),
    ChargeMessage(
        "CST", 0x1A00, 4, 4, 10, CHARGER, Text("charger stops charging", "充电机中止充电")
    ),
    ChargeMessage("BSD", 0x1C00, 6, 7, 250, BMS, Text("BMS statistics", "BMS 统计数据")),
    ChargeMessage("CSD", 0x1D00, 6, 8, 250, CHARGER, Text("charger statistics", "充电机统计数据")),
    ChargeMessage("BEM", 0x1E00, 2, 4, 250, BMS, Text("BMS error", "BMS 错误报文")),
    ChargeMessage("CEM", 0x1F00, 2, 4, 250, CHARGER, Text("charger error", "充电机错误报文")),
)

MESSAGES: Final = MappingProxyType({message.code: message for message in _TABLE})
"""All messages by code."""

BY_PGN: Final = MappingProxyType({message.pgn: message for message in _TABLE})
"""All messages by parameter group."""

CATEGORY_B: Final = MappingProxyType(
    {
        0x34: Text("long message", "长消息"),
        0x35: Text("short message with acknowledgement", "需要确认的短消息"),
        0x36: Text("short message without acknowledgement", "不需要确认的短消息"),
        0x37: Text("control frame", "控制帧"),
        0x38: Text("version negotiation of the charger", "充电机版本协商"),
        0x39: Text("version negotiation of the vehicle", "车辆版本协商"),
    }
)
"""PDU formats of the other language: GB/T 27930-2023 category B and GB/T 27930.2-2024.

After a published database of the latter's test traffic, whose transport both share; the text
of the standards was not at hand.
"""
