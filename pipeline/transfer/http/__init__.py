"""One request: authorised, answered or refused, tried again, slowed and cancelled.

Knows nothing of folders and streams.
"""
