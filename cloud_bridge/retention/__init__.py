"""How long telemetry is kept: a table of rules, what it lets go, and the letting go.

Facts of a pack and rules in force enter, holds leave: which telemetry is kept until when, and
why. What nothing holds and a root in the ledger stands for goes, together with a signed statement
that says so. What goes wrong leaves everything as it was.
"""
