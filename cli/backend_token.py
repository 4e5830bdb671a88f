"""`backend token`: makes, lists, rotates and revokes the tokens of a backend's clients, while it runs or not."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from backend.access.named_tokens import NamedToken, NamedTokens
from backend.access.rights import Right
from cli.backend_root import root_of
from cli.moments import duration_s, moment_s
from cli.printing import write_table
from config import Config
from pipeline.errors import SettingsError
from pipeline.timestamps import utc_text

_HEAD = ("Name", "Rights", "Keys", "Added", "Expires", "Last used", "")


def run(options: argparse.Namespace, config: Config) -> int:
    """Do what was asked; print a token that was made, once. Raises SettingsError."""
    tokens = NamedTokens(root_of(options, config))
    tokens.prepare()
    if options.token_action == "add":
        expires_s = None if options.expires is None else moment_s(options.expires, "--expires", time.time())
        rights = _rights(options.rights)
        _write([tokens.add(options.name, rights=rights, prefixes=options.prefixes, expires_s=expires_s)])
    elif options.token_action == "rotate":
        _write([tokens.rotate(options.name, grace_s=duration_s(options.grace, "--grace"))])
    elif options.token_action == "revoke":
        tokens.revoke(options.name)
    else:
        _list(tokens.all(), time.time())
    return 0


def _rights(text: str) -> frozenset[Right]:
    """Read rights with commas between them. Raises SettingsError."""
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    known = [right.value for right in Right]
    unknown = [word for word in words if word not in known]
    if unknown or not words:
        said = repr(unknown[0]) if unknown else "empty"
        raise SettingsError(f"--rights must be one or several of {', '.join(known)}, with commas between, not {said}.")
    return frozenset(Right(word) for word in words)


def _list(tokens: Sequence[NamedToken], now_s: float) -> None:
    if tokens:
        write_table(_HEAD, [_row(token, now_s) for token in tokens])
    else:
        _write(["No client has a token: the backend takes its own alone."])


def _row(token: NamedToken, now_s: float) -> tuple[str, ...]:
    grant = token.grant
    expires = "never" if token.expires_s is None else utc_text(token.expires_s)
    if token.expires_s is not None and token.expires_s <= now_s:
        expires += " (expired)"
    under_way = token.replaced_s is not None and token.replaced_s > now_s
    return (
        grant.name,
        ",".join(right.value for right in Right if right in grant.rights),
        " ".join(grant.prefixes) or "all",
        utc_text(token.added_s),
        expires,
        "never" if token.used_s is None else utc_text(token.used_s),
        f"the one before is good until {utc_text(token.replaced_s)}" if under_way and token.replaced_s else "",
    )


def _write(lines: Sequence[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
