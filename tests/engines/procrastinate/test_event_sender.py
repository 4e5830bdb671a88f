"""What a job tells is sent while it runs."""

import threading

from pipeline.engines.procrastinate.database import UnstorableError
from pipeline.engines.procrastinate.event_sender import EventSender
from pipeline.events import LogLine


class Choosy:
    """The queue's side of an attempt: its database can't keep what is told first."""

    def __init__(self) -> None:
        self.kept = []
        self.refused = threading.Event()
        self.told = threading.Event()

    def send(self, events):
        if not self.refused.is_set():
            self.refused.set()
            raise UnstorableError("The queue can't store what it was sent.")
        self.kept += events
        self.told.set()
        return True


def test_what_cant_be_kept_holds_up_nothing():
    """It is left out, and what follows is sent."""
    attempt = Choosy()
    with EventSender(attempt, lambda: None, pause_s=0.001) as sender:
        sender.take(LogLine(job="one", text="odd"))
        assert attempt.refused.wait(60)
        sender.take(LogLine(job="one", text="plain"))
        assert attempt.told.wait(60)
    assert (["plain"], ()) == ([event.text for event in attempt.kept], sender.rest())
