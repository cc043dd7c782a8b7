"""What is compared. Each contender is started as processes of its own and ended after its turn.

``handwork`` and ``request_model`` need nothing of this product: they are copied beside the scripts that other
servers run in environments of their own.
"""
