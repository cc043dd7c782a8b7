"""HTTP routes: check, call the gateway, answer. Nothing is decided here.

A group of routes is a module that gives a table and its part of the OpenAPI document; ``app`` puts them
together.
"""

from serve_app.routes.app import build_http_app
from serve_app.routes.desk import Monitor

__all__ = ["Monitor", "build_http_app"]
