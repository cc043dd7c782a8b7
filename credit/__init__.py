"""The credit domain: everything that decides, without Ray, HTTP or MLflow."""
