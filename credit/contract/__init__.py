"""What one lending product's data means, written once.

A contract is one YAML file. Everything that has to know a column reads it from there: the validator
of one request and of a frame, the OpenAPI document, the feature transform, the monotone signs of
the models, the reason texts and the policy. Start with :func:`load_contract`; :class:`Application`
is what a valid row becomes.
"""

from credit.contract.application import Application
from credit.contract.decoder import ApplicationDecoder
from credit.contract.frame import FrameCheck, RuleFailure, check_frame
from credit.contract.load import load_contract, packaged_contracts
from credit.contract.model import Contract
from credit.contract.row import RowValidator

__all__ = [
    "Application",
    "ApplicationDecoder",
    "Contract",
    "FrameCheck",
    "RowValidator",
    "RuleFailure",
    "check_frame",
    "load_contract",
    "packaged_contracts",
]
