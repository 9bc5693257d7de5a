"""Inputs that are no gateways: others' protocols become signed facts here.

A feed speaks for a source that signs nothing itself. The bridge keeps a key for each source and
enters it into the trust list, so that every line says whose word it is and who vouches for it.
"""
