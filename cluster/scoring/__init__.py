"""Scoring files of any size: parts are read, scored in several processes, and written in order.

``job`` is what a process is told, ``worker`` what it does with one part, ``pool`` how parts travel to
processes and back, ``outputs`` where answers go; ``local`` and ``remote`` join them.
"""
