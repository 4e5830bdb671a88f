"""Text that may be written down."""

from __future__ import annotations

import pytest

from pipeline.transfer.http.redaction import redact, without_query


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PUT https://s3.example.com/b/k?X-Amz-Signature=abc&x=1 -> 200", "PUT https://s3.example.com/b/k?… -> 200"),
        ("('https://a/b?token', 1)", "('https://a/b?…', 1)"),
        (
            "Max retries exceeded with url: /b/k?X-Amz-Signature=abc (Caused by X)",
            "Max retries exceeded with url: /b/k?… (Caused by X)",
        ),
        ("ProxyError http://me:pw@proxy:3128 refused", "ProxyError http://***@proxy:3128 refused"),
        ("Authorization: Bearer s3cr3t", "Authorization: Bearer ***"),
        ("What now?", "What now?"),
    ],
    ids=["signed url", "bare query", "path in an exception", "password", "token", "plain question"],
)
def test_secrets_are_taken_out(text, expected):
    """Tokens, queries and passwords are gone, the rest is as it was."""
    assert expected == redact(text, ["s3cr3t", ""])


def test_url_is_kept_without_its_query():
    """What is stored of a URL ends before its query and fragment."""
    assert "https://cdn/x.ts" == without_query("https://cdn/x.ts?sig=1#part")
