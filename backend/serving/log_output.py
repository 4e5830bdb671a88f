"""Writes the backend's log to standard error, where systemd and containers keep it: text or JSON, a line each."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone

from backend.serving import request_log

notices = logging.getLogger("backend.notices")
"""What the backend itself has to say while it runs: sentences."""


class _Lines(logging.Formatter):
    """Leaves lines of requests as they are, and gives all others their time and level."""

    def __init__(self, form: str) -> None:
        super().__init__("%(message)s")
        self._json = form == "json"

    def format(self, record: logging.LogRecord) -> str:
        if record.name == request_log.logger.name:
            return record.getMessage()
        text = super().format(record)
        moment = datetime.fromtimestamp(record.created, timezone.utc)
        time = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if self._json:
            return json.dumps({"time": time, "level": record.levelname.lower(), "message": text})
        shown = "".join(sign if sign.isprintable() or sign == "\n" else f"\\x{ord(sign):02x}" for sign in text)
        return f"{time} {record.levelname.lower()}: {shown}"


def show_log(form: str) -> None:
    """Let what is logged in this process appear on standard error, in one of LOG_FORMATS; calling it again changes
    the format.
    """
    root = logging.getLogger()
    root.handlers[:] = [handler for handler in root.handlers if not isinstance(handler.formatter, _Lines)]
    handler = logging.StreamHandler()
    handler.setFormatter(_Lines(form))
    root.addHandler(handler)
    for shown in (request_log.logger, notices):
        shown.setLevel(logging.INFO)
