"""Who answers: the rollout, changed by compare-and-swap and followed by every process that serves.

``store`` holds what is active, staged and past; ``members`` who serves; ``follow`` keeps a process in
step; ``operate`` is what people and guards do to it.
"""

from credit.errors import RolloutMoved
from serve_app.rollout.change import Change
from serve_app.rollout.follow import RolloutFollower
from serve_app.rollout.store import read_rollout, write_rollout

__all__ = ["Change", "RolloutFollower", "RolloutMoved", "read_rollout", "write_rollout"]
