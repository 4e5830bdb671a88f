"""Processes, connections and what each request passes before it is answered: limits, proxies, ids, the log, metrics."""
