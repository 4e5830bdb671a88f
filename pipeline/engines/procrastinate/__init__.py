"""A queue of jobs in PostgreSQL, which several machines work through: Procrastinate's tables, and our own beside them.

Procrastinate gives the durable queue: its order, locks and priorities, retries, cancels and heartbeats. Its worker is
not used: that one stops at the first connection that breaks, and ends a job by its number, whoever has it by then.
This package alone imports procrastinate and psycopg, and is imported only where a queue is asked for.
"""
