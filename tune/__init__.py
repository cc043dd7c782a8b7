"""From a table and a contract to a registered bundle.

``pipeline.train_and_register`` is the whole way: prepare rows (``rows``), search hyper-parameters
with Ray Tune (``sweep``), refit and calibrate the winner and verify it on rows that nothing saw
(``winner``), save it as a bundle, register it in MLflow (``registry``). Import the modules by name:
some import Ray, which reads its environment then.
"""
