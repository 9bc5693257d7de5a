"""MQTT to the store: messages enter, each is judged, committed in batches and then answered.

A message of a trusted gateway ends stored or refused, with a receipt; any other is counted
and kept bounded. The broker gets its acknowledgement after the commit and not before.
"""
