"""The service beside what it replaces: the same work, on the same machine, in the same run."""
