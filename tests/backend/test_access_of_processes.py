"""Several processes of one backend: each takes up at once what another one, or the command line, has changed."""

import requests
from backend_process import running_backend

from backend.access.named_tokens import NamedTokens
from backend.access.stream_rules import StreamRules, Visibility

EACH = 12
"""Requests over connections of their own: every process gets some of them, as a rule."""


def test_every_process_takes_up_tokens_and_rules(tmp_path):
    """A token is good and then not, a stream public and then not, for all of them with the next request."""
    root = tmp_path / "root"
    with running_backend(root, "--workers", "2") as backend:
        tokens, rules = NamedTokens(root), StreamRules(root, Visibility.PUBLIC)
        signed = backend.signed_url("math/a.ts")
        requests.put(signed, b"x", headers={"Content-Type": "video/mp2t"}, timeout=240)

        def good(token):
            headers = {"Authorization": f"Bearer {token}"}
            return {backend.ask("GET", "/api/admin/auth/me", headers=headers).status_code for _ in range(EACH)}

        def read():
            return {backend.ask("GET", "/objects/math/a.ts").status_code for _ in range(EACH)}

        token, seen = tokens.add("math"), [read()]
        seen.append(good(token))
        rules.set("math/", Visibility.PRIVATE)
        seen.append(read())
        tokens.revoke("math")
        seen.append(good(token))
        rules.set("math/", Visibility.PUBLIC)
        seen.append(read())

    assert [{200}, {200}, {404}, {401}, {200}] == seen
