"""Who may ask what: those who have the backend's bearer token, or one that was made for them, within its rights."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.params import Depends as Dependency
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from backend.access.named_tokens import InvalidTokenError, NamedTokens
from backend.access.rights import OWNER, Grant, Right
from backend.routes.error_responses import ApiRefusal
from backend.serving.rare_lines import RareLines
from pipeline.errors import SettingsError

_bearer = HTTPBearer(
    auto_error=False,
    description="The token with which the backend was started (AUTH_TOKEN), or one made with `backend token add`.",
)


def token_check(token: str, named: NamedTokens) -> Callable[..., Awaitable[None]]:
    """Return a FastAPI dependency that lets only requests with this token, or with a client's, pass.

    What the token allows is in `request.state.grant` then, its name in `request.state.token_name`.
    """

    notes, lines = set[asyncio.Task[None]](), RareLines(time.monotonic)

    async def check(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
        # Header texts are latin-1 (RFC 9110), the token is whatever the settings say. The comparison takes as long for
        # every wrong token of this length, so that none can be found out sign by sign.
        offered = ("" if given is None else given.credentials.strip()).encode("latin-1")
        if hmac.compare_digest(offered, token.encode()):
            grant = Grant(name=OWNER)
        else:
            # read here, which takes microseconds: a client that hangs up while a thread is waited for would have sent
            # its body in vain
            grant = _named_grant(named, offered, lines)
            if named.is_use_due(offered):
                note = asyncio.create_task(asyncio.to_thread(named.note_use, offered))
                notes.add(note)
                note.add_done_callback(notes.discard)
        request.state.grant, request.state.token_name = grant, grant.name

    return check


async def grant_of(request: Request) -> Grant:
    """Return what the token of a request allows, which has been looked at before.

    A coroutine, so that no thread is waited for: a client that hangs up meanwhile would have sent its body in vain.
    """
    grant: Grant = request.state.grant
    return grant


Granted = Annotated[Grant, Depends(grant_of)]
"""What a route's function takes to learn what the token allows."""


def needs(right: Right) -> Dependency:
    """Return a dependency of a route that none may ask whose token lacks this right, whatever they ask for."""

    async def check(grant: Granted) -> None:
        _refuse(grant.missing_right(right))

    return Dependency(check)


def needs_everything() -> Dependency:
    """Return a dependency of a route that concerns all keys: none may ask whose token is limited."""

    async def check(grant: Granted) -> None:
        if not grant.is_unlimited:
            _refuse(
                f"The token {grant.name} is limited, and this concerns everything that is stored: "
                "ask whoever runs this backend for one without limits."
            )

    return Dependency(check)


def check_key(grant: Grant, key: str) -> None:
    """See that a token is for a key, or for a prefix with all below it. Raises ApiRefusal."""
    _refuse(grant.missing_prefix(key))


def check_record(grant: Grant, record: Mapping[str, Any]) -> None:
    """See that a token is for the files that a file record names. Raises ApiRefusal."""
    if not is_own_record(grant, record):
        _refuse(f"The token {grant.name} is for {grant.places}, and only for file records whose s3Keys are all there.")


def is_own_record(grant: Grant, record: Mapping[str, Any]) -> bool:
    """Whether a token is for all the files that a file record names; one that names none is the owner's."""
    if not grant.prefixes:
        return True
    said = record.get("s3Keys")
    keys = [key for key in said.values() if key is not None] if isinstance(said, Mapping) else []
    return bool(keys) and all(isinstance(key, str) and grant.covers(key) for key in keys)


def _named_grant(named: NamedTokens, offered: bytes, lines: RareLines) -> Grant:
    try:
        return named.grant_of(offered)
    except InvalidTokenError as error:
        raise ApiRefusal(401, "Unauthorized", str(error)) from error
    except SettingsError as error:
        lines.note(str(error))
        raise ApiRefusal(
            503, "TokensUnavailable", "The tokens of this backend can't be read now: ask whoever runs it."
        ) from error


def _refuse(sentence: str) -> None:
    if sentence:
        raise ApiRefusal(403, "Forbidden", sentence)
