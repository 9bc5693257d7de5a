"""Frames to signals: DBC, GB/T 27930, J1939 and ISO-TP transport, log files."""
