"""MQTT to one transaction to the digital ID; everything else follows from it."""
