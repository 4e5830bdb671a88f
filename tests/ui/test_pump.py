"""The pump between threads and the Tk thread."""

from __future__ import annotations

import threading

from ui.pump import BEHIND_MS, INTERVAL_MS, MAX_MESSAGES, EventPump


def test_messages_come_in_order_and_together():
    """What was put is handed on as one list in the same order."""
    received: list[list[int]] = []
    pump = EventPump(received.append)
    for number in range(3):
        pump.put(number)
    assert 3 == pump.drain()
    assert [[0, 1, 2]] == received


def test_an_empty_queue_disturbs_nobody():
    """Without messages nothing is handed on."""
    received: list[list[int]] = []
    assert 0 == EventPump(received.append).drain()
    assert [] == received


def test_one_turn_takes_a_hundred_messages_at_most():
    """A flood is taken in portions, so that the window's own events get their turn."""
    received: list[list[int]] = []
    pump = EventPump(received.append, clock=lambda: 0.0)
    for number in range(MAX_MESSAGES + 5):
        pump.put(number)
    assert (100, 5, 0) == (pump.drain(), pump.drain(), pump.drain())


def test_one_turn_takes_ten_milliseconds_at_most():
    """When time is up the rest waits for the next turn."""
    times = iter([0.0, 0.004, 0.011, 0.011, 0.030])
    pump = EventPump(lambda _: None, clock=lambda: next(times))
    for number in range(3):
        pump.put(number)
    assert (2, 1) == (pump.drain(), pump.drain())


def test_every_thread_may_put():
    """No message of several threads is lost."""
    received: list[list[int]] = []
    pump = EventPump(received.append, clock=lambda: 0.0)
    threads = [threading.Thread(target=lambda: [pump.put(n) for n in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while pump.drain():
        continue
    assert 200 == sum(len(portion) for portion in received)


def test_more_than_a_portion_is_gone_on_with_soon():
    """Messages that come faster than they are taken do not gather for ever."""
    pump = EventPump[int](lambda _: None, clock=lambda: 0.0)
    for number in range(MAX_MESSAGES + 1):
        pump.put(number)
    behind = pump.pause_ms
    pump.drain()
    assert (BEHIND_MS, INTERVAL_MS) == (behind, pump.pause_ms)
