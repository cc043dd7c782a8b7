"""What proves that no record was changed, removed, added or moved.

Three layers, each against somebody who got past the one before. The hash chain of each writer
(``chain``): nothing inside it was changed. Signed checkpoints over the ends of all chains
(``checkpoints``, made by ``checkpointer``): no end was cut off, no chain written anew; that takes the
signing key (``signing``). A place outside (``anchors``): the history was not replaced as a whole by
somebody who has database and key, nor by an old backup. ``verify`` checks all three, in several
processes, and names the first record that is wrong.
"""
