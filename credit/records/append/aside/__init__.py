"""A record writer in a process of its own, for programs whose event loop is busy.

Sealing, hashing and SQL keep the interpreter as busy as answering does, and two threads that both want it
take turns at several times the cost. So the thread that decides only encodes a record (``writer``) and hands
it over a socket (``frames``, ``messages``) to a child (``child``), which commits all that has come meanwhile and
tells what became of each. On SQLite the gateways of a machine share one child (``shared``).
"""
