"""The ``credit`` command: parse, build settings, call a function that works without a command line."""
