"""Tries a backend out against docs/backend-api.md, over HTTP like any client.

Knows nothing of how the reference backend works.
"""
