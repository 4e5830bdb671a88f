"""Who may ask: those who have the backend's bearer token, or one that was made for them."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from backend.error_responses import ApiRefusal
from backend.named_tokens import NamedTokens
from pipeline.errors import SettingsError

_bearer = HTTPBearer(
    auto_error=False,
    description="The token with which the backend was started (AUTH_TOKEN), or one made with --add-token.",
)


def token_check(token: str, named: NamedTokens) -> Callable[..., Awaitable[None]]:
    """Return a FastAPI dependency that lets only requests with this token, or with a client's, pass."""

    async def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
        # Header texts are latin-1 (RFC 9110), the token is whatever the settings say. The comparison takes as long for
        # every wrong token of this length, so that none can be found out sign by sign.
        offered = ("" if given is None else given.credentials.strip()).encode("latin-1")
        if hmac.compare_digest(offered, token.encode()):
            return
        try:
            accepted = named.accepts(offered)
        except SettingsError as error:
            logging.getLogger("uvicorn.error").error("%s", error)
            accepted = False
        if not accepted:
            raise ApiRefusal(
                401, "Unauthorized", "The token is missing or wrong: use the one with which this backend was started."
            )

    return check
