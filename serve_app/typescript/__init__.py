"""A client of the service for JavaScript and TypeScript, with the types of one contract."""

from serve_app.typescript.generate import TypeScriptClient, typescript_client

__all__ = ["TypeScriptClient", "typescript_client"]
