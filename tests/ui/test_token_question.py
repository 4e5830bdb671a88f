"""A thread of the upload waits for the editor's answer."""

from __future__ import annotations

import threading

import pytest
from ui_fakes import DEADLINE_S

from pipeline.cancel import CancelToken
from ui.messages import TokenWanted
from ui.token_question import TokenQuestion


class Asked:
    """A question that is asked in a thread of its own."""

    def __init__(self) -> None:
        self.cancel = CancelToken()
        self.posted: list[object] = []
        self.answers: list[str | None] = []
        self.waiting = threading.Event()
        self.question = TokenQuestion(self._post)

    def _post(self, message: object) -> None:
        self.posted.append(message)
        self.waiting.set()

    def begin(self) -> threading.Thread:
        """Ask, and return the thread once it waits."""
        self.waiting.clear()
        thread = threading.Thread(target=lambda: self.answers.append(self.question.ask(self.cancel)))
        thread.start()
        assert self.waiting.wait(DEADLINE_S)
        return thread


@pytest.mark.parametrize("answer", ["a-new-token", None], ids=["token", "none"])
def test_the_answer_reaches_the_thread(answer):
    """The window is told, and what it hands over is what the thread gets."""
    asked = Asked()
    thread = asked.begin()
    asked.question.answer(answer)
    thread.join(DEADLINE_S)
    assert ([TokenWanted()], [answer]) == (asked.posted, asked.answers)


def test_cancel_ends_the_wait():
    """A job that is cancelled has no token."""
    asked = Asked()
    thread = asked.begin()
    asked.cancel.cancel()
    thread.join(DEADLINE_S)
    assert [None] == asked.answers


def test_an_answer_that_comes_too_late_answers_no_other_question():
    """What is said when nobody asks is dropped, and so is a second answer."""
    asked = Asked()
    asked.question.answer("early")
    thread = asked.begin()
    asked.question.answer("first")
    asked.question.answer("again")
    thread.join(DEADLINE_S)
    thread = asked.begin()
    asked.question.answer("second")
    thread.join(DEADLINE_S)
    assert ["first", "second"] == asked.answers


def test_all_who_ask_get_the_answer():
    """A job and the upload of a finished folder may ask at the same time; one that is cancelled asks no more."""
    asked = Asked()
    threads = [asked.begin() for _ in range(3)]
    asked.question.answer("a-new-token")
    for thread in threads:
        thread.join(DEADLINE_S)
    assert (["a-new-token"] * 3, []) == (asked.answers, asked.question._waiting)
