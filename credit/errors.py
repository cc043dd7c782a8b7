"""Every error the product raises on purpose.

::

    CreditError
    ├── InvalidInput                 what came from outside cannot be used
    │   ├── ApplicationInvalid       one application breaks its contract
    │   ├── NotJson                  bytes that should be JSON are not
    │   ├── ContractError            a contract is wrong, or does not fit the data
    │   └── DataError                a data set cannot be read or learned from
    ├── BundleError                  a model bundle cannot be trusted or used
    │   ├── BundleCorrupt            its content is not what its hash says
    │   ├── BundleIncompatible       its golden rows score differently here
    │   ├── BundleTooLarge           loading it takes more memory than there is
    │   ├── ModelTooDeep             explaining it from tables takes too much memory
    │   └── BundleUnknown            this node does not hold it
    ├── ExplanationInconsistent      reasons do not add up to the score
    ├── RecordError                  the decision record
    │   ├── RecordStoreUnavailable   it cannot be written or read: no score
    │   ├── RecordStoreBusy          its bounded queue is full: try again later
    │   ├── IdempotencyConflict      the key was used for another application
    │   ├── RecordErased             the subject was erased
    │   ├── DecisionUnknown          there is no such decision, or it is another tenant's
    │   ├── RecordsNotProven         they are not what was signed
    │   └── AnchorUnavailable        the place outside cannot be written or read
    ├── KeyUnavailable               a key that existing data needs is not there
    ├── RegistryUnavailable          the model registry cannot be reached or is empty
    ├── RolloutRefused               who answers cannot be changed so
    │   └── RolloutMoved             somebody else changed it in between
    ├── ServiceUnavailable           the scoring service does not answer
    └── SettingsInvalid              the program was asked for something it cannot do

The edge maps each class to an HTTP status in one table (``serve_app.problems``) and to an exit code
in one other (``cluster.cli.exits``). Messages name fields and rules; they never hold a personal
value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class CreditError(Exception):
    """Root of the tree: catch this to catch everything the product raises on purpose."""


class InvalidInput(CreditError):
    """What came from outside cannot be used; the sender can correct it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One rule that one field breaks.

    Attributes
    ----------
    field
        Name of the field as the sender knows it.
    rule
        Identifier of the rule, from a closed set: ``unknown``, ``repeated``, ``missing``, ``type``,
        ``finite``, ``null``, ``minimum``, ``maximum``, ``category``, ``length``.
    message
        What was expected and what to do, without the value itself.
    """

    field: str
    rule: str
    message: str


class ApplicationInvalid(InvalidInput):
    """An application breaks its contract; ``failures`` lists every rule that it breaks."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        self.failures = tuple(failures)
        super().__init__("; ".join(f"{f.field}: {f.message}" for f in self.failures))

    def __reduce__(self) -> tuple[type[ApplicationInvalid], tuple[tuple[Failure, ...]]]:
        """Keep the failures when the error crosses a process boundary."""
        return type(self), (self.failures,)


class NotJson(InvalidInput):
    """Bytes that should be JSON are not, or are JSON of a kind that is not taken."""


class ContractError(InvalidInput):
    """A contract document is wrong, or does not fit the data it is held against."""


class DataError(InvalidInput):
    """A data set cannot be read, or nothing can be learned from it."""


class BundleError(CreditError):
    """A model bundle cannot be trusted or used."""


class BundleCorrupt(BundleError):
    """The content of a bundle is not what its hash says."""


class BundleIncompatible(BundleError):
    """The golden rows of a bundle score differently in this process."""


class BundleTooLarge(BundleError):
    """Loading a bundle would take more memory than this process may have."""


class ModelTooDeep(BundleError):
    """Explaining the model from tables would take too much memory."""


class BundleUnknown(BundleError):
    """A node was asked for a bundle that it does not hold."""


class ExplanationInconsistent(CreditError):
    """Contributions do not add up to the raw score, so no reasons may be given."""


class RecordError(CreditError):
    """The decision record refused."""


class RecordStoreUnavailable(RecordError):
    """The record store cannot be written or read; without a record there is no score."""


class RecordStoreBusy(RecordError):
    """The bounded queue of the record writer is full; try again shortly."""


class IdempotencyConflict(RecordError):
    """An idempotency key was used before, for another application."""


class RecordErased(RecordError):
    """The subject of a record was erased; its sealed part cannot be opened again."""


class DecisionUnknown(RecordError):
    """There is no such decision, or it is another tenant's: nobody can tell which."""


class RecordsNotProven(RecordError):
    """Records, or the checkpoints over them, are not what was signed; nothing further is signed."""


class AnchorUnavailable(RecordError):
    """The place outside that keeps checkpoints cannot be written or read now."""


class KeyUnavailable(CreditError):
    """A key that existing data needs is missing or wrong; nothing was changed."""


class RegistryUnavailable(CreditError):
    """The model registry cannot be reached, or does not hold what was asked for."""


class RolloutRefused(CreditError):
    """A change of the rollout that cannot be made; who answers is as before."""


class RolloutMoved(RolloutRefused):
    """Somebody else changed the rollout in between."""


class ServiceUnavailable(CreditError):
    """The scoring service does not answer as it should."""


class SettingsInvalid(CreditError):
    """The program was asked for something that it cannot do."""
