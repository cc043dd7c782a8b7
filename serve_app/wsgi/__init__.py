"""The service inside another program: Flask, Django, or any WSGI server; without Ray, in one process.

::

    service = build_wsgi_app(Settings(), "give_me_some_credit")
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/scoring": service})

Same routes, same answers, same record as under Ray Serve: gateway, nodes and record writer live here, and the
rollout is followed. There is no drift monitor: it reads the records, wherever it runs.
"""

from serve_app.wsgi.app import WsgiApp
from serve_app.wsgi.service import WsgiService, build_wsgi_app

__all__ = ["WsgiApp", "WsgiService", "build_wsgi_app"]
