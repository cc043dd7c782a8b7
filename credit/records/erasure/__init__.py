"""Erase people, as far and as soon as the law allows.

A person is erased by destroying the keys of the subject: what they sealed stays in the chain, as
ciphertext that nobody can open (``erase``, ``expire``). A retention policy says what must be kept
first, and for how long at most (``policies``); until then the subject is restricted, and readers treat
its sealed parts as unreadable. A signed entry says that it was done (``tombstones``), samples of
people beside model bundles are cleaned (``samples``), and what the database would leave in its files
is overwritten (``traces``).

What no program here can reach holds keys wrapped under a master key: backups, archived logs, pages of
PostgreSQL until they are used again. ``credit records rotate-keys --drop-old`` makes them useless.
"""

from credit.records.erasure.erase import erase, look
from credit.records.erasure.expire import Expiry, expire
from credit.records.erasure.outcome import ErasureOutcome, Requester, Status
from credit.records.erasure.policies import (
    ProductKind,
    RetentionPolicy,
    available_policies,
    load_policy,
)
from credit.records.erasure.subject import SubjectName

__all__ = [
    "ErasureOutcome",
    "Expiry",
    "ProductKind",
    "Requester",
    "RetentionPolicy",
    "Status",
    "SubjectName",
    "available_policies",
    "erase",
    "expire",
    "load_policy",
    "look",
]
