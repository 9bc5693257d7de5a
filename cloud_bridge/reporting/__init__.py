"""Reports to a national platform: what each fact becomes, who takes it, what was answered."""

from cloud_bridge.reporting.flows import Report, report_of
from cloud_bridge.reporting.platforms import Answer, HttpPlatform, Platform
from cloud_bridge.reporting.projection import PlatformReports

__all__ = ["Answer", "HttpPlatform", "Platform", "PlatformReports", "Report", "report_of"]
