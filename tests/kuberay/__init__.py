"""The manifests agree with the code, the lock and one another; no cluster is needed."""
