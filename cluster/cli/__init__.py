"""The ``credit`` command: parse, then call a function that works without a command line.

A command imports what it needs when it runs: ``credit --help`` must not wait for LightGBM and Ray, and Ray
must not be imported before its environment is set.
"""
