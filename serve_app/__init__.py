"""The scoring service on Ray Serve.

A request enters at ``routes``, is decided by ``gateway`` through the nodes of ``nodes/``, is
recorded, and only then answered. ``graph`` binds the nodes into deployments; ``client`` is what
callers use.
"""
