"""Merkle trees, against published roots and the recursive definition of RFC 6962."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.records.proof.merkle import EMPTY_ROOT, MerkleTree, is_included, merkle_root

# The test vectors of the Certificate Transparency log (google/certificate-transparency, merkle tree tests).
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

leaves = st.lists(st.binary(max_size=4), max_size=40)


def by_definition(content: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not content:
        return hashlib.sha256(b"").digest()
    if len(content) == 1:
        return hashlib.sha256(b"\x00" + content[0]).digest()
    split = 1
    while split * 2 < len(content):
        split *= 2
    left, right = by_definition(content[:split]), by_definition(content[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


@pytest.mark.parametrize("n_leaves", range(9))
def test_the_root_is_the_published_one(n_leaves: int) -> None:
    assert merkle_root(LEAVES[:n_leaves]).hex() == ROOTS[n_leaves]


def test_a_tree_without_leaves_has_the_hash_of_nothing() -> None:
    assert EMPTY_ROOT.hex() == ROOTS[0]


@given(leaves)
def test_the_root_is_that_of_the_definition(content: list[bytes]) -> None:
    assert merkle_root(content) == by_definition(content)


@given(leaves.filter(bool), st.data())
def test_a_tree_follows_its_list(content: list[bytes], data: st.DataObject) -> None:
    tree = MerkleTree(content)
    for _ in range(4):
        leaf, index = data.draw(st.binary(max_size=4)), data.draw(st.integers(0, len(content)))
        if index < len(content) and data.draw(st.booleans()):
            content[index] = leaf
            tree.replace(index, leaf)
        else:
            content.insert(index, leaf)
            tree.insert(index, leaf)
        assert tree.root == by_definition(content)
        assert len(tree) == len(content)


def test_a_tree_grows_from_nothing() -> None:
    tree = MerkleTree()
    for index, leaf in enumerate(LEAVES):
        tree.insert(index, leaf)
        assert tree.root.hex() == ROOTS[index + 1]


@given(leaves.filter(bool), st.data())
def test_a_proof_shows_its_leaf_and_no_other(content: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(content) - 1))
    tree = MerkleTree(content)
    path, n_leaves = tree.proof(index), len(content)

    assert is_included(tree.root, content[index], index=index, n_leaves=n_leaves, path=path)
    assert not is_included(
        tree.root, content[index] + b"!", index=index, n_leaves=n_leaves, path=path
    )
    assert not is_included(bytes(32), content[index], index=index, n_leaves=n_leaves, path=path)
    assert not is_included(
        tree.root, content[index], index=index, n_leaves=n_leaves, path=[*path, bytes(32)]
    )
    if path:
        assert not is_included(
            tree.root, content[index], index=index, n_leaves=n_leaves, path=path[:-1]
        )


@given(leaves.filter(bool), st.data())
def test_a_proof_holds_at_its_own_place_only(content: list[bytes], data: st.DataObject) -> None:
    content = [bytes([i]) for i in range(len(content))]
    index = data.draw(st.integers(0, len(content) - 1))
    other = data.draw(st.integers(-2, len(content) + 2))
    tree = MerkleTree(content)

    shown = is_included(
        tree.root, content[index], index=other, n_leaves=len(content), path=tree.proof(index)
    )

    assert shown == (other == index)


def test_a_node_cannot_be_passed_off_as_a_leaf() -> None:
    """The control: without the two prefixes it could."""
    tree = MerkleTree(LEAVES[:4])
    halves = [by_definition(LEAVES[:2]), by_definition(LEAVES[2:4])]

    assert merkle_root([halves[0] + halves[1]]) != tree.root
    plain = hashlib.sha256(halves[0] + halves[1]).digest()
    assert hashlib.sha256(b"".join(halves)).digest() == plain
