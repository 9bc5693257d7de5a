"""A charging post: the whole GB/T 27930-2015 dialogue between a simulated pack and a charger.

Two sides that know only what they hear over one bus: `vehicle` (the BMS) and `charger`. Each may
fall silent or stop on purpose (`faults`), so that every ending of the standard can be had.
"""
