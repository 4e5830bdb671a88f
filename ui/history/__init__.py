"""The jobs that have ended: found by what is typed, and what can be done with their folders."""
