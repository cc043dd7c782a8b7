"""Read records: in order behind a cursor, or one at a time."""
