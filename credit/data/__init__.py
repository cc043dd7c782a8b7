"""Where rows come from: files, the packaged public set, and how they are split."""

from credit.data.packaged import give_me_some_credit
from credit.data.sources import read_source, read_table
from credit.data.split import group_folds, row_groups

__all__ = ["give_me_some_credit", "group_folds", "read_source", "read_table", "row_groups"]
