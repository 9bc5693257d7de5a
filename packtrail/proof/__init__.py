"""Proofs, as anybody checks them: no store, no network, no word of the bridge is believed.

The tree and its signed heads, the map of stories, the trust list as a fold of key events, and the
check of a pack's proof against the one key that has to be known beforehand.
"""
