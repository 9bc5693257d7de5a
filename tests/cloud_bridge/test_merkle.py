"""The tree against RFC 6962, by a second implementation written straight from its formulas."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtrail.proof import merkle
from packtrail.proof.paths import inclusion_paths

LEAVES = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
]
"""The inputs that Certificate Transparency's own implementations are tested with."""

ROOT_OF_8 = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    n = len(leaves)
    if n == 0:
        return sha(b"")
    if n == 1:
        return sha(b"\x00" + leaves[0])
    k = max(2**i for i in range(n.bit_length()) if 2**i < n)
    return sha(b"\x01" + mth(leaves[:k]) + mth(leaves[k:]))


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1, word for word."""
    n = len(leaves)
    if n == 1:
        return []
    k = max(2**i for i in range(n.bit_length()) if 2**i < n)
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """RFC 6962 section 2.1.2, word for word."""
    n = len(leaves)
    if m == n:
        return [] if whole else [mth(leaves)]
    k = max(2**i for i in range(n.bit_length()) if 2**i < n)
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


class Tree:
    """Nodes in a dict, grown leaf by leaf as the store does."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.nodes: dict[tuple[int, int], bytes] = {}
        for size, leaf in enumerate(leaves):
            for node in merkle.grow(size, merkle.leaf_hash(leaf), self.read):
                assert (node.level, node.position) not in self.nodes
                self.nodes[node.level, node.position] = node.hash

    def read(self, level: int, position: int) -> bytes:
        return self.nodes[level, position]


def test_root_of_the_known_eight_leaves():
    tree = Tree(LEAVES)
    assert merkle.root(8, tree.read).hex() == ROOT_OF_8 == mth(LEAVES).hex()


def test_root_of_no_leaves_is_the_hash_of_nothing():
    assert merkle.root(0, Tree([]).read) == sha(b"")


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70), st.data())
def test_roots_and_proofs_are_those_of_the_rfc(leaves, data):
    tree, n = Tree(leaves), len(leaves)
    leaf = data.draw(st.integers(0, n - 1))
    old = data.draw(st.integers(1, n))
    assert merkle.root(n, tree.read) == mth(leaves)
    assert merkle.root(old, tree.read) == mth(leaves[:old])
    assert merkle.inclusion_proof(leaf, n, tree.read) == path(leaf, leaves)
    assert merkle.consistency_proof(old, n, tree.read) == subproof(old, leaves, True)


@given(st.integers(1, 40), st.data())
def test_a_proof_verifies_and_no_changed_proof_does(n, data):
    leaves = [bytes([i]) for i in range(n)]
    tree, head = Tree(leaves), mth(leaves)
    leaf = data.draw(st.integers(0, n - 1))
    hashed = merkle.leaf_hash(leaves[leaf])
    proof = merkle.inclusion_proof(leaf, n, tree.read)
    assert merkle.verify_inclusion(leaf, n, hashed, proof, head)
    assert not merkle.verify_inclusion(leaf, n, sha(b"other"), proof, head)
    assert not merkle.verify_inclusion(leaf, n, hashed, [*proof, sha(b"more")], head)
    for i in range(len(proof)):
        assert not merkle.verify_inclusion(leaf, n, hashed, proof[:i] + proof[i + 1 :], head)
    for other in set(range(n)) - {leaf}:
        assert not merkle.verify_inclusion(other, n, hashed, proof, head)


@given(st.integers(1, 40), st.data())
def test_consistency_holds_for_a_prefix_and_for_nothing_else(n, data):
    leaves = [bytes([i]) for i in range(n)]
    old = data.draw(st.integers(1, n))
    tree = Tree(leaves)
    proof = merkle.consistency_proof(old, n, tree.read)
    assert merkle.verify_consistency(old, n, mth(leaves[:old]), mth(leaves), proof)
    rewritten = [b"changed", *leaves[1:old]]
    assert not merkle.verify_consistency(old, n, mth(rewritten), mth(leaves), proof)
    if proof:
        assert not merkle.verify_consistency(old, n, mth(leaves[:old]), mth(leaves), proof[:-1])


@pytest.mark.parametrize(("leaf", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_leaf_outside_the_tree_has_no_proof(leaf, size):
    with pytest.raises(ValueError, match="leaf"):
        merkle.inclusion_proof(leaf, size, Tree(LEAVES).read)
    assert not merkle.verify_inclusion(leaf, size, sha(b""), [], sha(b""))


@given(st.integers(1, 300), st.data())
def test_paths_of_many_leaves_are_those_of_each(size, data):
    tree = Tree([b"%d" % n for n in range(size)])
    leaves = data.draw(st.sets(st.integers(0, size - 1)))
    asked: list[list[tuple[int, int]]] = []

    def read(places):
        asked.append(list(places))
        return {place: tree.nodes[place] for place in places}

    found = inclusion_paths(leaves, size, read, lambda step: (step.hex(),), ())
    assert found.keys() == leaves or not leaves
    for leaf in leaves:
        alone = merkle.inclusion_proof(leaf, size, tree.read)
        assert found[leaf] == tuple(step.hex() for step in alone)
    assert [len(set(one)) for one in asked] == [len(one) for one in asked]
    assert len(asked) == 1


@pytest.mark.parametrize("leaves", [{8}, {-1, 2}])
def test_no_paths_of_leaves_that_are_not_there(leaves):
    with pytest.raises(ValueError, match="of 8"):
        inclusion_paths(leaves, 8, dict, lambda step: step, b"")
