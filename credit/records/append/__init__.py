"""Append a decision: prepared in the caller's thread, committed with all that wait."""
