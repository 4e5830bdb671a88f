"""What servers say themselves."""

from __future__ import annotations

import json

import pytest

from pipeline.transfer.http.exchange import Response
from pipeline.transfer.http.refusal import RefusedError, refused
from pipeline.transfer.http.server_message import MOST
from pipeline.transfer.http.server_responses import backend_refusal, store_refusal

TOKEN = "a-token-that-nobody-may-see"


def said_by_backend(body: bytes | dict, status: int = 400) -> str:
    """Return the sentence for a backend's answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return str(refused(backend_refusal(Response(status=status, body=content), "https://api", 1, [TOKEN])))


def said_by_store(message: str, code: str = "AccessDenied") -> str:
    """Return the sentence for a store's answer."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    return str(RefusedError(store_refusal(Response(status=403, body=body), "https://s3")))


@pytest.mark.parametrize(
    "body",
    [
        {"message": "The key is too long."},
        {"error": "BadKey", "message": "The key is too long."},
        {"error": {"code": 7, "message": "The key is too long."}},
        {"error": "The key is too long."},
        {"detail": "The key is too long."},
        {"detail": [{"loc": ["body"], "msg": "The key is too long."}]},
        {"type": "about:blank", "title": "Bad", "detail": "The key is too long."},
        {"errors": ["The key is too long."]},
    ],
    ids=["message", "with a code", "nested", "error", "FastAPI", "a list", "RFC 9457", "errors"],
)
def test_words_of_a_backend_follow_ours(body):
    """Wherever frameworks put them."""
    said = said_by_backend(body)
    assert said.startswith("The backend at https://api did not accept the request (status 400).")
    assert said.endswith(" The backend says: “The key is too long”.")


def test_words_of_a_store_follow_ours():
    """Its reason, after the sentence that says what to do."""
    expected = (
        "The storage at https://s3 refused the file (status 403, AccessDenied). Ask the administrator of the backend."
        " The storage says: “Writes to this bucket are frozen until Monday”."
    )
    assert expected == said_by_store("Writes to this bucket are frozen until Monday")


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>Down for a day</body></html>",
        b"plain",
        b"[1]",
        b"",
        b'{"message": 5}',
        b'{"message": "NotAllowed"}',
        b"\xff\xfe",
    ],
    ids=["page", "text", "list", "empty", "number", "code", "binary"],
)
def test_nothing_follows_where_nothing_is_said(body):
    """No page, no code alone."""
    assert said_by_backend(body).endswith("Check the destination and the session ID.")


def test_status_in_words_is_not_repeated():
    """Most frameworks answer with the name of the status."""
    assert "says" not in said_by_backend({"detail": "Not Found"}, status=404)


def test_words_are_fit_to_be_shown():
    """Neither token nor signature, no markup, no sign that a terminal obeys, one line and not much of it."""
    said = said_by_backend(
        {"message": f"<b>Bad</b> token {TOKEN}\x1b[2J\u202e for https://s3/k?X-Amz-Signature=secret\n" + "very " * 100}
    )
    shown = said.partition("says: ")[2]
    assert shown.startswith("“Bad token *** [2J for https://s3/k?… very very")
    assert shown.endswith("…”.")
    assert MOST + len("“”.") >= len(shown)
