"""How many connections a client keeps open."""

from __future__ import annotations

from typing import Final

import httpx

LIMITS: Final = httpx.Limits(max_connections=100, max_keepalive_connections=100)
"""As many as may be open are kept: httpcore closes surplus ones, and now and then one that another thread has
just begun to use (https://github.com/encode/httpcore/issues/1110). The request on it fails, or waits until its
time is over; of 50,000 from 32 threads one did.
"""
