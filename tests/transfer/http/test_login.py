"""The token that may expire in the middle."""

from __future__ import annotations

import threading

import pytest

from pipeline.errors import Cancelled
from pipeline.transfer.http.login import Login


def test_new_token_takes_the_place_of_the_refused_one(cancel):
    """What is asked for once counts for everybody who was refused with the old one."""
    asked = []
    login = Login("old", lambda: asked.append(1) or " new\n")
    assert ("old", 1) == login.current()
    assert login.renew(1, cancel)
    assert login.renew(1, cancel)
    assert ("new", 2) == login.current()
    assert ([1], ["old", "new"]) == (asked, login.tokens)


@pytest.mark.parametrize(
    "ask", [None, lambda: None, lambda: "  "], ids=["nobody to ask", "nobody has one", "nothing typed"]
)
def test_without_a_new_token_it_is_over(cancel, ask):
    """Who has none is not asked a second time."""
    login = Login("old", ask)
    assert not login.renew(1, cancel)
    assert not login.can_ask
    assert not login.renew(1, cancel)
    assert ["old"] == login.tokens


def test_nobody_is_asked_for_what_was_cancelled(cancel):
    """Whatever came first, the cancel or the refusal."""
    cancel.cancel()
    with pytest.raises(Cancelled):
        Login("old", lambda: pytest.fail("nobody needs it")).renew(1, cancel)


def test_others_wait_while_one_is_asked_and_cancel_ends_that(cancel, in_thread):
    """An editor who looks for a token is not asked four times, and may cancel meanwhile."""
    asking, typed = threading.Event(), threading.Event()

    def ask() -> str:
        asking.set()
        typed.wait(60)
        return "new"

    login = Login("old", ask)
    first = in_thread(lambda: login.renew(1, cancel))
    asking.wait(60)
    second = in_thread(lambda: login.renew(1, cancel))
    cancel.cancel()
    assert isinstance(second(), Cancelled)
    typed.set()
    assert isinstance(first(), Cancelled)
