"""The databases beneath: how they are opened, their tables, their migrations."""
