"""Our own engine: Shapley values of tree ensembles out of tables.

A row's explanation depends only on which side of the forest's thresholds its values lie
(:mod:`~credit.explain.tables.cells`). Leaves are put into groups that depend on few features
(:mod:`~credit.explain.tables.plan`); the game of each leaf (:mod:`~credit.explain.tables.games`) is added
into its group's table (:mod:`~credit.explain.tables.build`); a row takes one row of each table
(:mod:`~credit.explain.tables.tables`).
"""
