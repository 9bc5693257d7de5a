"""Witnesses: others who keep the last signed head of a log, and cosign what continues it.

A bridge that shows two histories needs two heads; a witness signs one of them only. Formats and
protocol are C2SP tlog-cosignature and tlog-witness, so that witnesses of other make serve too.
"""
