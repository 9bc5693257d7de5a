"""Events of which the name says enough: one sentence each, in both languages."""

from __future__ import annotations

from typing import Final

from packtrail.language import Text

PLAIN: Final = {
    "VehicleRegistered": Text("Vehicle registered with its packs", "车辆登记（含随车电池包）"),
    "AliasBound": Text("A further code was bound", "绑定了另一编码"),
    "LabelReissued": Text("A new label with another code", "更换标签并启用新编码"),
    "ModelSheetPublished": Text("The maker published the model's sheet", "生产企业发布型号说明"),
    "PassportStated": Text("Passport data were stated", "已申报护照数据"),
    "SiteRegistered": Text("A site was registered", "场所登记"),
    "VehicleSold": Text("The vehicle was sold", "车辆售出"),
    "OwnerChanged": Text("Another owner", "所有人变更"),
    "LostOrStolen": Text("Reported lost or stolen", "报失或报盗"),
    "Found": Text("Found again", "已找回"),
    "Exported": Text("Left the country", "已出口"),
    "InspectionRecorded": Text("Inspected on a bench", "完成台架检测"),
    "BmsReplaced": Text("The BMS was replaced", "更换电池管理系统"),
    "CounterReset": Text("A counter began anew", "计数器被清零"),
    "TelemetryCommitted": Text("A day of telemetry was sealed", "已固化一日遥测数据"),
    "TelemetryRetired": Text(
        "Telemetry was retired by policy; its proof is kept", "遥测数据已按策略清除，证明保留"
    ),
    "ChargeRecorded": Text("A charging session", "一次充电"),
    "UsageRecorded": Text("A day's counters", "当日计数"),
    "CustodyOffered": Text("Offered for hand-over", "发起移交"),
    "CustodyAccepted": Text("Hand-over accepted", "已接收移交"),
    "CustodyRefused": Text("Hand-over refused", "拒收移交"),
    "LotFormed": Text("Gathered into a lot", "归入批次"),
    "RecoveryOrdered": Text("Take-back was ordered", "已下达回收单"),
    "RecoveryReceived": Text("Taken back into store", "回收入库"),
    "RecoveryShipped": Text("Sent on from the store", "回收出库"),
    "UnitRepaired": Text("Repaired", "维修"),
    "UnitRetired": Text("Retired", "退役"),
    "UnitDestroyed": Text("Destroyed", "损毁"),
    "VehicleScrapReceived": Text("Its vehicle was taken in for scrapping", "车辆报废回收"),
    "MissingPackExplained": Text("Why the pack was missing", "缺失电池的说明"),
    "TriageDecided": Text("Advice on reuse or recycling", "梯次或再生建议"),
    "UnitDisassembled": Text("Taken apart", "拆解"),
    "ProductAssembled": Text("A product was made of retired units", "由退役单元制成产品"),
    "MaterialProcessed": Text("Material was recovered", "材料再生"),
    "MaterialUsed": Text("Recycled material was used", "使用再生材料"),
    "CorrectionDeclared": Text("A report was corrected", "更正一份报告"),
    "Disputed": Text("A report is disputed", "对一份报告提出异议"),
    "DisputeResolved": Text("A dispute was resolved", "异议已裁定"),
    "ConflictDetected": Text("The bridge found a contradiction", "云桥发现矛盾"),
    "DutyOverdue": Text("A duty is overdue", "义务逾期"),
    "AnomalyFlagged": Text("The bridge noticed an anomaly", "云桥发现异常"),
    "ReportSent": Text("Reported to a platform", "已向平台上报"),
    "ReportAcknowledged": Text("The platform took the report", "平台已受理上报"),
    "ReportBounced": Text("The platform returned the report", "平台退回上报"),
    "PersonalDataErased": Text("Personal data were erased", "个人信息已删除"),
    "SubjectForgotten": Text("Personal data were forgotten", "个人信息已被遗忘"),
    "KeyRegistered": Text("A key was registered", "密钥登记"),
    "KeyRotated": Text("A key was changed", "密钥更换"),
    "KeyRevoked": Text("A key was revoked", "密钥吊销"),
    "AccessGranted": Text("Access was granted", "授权查看"),
    "AccessRevoked": Text("Access was ended", "取消授权"),
}
