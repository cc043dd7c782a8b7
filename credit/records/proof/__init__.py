"""What proves that no record was changed, removed, added or moved."""
