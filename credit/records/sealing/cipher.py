"""Authenticated encryption: AES-256-GCM with the nonce in front of the ciphertext."""

from __future__ import annotations

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from credit.records.randomness import RandomBytes

NONCE_BYTES = 12
KEY_BYTES = 32


def new_key(random_bytes: RandomBytes = os.urandom) -> bytes:
    """Make a fresh 256-bit key."""
    return random_bytes(KEY_BYTES)


def encrypt(plain: bytes, key: bytes, aad: bytes, random_bytes: RandomBytes = os.urandom) -> bytes:
    """Encrypt `plain`, bound to `aad`.

    The nonce is random: 96 bits stay clear of collisions up to 2**32 messages under one key, and
    no key here comes near that (a subject has few decisions, a master key wraps subject keys).
    """
    nonce = random_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, aad)


def decrypt(sealed: bytes, key: bytes, aad: bytes) -> bytes:
    """Undo `encrypt`.

    Raises
    ------
    cryptography.exceptions.InvalidTag
        The key or `aad` is another one, or a byte was changed.
    """
    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], aad)
