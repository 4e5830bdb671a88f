"""The pause that a server asks for, kept by every request to it."""

from __future__ import annotations

from upload_parts import RecordingToken

from pipeline.transfer.http.exchange import Response
from pipeline.transfer.http.hold import HeldHttp, Hold


class Answers:
    """An `Http` that gives these answers in turn and remembers when it was asked what."""

    def __init__(self, cancel: RecordingToken, *answers: Response) -> None:
        self.asked: list[tuple[float, str]] = []
        self._cancel = cancel
        self._answers = list(answers)

    def send(self, method, url, *, headers, body, read_timeout_s, limit) -> Response:
        self.asked.append((sum(self._cancel.pauses), url))
        return self._answers.pop(0)


def test_pause_holds_for_every_request_to_that_server():
    """After 429 with Retry-After nobody asks that server before the time; others are asked,
    and 503 is each request's own matter.
    """
    cancel = RecordingToken()
    good, limit, busy = (
        Response(status=200),
        Response(status=429, retry_after_s=40),
        Response(status=503, retry_after_s=50),
    )
    lines = Answers(cancel, limit, good, good, busy, good)
    hold = Hold(cancel, clock=lambda: sum(cancel.pauses))
    ways = [HeldHttp(lines, hold), HeldHttp(lines, hold)]
    for way, url in ((0, "http://a/x?1"), (1, "http://b/y"), (1, "http://a/z"), (0, "http://b/y"), (1, "http://b/y")):
        ways[way].send("PUT", url, headers={}, body=b"", read_timeout_s=1)
    assert [0, 0, 40, 40, 40] == [when for when, _ in lines.asked]


def test_shorter_pause_does_not_end_a_longer_one():
    """Answers that were under way together need not come in order."""
    cancel = RecordingToken()
    hold = Hold(cancel, clock=lambda: sum(cancel.pauses))
    hold.begin("http://a", 60)
    hold.begin("http://a", 5)
    hold.wait("http://a")
    assert [60] == cancel.pauses
