"""Datasets that a team keeps: collections of rows with ids and references, in memory, autosaved, with undo.

`open_document` opens one. A dataset is a JSON file; its schema says which collections it has. Knows no window.
"""
