"""Tables as files to download, CSV and Parquet, made piece by piece in bounded memory."""

from cloud_bridge.files.table import Column, Kind, Page, Rows

__all__ = ["Column", "Kind", "Page", "Rows"]
