"""The login in the keychain: over a keychain in memory, over none, and over one that keeps nothing."""

from __future__ import annotations

import keyring
import pytest
from keyring.backends import fail, null
from keyring.errors import NoKeyringError

from ui import keychain
from ui.keychain import KeptLogin, KeychainError

LOGIN = KeptLogin(url="https://api.example.com", token="kept-token-kept-token")


def test_a_login_comes_back_and_goes(memory_keychain):
    """What is kept is there again, as one entry, until it is forgotten; forgetting twice is not a mistake."""
    assert keychain.load() is None
    keychain.save(LOGIN)
    assert (LOGIN, 1) == (keychain.load(), len(memory_keychain.entries))
    keychain.forget()
    keychain.forget()
    assert (None, {}) == (keychain.load(), memory_keychain.entries)


@pytest.mark.parametrize(
    "stored",
    ["", "{", "[1]", '{"url": 1, "token": "t"}', '{"url": "u"}'],
    ids=["empty", "half", "list", "number", "no token"],
)
def test_an_entry_that_is_not_ours_is_none(memory_keychain, stored):
    """Whatever somebody put there is no login."""
    memory_keychain.entries[keychain.SERVICE, keychain.ENTRY] = stored
    assert keychain.load() is None


def test_no_keychain(memory_keychain):
    """Where there is none, that is what is said; and there is nothing to forget."""
    keyring.set_keyring(fail.Keyring())
    with pytest.raises(NoKeyringError) as raised:
        keychain.save(LOGIN)
    assert keychain.is_missing(raised.value)
    keychain.forget()


def test_a_keychain_that_keeps_nothing_is_noticed(memory_keychain):
    """A login counts as kept when it can be read again."""
    keyring.set_keyring(null.Keyring())
    with pytest.raises(KeychainError) as raised:
        keychain.save(LOGIN)
    assert (False, False) == (keychain.is_missing(raised.value), "kept-token" in str(raised.value))


def test_the_token_does_not_show_in_a_trace():
    """Printing a login does not print the token."""
    assert "kept-token" not in repr(LOGIN)
