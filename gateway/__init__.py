"""The edge agent: buses to samples to records to outbox to MQTT."""
