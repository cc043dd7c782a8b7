"""The synthetic loan book: seeded tables with a known truth, and frames that fit the contracts."""

from credit.data.book.columns import COLUMNS, BookColumn, describe_columns
from credit.data.book.make import LoanBook, make_book
from credit.data.book.mock import MOCK_FILE, mock_credit_data
from credit.data.book.products import PRODUCTS, synthetic
from credit.data.book.settings import BookBias, BookDrift, BookSettings
from credit.data.book.training import training_table

__all__ = [
    "COLUMNS",
    "MOCK_FILE",
    "PRODUCTS",
    "BookBias",
    "BookColumn",
    "BookDrift",
    "BookSettings",
    "LoanBook",
    "describe_columns",
    "make_book",
    "mock_credit_data",
    "synthetic",
    "training_table",
]
