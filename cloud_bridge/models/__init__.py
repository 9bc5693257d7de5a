"""Model sheets: what a maker must tell of a model, put on record and found for each pack."""

from cloud_bridge.models.sheets import read_sheet, sheet_of
from packtrail.event import ModelSheetPublished

__all__ = ["ModelSheetPublished", "read_sheet", "sheet_of"]
