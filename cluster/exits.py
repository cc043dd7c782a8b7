"""Exit codes of the ``credit`` command.

==== ==========================================================================
code meaning
==== ==========================================================================
0    done
1    done, and the answer is no: rows break the contract, a check failed, records are not proven
2    the command line is wrong (Typer's own code) or the settings are
3    the input cannot be used: file, contract, data
4    a bundle, the registry, the record store or a key is not usable
5    the service does not answer
6    the rollout cannot be changed so; who answers is as before
130  interrupted with Ctrl-C; what was finished is kept
==== ==========================================================================
"""

from __future__ import annotations

from credit import errors

OK = 0
NO = 1
INTERRUPTED = 130

CODES: dict[type[errors.CreditError], int] = {
    errors.SettingsInvalid: 2,
    errors.InvalidInput: 3,
    errors.BundleError: 4,
    errors.RegistryUnavailable: 4,
    errors.RecordsNotProven: NO,
    errors.DecisionUnknown: 3,
    errors.RecordError: 4,
    errors.KeyUnavailable: 4,
    errors.ExplanationInconsistent: 4,
    errors.RolloutRefused: 6,
    errors.ServiceUnavailable: 5,
    errors.CreditError: 4,
}


def exit_code(error: errors.CreditError) -> int:
    """Exit code of an error, by its nearest listed class."""
    return next(CODES[c] for c in type(error).__mro__ if c in CODES)
