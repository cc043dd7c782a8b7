"""Merkle trees: one hash for a list, and short proofs that an entry is in it.

The tree is that of RFC 6962, section 2.1: a leaf is SHA-256 of 0x00 and its content, a node SHA-256
of 0x01 and the hashes below, so that no node can be passed off as a leaf. The list is split where
the left half is the largest power of two; level by level that is: join pairs, carry a single last
one up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

_LEAF, _NODE = b"\x00", b"\x01"
EMPTY_ROOT = hashlib.sha256().digest()
"""Root of a tree without leaves (RFC 6962, section 2.1)."""


def leaf_hash(content: bytes) -> bytes:
    """Hash the content of one leaf."""
    return hashlib.sha256(_LEAF + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash the two nodes below."""
    return hashlib.sha256(_NODE + left + right).digest()


class MerkleTree:
    """A tree that follows a list: a changed leaf costs one path, not the whole tree.

    Parameters
    ----------
    leaves
        Contents of the leaves, in order.
    """

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[leaf_hash(leaf) for leaf in leaves]]
        self._join_from(0)

    def __len__(self) -> int:
        return len(self._levels[0])

    @property
    def root(self) -> bytes:
        """Hash over all leaves and their order (32 bytes)."""
        return self._levels[-1][0] if self._levels[0] else EMPTY_ROOT

    def replace(self, index: int, leaf: bytes) -> None:
        """Put another content in the place of a leaf."""
        self._levels[0][index] = leaf_hash(leaf)
        for below, level in zip(self._levels, self._levels[1:], strict=False):
            index //= 2
            level[index] = _joined(below, index)

    def insert(self, index: int, leaf: bytes) -> None:
        """Insert a leaf before the one at `index`; all behind it is joined anew."""
        self._levels[0].insert(index, leaf_hash(leaf))
        self._join_from(index)

    def proof(self, index: int) -> list[bytes]:
        """Give the audit path of a leaf (RFC 6962, section 2.1.1), from the leaf to the root."""
        path = []
        for level in self._levels[:-1]:
            if (neighbour := index ^ 1) < len(level):
                path.append(level[neighbour])
            index //= 2
        return path

    def _join_from(self, index: int) -> None:
        """Join the levels above the leaves again, as far as leaves from `index` on reach."""
        depth = 0
        while len(below := self._levels[depth]) > 1:
            depth, index = depth + 1, index // 2
            if depth == len(self._levels):
                self._levels.append([])
            size = (len(below) + 1) // 2
            self._levels[depth][index:] = [_joined(below, i) for i in range(index, size)]


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Root over a list that will not change."""
    return MerkleTree(leaves).root


def is_included(root: bytes, leaf: bytes, *, index: int, n_leaves: int, path: list[bytes]) -> bool:
    """Tell whether an audit path leads from a leaf to a root (RFC 9162, section 2.1.3.2).

    Parameters
    ----------
    index, n_leaves
        The place of the leaf, from 0, and how many leaves the tree has.
    path
        As `MerkleTree.proof` gives it.
    """
    if not 0 <= index < n_leaves:
        return False
    place, last, found = index, n_leaves - 1, leaf_hash(leaf)
    for neighbour in path:
        if last == 0:
            return False
        if place % 2 == 1 or place == last:
            found = node_hash(neighbour, found)
            # A single last node was carried up: it meets its neighbour on a higher level.
            while place % 2 == 0 and place != 0:
                place, last = place // 2, last // 2
        else:
            found = node_hash(found, neighbour)
        place, last = place // 2, last // 2
    return last == 0 and found == root


def _joined(below: list[bytes], index: int) -> bytes:
    left = below[2 * index]
    return node_hash(left, below[2 * index + 1]) if 2 * index + 1 < len(below) else left
