"""The reference backend with one thing wrong:
an ASGI app around it that changes requests before it and answers after it.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from backend import server


@dataclass(kw_only=True)
class Asked:
    """A request on its way in; change it in place."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(kw_only=True)
class Said:
    """An answer on its way out; change it in place."""

    status: int
    headers: dict[str, str]
    body: bytes

    def change(self, **fields: Any) -> None:
        """Change fields of a JSON answer; `...` takes one out."""
        said = {**json.loads(self.body), **fields}
        self.body = json.dumps({name: value for name, value in said.items() if value is not ...}).encode()


def nothing(*_: Any) -> None:
    """Change nothing."""


class WrongBackend:
    """An app whose requests pass through `before` and whose answers pass through `after`;
    both can be set at any time.
    """

    def __init__(self) -> None:
        self.app: Any = None
        self.before: Callable[[Asked], None] = nothing
        self.after: Callable[[Asked, Said], None] = nothing

    async def __call__(self, scope, receive, send) -> None:
        """Answer one request; see ASGI."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        asked = Asked(
            method=scope["method"],
            path=scope["path"],
            query={
                name: values[0]
                for name, values in parse_qs(scope["query_string"].decode(), keep_blank_values=True).items()
            },
            headers={name.decode(): value.decode("latin-1") for name, value in scope["headers"]},
            body=body,
        )
        self.before(asked)
        if "content-length" in asked.headers:
            asked.headers["content-length"] = str(len(asked.body))
        inside = {
            **scope,
            "method": asked.method,
            "path": asked.path,
            "query_string": urlencode(asked.query).encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in asked.headers.items()],
        }
        said = Said(status=0, headers={}, body=b"")

        given = asyncio.Event()

        async def give() -> dict[str, Any]:
            if given.is_set():
                await asyncio.Event().wait()  # the client stays until it has its answer
            given.set()
            return {"type": "http.request", "body": asked.body}

        async def take(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                said.status = message["status"]
                said.headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
            else:
                said.body += message.get("body", b"")

        await self.app(inside, give, take)
        self.after(asked, said)
        said.headers["content-length"] = str(len(said.body))
        headers = [(name.encode(), value.encode("latin-1")) for name, value in said.headers.items()]
        await send({"type": "http.response.start", "status": said.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if asked.method == "HEAD" else said.body})


@contextmanager
def serving_wrongly(settings, *, before=nothing, after=nothing):
    """Serve the reference backend with something wrong while the block runs; gives the server and the app around it."""
    wrong, make = WrongBackend(), server.create_app
    wrong.before, wrong.after = before, after

    def make_wrong(*parts: Any) -> WrongBackend:
        wrong.app = make(*parts)
        return wrong

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "create_app", make_wrong)
        with server.serve_in_thread(settings) as running:
            yield running, wrong
