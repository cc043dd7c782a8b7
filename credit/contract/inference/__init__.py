"""A first contract for a table that nobody has described yet.

:func:`draft_contract` looks at the rows and guesses; what it guessed, and what only a person can
know, is said in the draft's notes. The draft loads as a contract at once, and every row that can be
read satisfies it. It is a beginning: meanings, directions and reason sentences are a person's work.
"""

from credit.contract.inference.draft import Draft, draft_contract
from credit.contract.inference.note import Note
from credit.contract.inference.text import to_yaml

__all__ = ["Draft", "Note", "draft_contract", "to_yaml"]
