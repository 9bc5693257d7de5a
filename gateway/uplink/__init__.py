"""The uplink: an outbox's records to the bridge over MQTT, by receipts and not by PUBACK.

Enter sealed records and signed receipts, leave MQTT messages. A link that fails costs time,
never a record: everything without a receipt goes again.
"""

from gateway.uplink.link import Broker, Tls
from gateway.uplink.uplink import Uplink, UplinkState, paho_links

__all__ = ["Broker", "Tls", "Uplink", "UplinkState", "paho_links"]
