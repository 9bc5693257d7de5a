"""Many packs over long times: the cells of `simulators.cells`, a thousand packs at a step.

A `Block` of packs of one type enters, `advance` steps it in preallocated buffers (or compiled,
with the same bits), `wear` ages it, `year` runs a fleet through the seasons.
"""
