"""Backups of a backend, and clearing up what no manifest names."""
