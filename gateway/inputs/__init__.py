"""Ways in besides HTTP: barcode scanners, and the station's own MQTT broker.

Lines of scanners and MQTT messages enter; paths and bodies of the local interface leave, so
that one door checks them all. A device or a broker that is not there is tried again.
"""

from gateway.inputs.scanner import Scanner, ScannerOptions
from gateway.inputs.station_mqtt import StationMqtt, StationMqttOptions

__all__ = ["Scanner", "ScannerOptions", "StationMqtt", "StationMqttOptions"]
