"""Opens the queue that several machines work through. What that needs is imported only when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.errors import Problem, Setting, SettingsError

if TYPE_CHECKING:
    from pipeline.engines.procrastinate.database import Database


def queue_database(url: str) -> Database:
    """Return the queue's database, not connected yet. Raises SettingsError."""
    try:
        from pipeline.engines.procrastinate.database import Database
    except ImportError as error:
        text = f"The queue needs more packages ({error.name} is missing): install them with"
        text += " `pip install -r requirements-cluster.txt`."
        raise SettingsError(Problem(text=text, setting=Setting.ENGINE)) from error
    return Database(url)
