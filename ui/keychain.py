"""The login in the operating system's keychain. The only module that knows keyring; it knows no window and no thread.

Address and token are one entry: a token is never offered to another server than the one that it was typed for. What the
system's own programs raise is not wrapped here: there are too many kinds, and the caller says the same of all of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

SERVICE = "HLS Converter"
ENTRY = "backend login"
"""The name of the entry with the login that was typed; that of a named backend has its id behind it."""


class KeychainError(Exception):
    """There is no keychain, or it did not keep what it was given."""


@dataclass(frozen=True, kw_only=True)
class KeptLogin:
    """A backend's address and the token for it."""

    url: str
    token: str = field(repr=False)


def entry_of(backend: str) -> str:
    """Return the name of a named backend's entry, by its id; empty for the login that was typed."""
    return f"{ENTRY} {backend}" if backend else ENTRY


def load(backend: str = "") -> KeptLogin | None:
    """Return what is remembered for a backend, None where nothing is. May wait for somebody to unlock the keychain.

    Raises whatever it raises.
    """
    import keyring  # when first used: finding the system's keychain takes a moment

    stored = keyring.get_password(SERVICE, entry_of(backend))
    return None if stored is None else _read(stored)


def save(login: KeptLogin, backend: str = "") -> None:
    """Remember a backend's login in place of an earlier one, and see that it is there.

    Raises whatever the keychain raises, KeychainError.
    """
    import keyring

    stored = json.dumps({"url": login.url, "token": login.token})
    keyring.set_password(SERVICE, entry_of(backend), stored)
    if keyring.get_password(SERVICE, entry_of(backend)) != stored:  # keyring can be set up to keep nothing
        raise KeychainError("the keychain did not keep the login")


def forget(backend: str = "") -> None:
    """Remove what is remembered for a backend, if anything is. Raises whatever the keychain raises."""
    import keyring
    from keyring.errors import NoKeyringError

    try:
        if keyring.get_password(SERVICE, entry_of(backend)) is not None:
            keyring.delete_password(SERVICE, entry_of(backend))
    except NoKeyringError:
        return  # where nothing can be kept, nothing is left


def is_missing(error: Exception) -> bool:
    """Whether an error means that this computer has no keychain at all."""
    from keyring.errors import NoKeyringError

    return isinstance(error, NoKeyringError)


def _read(stored: str) -> KeptLogin | None:
    """Return the login of an entry, None where it is not one of ours."""
    try:
        entry = json.loads(stored)
    except ValueError:
        return None
    if isinstance(entry, dict) and isinstance(entry.get("url"), str) and isinstance(entry.get("token"), str):
        return KeptLogin(url=entry["url"], token=entry["token"])
    return None
