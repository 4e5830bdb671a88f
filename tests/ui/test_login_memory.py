"""The thread that speaks with the keychain."""

from __future__ import annotations

import queue
import threading

import keyring
import pytest
from keyring.backends import fail
from ui_fakes import DEADLINE_S

from ui.keychain import KeptLogin
from ui.login_memory import NO_KEYCHAIN, NOT_KEPT, NOT_READ, NOT_REMOVED, LoginMemory
from ui.messages import KeychainTold, LoginFound

LOGIN = KeptLogin(url="https://api.example.com", token="kept-token-kept-token")


class Told:
    """A memory, and what it posts."""

    def __init__(self) -> None:
        self._messages: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.memory = LoginMemory(self._messages.put)

    def next(self) -> object:
        """Return the next message."""
        return self._messages.get(timeout=DEADLINE_S)


def test_remembered_and_forgotten_in_order(memory_keychain):
    """One thing is done after the other, so a tick that is taken back at once leaves nothing."""
    told = Told()
    told.memory.save(LOGIN)
    told.memory.load()
    told.memory.forget()
    told.memory.load()
    assert [KeychainTold(), LoginFound(login=LOGIN), KeychainTold(), KeychainTold()] == [told.next() for _ in range(4)]
    assert {} == memory_keychain.entries


def test_what_is_kept_is_not_written_again(memory_keychain):
    """Some keychains ask before each change."""
    told = Told()
    told.memory.save(LOGIN)
    told.memory.save(LOGIN)
    assert [KeychainTold()] * 2 == [told.next(), told.next()]
    assert 1 == memory_keychain.writes


def test_no_keychain(memory_keychain, caplog):
    """The sentence says what becomes of the token, and nothing of it is written anywhere."""
    keyring.set_keyring(fail.Keyring())
    told = Told()
    told.memory.save(LOGIN)
    assert KeychainTold(text=NO_KEYCHAIN) == told.next()
    assert "kept-token" not in caplog.text


def test_no_keychain_is_told_once(memory_keychain):
    """The login is stored at several occasions that come together; after something else it is told again."""
    keyring.set_keyring(fail.Keyring())
    told = Told()
    told.memory.save(LOGIN)
    told.memory.save(KeptLogin(url=LOGIN.url, token="another-token-another"))
    told.memory.forget()  # where nothing can be kept, nothing is left
    told.memory.save(LOGIN)
    trouble = KeychainTold(text=NO_KEYCHAIN)
    assert [trouble, KeychainTold(), trouble] == [told.next() for _ in range(3)]


@pytest.mark.parametrize(
    ("call", "text"),
    [(LoginMemory.load, NOT_READ), (lambda memory: memory.save(LOGIN), NOT_KEPT), (LoginMemory.forget, NOT_REMOVED)],
    ids=["load", "save", "forget"],
)
def test_a_keychain_that_fails(memory_keychain, caplog, call, text):
    """Each system has errors of its own; all become a sentence without what they say, and the thread goes on."""
    memory_keychain.error = ZeroDivisionError("kept-token-kept-token")
    told = Told()
    call(told.memory)
    assert KeychainTold(text=text) == told.next()
    memory_keychain.error = None
    told.memory.load()
    assert KeychainTold() == told.next()
    assert ("kept-token" in caplog.text, "ZeroDivisionError" in caplog.text) == (False, True)


def test_a_change_is_waited_for_and_a_look_is_not(memory_keychain):
    """Closing the window loses no change, but does not wait for a keychain that nobody unlocks."""
    told = Told()
    memory_keychain.gate = threading.Event()
    told.memory.load()
    busy = [told.memory.busy]
    told.memory.forget()
    busy.append(told.memory.busy)
    memory_keychain.gate.set()
    assert [KeychainTold()] * 2 == [told.next(), told.next()]
    assert [False, True] == busy
