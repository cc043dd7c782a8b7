"""Keys, and the personal part of a record that only they open."""
