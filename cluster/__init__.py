"""Running it all: the ``credit`` command, a local Ray cluster, and the composition of the service.

This is the only package that knows ``tune``, ``drift`` and ``serve_app`` at once.
"""
