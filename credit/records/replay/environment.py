"""Say what differs between the environment of a record and this one, as far as it is known.

A record keeps the hash of its environment (`credit.decision.fingerprint`), not the facts behind it.
Those are known when the record was made in the environment that its bundle was made in.
"""

from __future__ import annotations

import platform

from credit.decision.bundle import Bundle
from credit.decision.fingerprint import fingerprint, versions


def environment_note(recorded: str, bundle: Bundle) -> str:
    """Compare the fingerprint of a record with the one here, in words."""
    here = fingerprint()
    if recorded == here:
        return (
            f"the environment is the same (fingerprint {here}), so the record, or the program under an "
            "unchanged engine version, was changed"
        )
    told = f"recorded under fingerprint {recorded}, replayed under {here}"
    if recorded != bundle.golden.fingerprint:
        return (
            f"{told}; the versions behind {recorded} are not known here, those here are {_here()}"
        )
    then, now = bundle.manifest.versions, versions()
    changed = [
        f"{name} {then.get(name, 'none')} -> {now.get(name, 'none')}"
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    ]
    if not changed:
        return f"{told}; all versions are the same, so the C library, the machine or its CPU features differ"
    return f"{told}; what changed: {', '.join(changed)}"


def _here() -> str:
    known = [f"{name} {version}" for name, version in versions().items()]
    return ", ".join([*known, "-".join(platform.libc_ver()), platform.machine()])
