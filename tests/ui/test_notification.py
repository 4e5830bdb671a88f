"""Notifications: when there is one, and that a desktop shows it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from session_bus import needs_dbus, private_bus
from ui_fakes import report
from window_states import PLAN

from pipeline.events import JobFinished
from pipeline.model import Outcome
from ui.messages import StopRequested, TokenWanted
from ui.notification import notification_of

DEADLINE_S = 60.0
ROOT = Path(__file__).resolve().parents[2]
TELLING = """
from ui.notification import Notification, show
show(Notification(title="a & <b> ü.mp4 is done", text="All of it is finished.")).join()
"""
BUS = "org.freedesktop.Notifications"


@pytest.mark.parametrize(
    ("message", "title"),
    [
        (JobFinished(report=report(PLAN)), "lesson01.mp4 is done"),
        (JobFinished(report=report(PLAN, Outcome.FAILED, error="The disk is full.")), "lesson01.mp4 failed"),
        (JobFinished(report=report(PLAN, Outcome.CANCELLED)), None),
        (TokenWanted(), "The upload waits for a new token"),
        (StopRequested(), None),
    ],
    ids=["done", "failed", "cancelled", "token", "other"],
)
def test_what_is_told(message, title):
    """A job that has ended by itself, and one that waits for the editor."""
    told = notification_of(message)
    assert title == (None if told is None else told.title)


def test_a_warning_is_told():
    """What is done with a warning is to be looked at."""
    told = notification_of(JobFinished(report=report(PLAN, warnings=("The file record was not made.",))))
    assert "The window has a warning." == told.text


@needs_dbus
def test_the_desktop_shows_it(monkeypatch):
    """Over the session bus, to whatever shows notifications there."""
    with private_bus() as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        with _Desktop() as desktop:
            done = subprocess.run([sys.executable, "-c", TELLING], cwd=ROOT, timeout=DEADLINE_S, check=False)
            assert 0 == done.returncode
            assert [("HLS Converter", "a & <b> ü.mp4 is done", "All of it is finished.")] == desktop.shown


@pytest.mark.parametrize("address", ["unix:path=/nowhere", ""])
def test_without_a_desktop(address):
    """Nothing happens."""
    environment = {**os.environ, "DBUS_SESSION_BUS_ADDRESS": address}
    done = subprocess.run(
        [sys.executable, "-c", TELLING],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        timeout=DEADLINE_S,
        check=False,
    )
    assert (0, b"") == (done.returncode, done.stderr)


class _Desktop:
    """What shows notifications on a session bus, in a thread of its own."""

    def __init__(self) -> None:
        self.shown = []
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._done = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def __enter__(self) -> _Desktop:
        self._thread.start()
        assert self._ready.wait(DEADLINE_S)
        return self

    def __exit__(self, *_) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        from dbus_fast import Message, MessageType
        from dbus_fast.aio import MessageBus

        bus = await MessageBus().connect()
        answers = {
            "Introspect": ("s", [INTROSPECTION]),
            "GetServerInformation": ("ssss", ["tests", "tests", "1", "1.2"]),
            "GetCapabilities": ("as", [["body"]]),
            "Notify": ("u", [1]),
        }

        def answer(message):
            if message.message_type is not MessageType.METHOD_CALL or message.member not in answers:
                return None
            if message.member == "Notify":
                self.shown.append((message.body[0], message.body[3], message.body[4]))
            return Message.new_method_return(message, *answers[message.member])

        bus.add_message_handler(answer)
        await bus.request_name(BUS)
        self._ready.set()
        await self._done.wait()
        bus.disconnect()


INTROSPECTION = f"""<node><interface name="{BUS}">
<method name="Notify">
<arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
<arg type="s" direction="in"/><arg type="as" direction="in"/><arg type="a{{sv}}" direction="in"/>
<arg type="i" direction="in"/><arg type="u" direction="out"/></method>
<method name="GetServerInformation"><arg type="s" direction="out"/><arg type="s" direction="out"/>
<arg type="s" direction="out"/><arg type="s" direction="out"/></method>
<method name="GetCapabilities"><arg type="as" direction="out"/></method>
</interface></node>"""
