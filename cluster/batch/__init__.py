"""Score files of any number and size into a folder of Parquet files, so that a run can go on where it was ended.

``inputs`` finds the files, ``blocks`` cuts them, ``block_scorer`` scores one block and writes its files,
``folder`` is where they go, ``manifest`` says what the folder is of; ``run`` does it in this process, ``on_ray``
with Ray Data.
"""
