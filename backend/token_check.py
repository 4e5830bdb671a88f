"""Who may ask: those who have the one bearer token."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from backend.error_responses import ApiRefusal

_bearer = HTTPBearer(auto_error=False, description="The token with which the backend was started (AUTH_TOKEN).")


def token_check(token: str) -> Callable[..., Awaitable[None]]:
    """Return a FastAPI dependency that lets only requests with this token pass."""

    async def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
        # Header texts are latin-1 (RFC 9110), the token is whatever the settings say. The comparison takes as long for
        # every wrong token of this length, so that none can be found out sign by sign.
        offered = "" if given is None else given.credentials.strip()
        if not hmac.compare_digest(offered.encode("latin-1"), token.encode()):
            raise ApiRefusal(
                401, "Unauthorized", "The token is missing or wrong: use the one with which this backend was started."
            )

    return check
