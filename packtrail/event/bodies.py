"""The union of everything that an event can say."""

from __future__ import annotations

from packtrail.event.condition import (
    BmsReplaced,
    ChargeRecorded,
    ConditionCommitted,
    CounterReset,
    IncidentRecorded,
    InspectionRecorded,
    TelemetryAttributed,
    TelemetryCommitted,
    TelemetryRetired,
    TelemetryThinned,
    UsageRecorded,
)
from packtrail.event.custody import (
    CustodyAccepted,
    CustodyOffered,
    CustodyRefused,
    LotFormed,
    RecoveryOrdered,
    RecoveryReceived,
    RecoveryShipped,
)
from packtrail.event.endings import (
    MaterialProcessed,
    MaterialUsed,
    MissingPackExplained,
    ProductAssembled,
    TriageDecided,
    UnitDestroyed,
    UnitDisassembled,
    UnitRepaired,
    UnitRetired,
    VehicleScrapReceived,
)
from packtrail.event.identity import (
    AliasBound,
    IdentityContested,
    LabelReissued,
    ModelSheetPublished,
    SiteRegistered,
    UnitRegistered,
    VehicleRegistered,
)
from packtrail.event.motion import (
    Exported,
    Found,
    LostOrStolen,
    OwnerChanged,
    PackInstalled,
    PackRemoved,
    SwapPerformed,
    VehicleSold,
)
from packtrail.event.passport import PassportStated
from packtrail.event.statements import (
    AnomalyFlagged,
    ConflictDetected,
    CorrectionDeclared,
    Disputed,
    DisputeResolved,
    DutyOverdue,
    PersonalDataErased,
    ReportAcknowledged,
    ReportBounced,
    ReportSent,
    SubjectForgotten,
)
from packtrail.event.trust import (
    AccessGranted,
    AccessRevoked,
    KeyRegistered,
    KeyRevoked,
    KeyRotated,
)

Body = (
    UnitRegistered
    | VehicleRegistered
    | AliasBound
    | LabelReissued
    | IdentityContested
    | ModelSheetPublished
    | SiteRegistered
    | PackInstalled
    | PackRemoved
    | SwapPerformed
    | VehicleSold
    | OwnerChanged
    | LostOrStolen
    | Found
    | Exported
    | ConditionCommitted
    | IncidentRecorded
    | ChargeRecorded
    | UsageRecorded
    | InspectionRecorded
    | BmsReplaced
    | CounterReset
    | TelemetryAttributed
    | TelemetryThinned
    | TelemetryCommitted
    | CustodyOffered
    | CustodyAccepted
    | CustodyRefused
    | LotFormed
    | RecoveryOrdered
    | RecoveryReceived
    | RecoveryShipped
    | UnitRepaired
    | UnitRetired
    | UnitDestroyed
    | VehicleScrapReceived
    | MissingPackExplained
    | TriageDecided
    | UnitDisassembled
    | ProductAssembled
    | MaterialProcessed
    | MaterialUsed
    | CorrectionDeclared
    | Disputed
    | DisputeResolved
    | ConflictDetected
    | DutyOverdue
    | AnomalyFlagged
    | ReportSent
    | ReportAcknowledged
    | ReportBounced
    | PersonalDataErased
    | KeyRegistered
    | KeyRotated
    | KeyRevoked
    | AccessGranted
    | AccessRevoked
    | PassportStated
    | SubjectForgotten
    | TelemetryRetired
)
