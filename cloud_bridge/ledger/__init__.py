"""The ledger: an append-only Merkle tree of signed facts, its checkpoints and its trust list.

Facts enter with their author's signature, checkpoints and proofs leave that verify without
this software. What can go wrong shows: a changed, removed or reordered fact changes the root.
"""
