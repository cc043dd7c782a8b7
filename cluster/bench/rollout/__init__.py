"""Models change, replicas come, go and die, under a load that never pauses.

``load`` asks at fixed times and notes every try; ``watch`` holds each answer against the history of the
rollout; ``run`` is what is done meanwhile; ``start`` gives it a service of its own.
"""
