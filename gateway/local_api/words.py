"""Words of the station page and of the terminal view, in both languages."""

from __future__ import annotations

from typing import Final

from packtrail.language import Text

STATES: Final = {
    "empty": Text("empty", "空"),
    "waiting": Text("not recognised yet", "等待识别"),
    "contested": Text("identity contested", "身份存疑"),
    "bound": Text("recognised", "已识别"),
}
KINDS: Final = {
    "over_temperature": Text("too hot", "温度过高"),
    "temperature_rise": Text("warms up fast", "温升过快"),
    "cell_over_voltage": Text("cell voltage too high", "单体电压过高"),
    "cell_under_voltage": Text("cell voltage too low", "单体电压过低"),
    "cell_spread": Text("cells apart", "单体压差过大"),
    "insulation_low": Text("insulation too low", "绝缘电阻过低"),
    "temperature_jump": Text("temperature jumps", "温度骤升"),
    "temperature_spread": Text("probes apart", "温差过大"),
    "thermal_runaway_precursor": Text("signs of thermal runaway", "热失控前兆"),
    "bms_warning": Text("the BMS warns", "BMS 预警"),
    "bms_alarm": Text("alarm of the BMS", "BMS 报警"),
}
SEVERITIES: Final = {
    "watch": Text("watch", "关注"),
    "quarantine": Text("quarantine", "隔离"),
    "danger": Text("DANGER", "危险"),
}
SOURCES: Final = {
    "scanner": Text("scanner", "扫码枪"),
    "handheld": Text("hand-held scanner", "手持扫码枪"),
    "order": Text("order", "订单"),
    "controller": Text("station controller", "站控系统"),
    "ocpp": Text("station controller (OCPP)", "站控系统（OCPP）"),
    "operator": Text("operator", "操作员"),
    "uds": Text("BMS (UDS)", "BMS（UDS）"),
    "gbt32960": Text("vehicle login (GB/T 32960)", "车辆登入（GB/T 32960）"),
    "vin": Text("vehicle (VIN)", "车辆（VIN）"),
    "brm": Text("charger (BRM), a hint", "充电机（BRM），仅供参考"),
}
