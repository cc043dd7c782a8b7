"""All contenders by name."""

from __future__ import annotations

from cluster.bench.serve.contenders.by_hand import BY_HAND
from cluster.bench.serve.contenders.contender import Contender
from cluster.bench.serve.contenders.on_ray import ON_RAY
from cluster.bench.serve.contenders.peers import PEERS

EVERY: dict[str, Contender] = {c.name: c for c in (*BY_HAND, *PEERS, *ON_RAY)}
