"""Which texts of a configuration are secret."""

from __future__ import annotations

import dataclasses
from urllib.parse import urlsplit

from config import Config


def secrets_of(config: Config) -> tuple[str, ...]:
    """Return every value of a configuration that is kept out of its repr, and the passwords of addresses."""
    return tuple(filter(None, _secret_values(config)))


def _secret_values(part: object) -> list[str]:
    found: list[str] = []
    if not dataclasses.is_dataclass(part) or isinstance(part, type):
        return found
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        if isinstance(value, str) and not field.repr:
            found += [value, _password(value)]
        else:
            found += _secret_values(value)
    return found


def _password(address: str) -> str:
    try:
        return urlsplit(address).password or ""
    except ValueError:
        return ""
