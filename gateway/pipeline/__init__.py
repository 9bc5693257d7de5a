"""The pipeline: frames of a slot become samples, alarms, chunks and sessions."""
