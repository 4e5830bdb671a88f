"""backend.access.named_tokens: who beside the backend's owner may ask, until when, and who no longer may."""

import json
import os
import shutil
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path

import pytest
import requests

from backend.access.named_tokens import InvalidTokenError, NamedTokens
from backend.access.rights import Right
from backend.access.signing import PRIVATE
from backend.server import serve_in_thread
from pipeline.errors import SettingsError

KEPT = Path(__file__).parent.parent / "kept"
NOW_S = 1_796_000_000
"""When the kept file was made."""


class Clock:
    """A clock that the test sets."""

    now_s = NOW_S

    def __call__(self):
        return self.now_s


def ask(client, token):
    """Ask a backend whether a token is good; return the status."""
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{client.url}/api/admin/auth/me", headers=headers, timeout=60).status_code


def said(tokens, token):
    """Return what a token is told, its name where it is good."""
    try:
        return tokens.grant_of(token.encode()).name
    except InvalidTokenError as error:
        return str(error)


def test_each_client_can_be_shut_out_alone(fresh):
    """A running backend takes a token as soon as it is made, and refuses it as soon as it is revoked; others stay."""
    tokens = NamedTokens(fresh.backend.settings.root)
    stolen, other = tokens.add("worker-1"), tokens.add("worker-2")
    before = [ask(fresh, stolen), ask(fresh, other), ask(fresh, f"{stolen}x")]
    tokens.revoke("worker-1")

    assert [200, 200, 401] == before
    assert [401, 200, 200] == [ask(fresh, stolen), ask(fresh, other), ask(fresh, fresh.backend.settings.token)]


def test_the_file_holds_no_token(tmp_path):
    """Only a digest is kept, in a folder that only its owner may read."""
    tokens = NamedTokens(tmp_path)
    token = tokens.add("worker-1")

    assert len(token) >= 40
    assert token.encode() not in tokens.file.read_bytes()
    assert 0o700 == stat.S_IMODE((tmp_path / PRIVATE).stat().st_mode)


def test_a_rotated_token_stays_good_until_the_grace_ends(tmp_path):
    """Both are good until then; a second rotation prolongs nothing; without grace the one before ends at once."""
    clock = Clock()
    tokens = NamedTokens(tmp_path, clock)
    first = tokens.add("math")
    second = tokens.rotate("math", grace_s=60)
    both = [said(tokens, first), said(tokens, second)]
    third = tokens.rotate("math", grace_s=600)
    clock.now_s += 60
    after_grace = [said(tokens, first), said(tokens, second), said(tokens, third)]
    fourth = tokens.rotate("math", grace_s=0)

    replaced = "The token math was replaced: use the new one of this name."
    assert (["math", "math"], [replaced, "math", "math"]) == (both, after_grace)
    assert [replaced, replaced, "math"] == [said(tokens, token) for token in (second, third, fourth)]


def test_a_token_ends_when_it_expires(tmp_path):
    """It is good until then, and its holder is told when it ended."""
    clock = Clock()
    tokens = NamedTokens(tmp_path, clock)
    token = tokens.add("math", expires_s=NOW_S + 60)
    before = said(tokens, token)
    clock.now_s += 60

    assert "math" == before
    assert "The token math expired at 2026-11-30T00:54:20Z: ask whoever runs this backend for another one." == said(
        tokens, token
    )


def test_the_last_use_is_known_to_the_hour(tmp_path):
    """The first use is noted, those of the hour after it are not, the next one is."""
    clock = Clock()
    tokens = NamedTokens(tmp_path, clock)
    token = tokens.add("math")
    noted = []
    for later_s in (0, 3599, 3600):
        clock.now_s = NOW_S + later_s
        if tokens.is_use_due(token.encode()):
            tokens.note_use(token.encode())
        noted.append(tokens.all()[0].used_s)

    assert [NOW_S, NOW_S, NOW_S + 3600] == noted


def test_a_running_backend_notes_the_use(fresh):
    """Soon after the first request the list says so; a request is not kept waiting for it."""
    tokens = NamedTokens(fresh.backend.settings.root)
    token = tokens.add("math")
    before, status = tokens.all()[0].used_s, ask(fresh, token)
    deadline = time.monotonic() + 120
    while tokens.all()[0].used_s is None and time.monotonic() < deadline:
        time.sleep(0.02)

    assert (None, 200, True) == (before, status, tokens.all()[0].used_s is not None)


def test_a_locked_file_shuts_nobody_out(tmp_path):
    """While another process writes, tokens that are known go on, and their use is noted another time."""
    tokens = NamedTokens(tmp_path)
    token = tokens.add("math")
    tokens.all()
    with closing(sqlite3.connect(tokens.file)) as other:
        other.execute("BEGIN EXCLUSIVE")

        due = [tokens.is_use_due(token.encode()) for _ in range(2)]
        tokens.note_use(token.encode())
        assert "math" == said(tokens, token)
    assert ([True, False], None) == (due, tokens.all()[0].used_s)


def test_a_file_that_is_not_understood_admits_nobody(fresh):
    """Its clients are told to ask whoever runs it, the backend's own token works, and adding says what is wrong."""
    tokens = NamedTokens(fresh.backend.settings.root)
    token = tokens.add("worker-1")
    for file in tokens.file.parent.glob(f"{tokens.file.name}-*"):
        file.unlink()
    tokens.file.write_bytes(b"x" * 4096)

    assert [503, 200] == [ask(fresh, token), ask(fresh, fresh.backend.settings.token)]
    with pytest.raises(SettingsError) as refusal:
        tokens.add("worker-2")
    assert (
        f"The tokens in {tokens.file} can't be used (file is not a database): "
        "check the folder, its permissions and the disk."
    ) == str(refusal.value)


def test_a_newer_file_is_left_alone(tmp_path):
    """What a newer version wrote is neither read nor changed."""
    tokens = NamedTokens(tmp_path)
    tokens.add("worker-1")
    with closing(sqlite3.connect(tokens.file)) as newer:
        newer.execute("PRAGMA user_version = 99")

    for use in (tokens.prepare, lambda: tokens.add("worker-2")):
        with pytest.raises(SettingsError, match="were made by a newer version of this program: update the program"):
            use()


def test_tokens_of_the_first_version_of_the_file(tmp_path):
    """A kept file is read as it was meant: rights, prefixes, expiry, rotation, use and what was revoked."""
    (tmp_path / PRIVATE).mkdir()
    shutil.copy(KEPT / "tokens_1.sqlite3", tmp_path / PRIVATE / "tokens.sqlite3")
    clock = Clock()
    tokens = NamedTokens(tmp_path, clock)
    art, math = tokens.all()
    grant = tokens.grant_of(b"the-first-token-of-math-in-version-1")
    clock.now_s += 3600

    assert ("art", NOW_S, None, None, NOW_S) == (
        art.grant.name,
        art.added_s,
        art.expires_s,
        art.replaced_s,
        art.used_s,
    )
    assert (NOW_S + 90 * 86_400, NOW_S + 3600, None) == (math.expires_s, math.replaced_s, math.used_s)
    assert ({Right.UPLOAD, Right.READ}, ("courses/algebra/", "courses/math/")) == (grant.rights, grant.prefixes)
    assert [
        "The token math was replaced: use the new one of this name.",
        "math",
        "The token guests was revoked on 2026-11-30T00:53:20Z: ask whoever runs this backend for another one.",
    ] == [
        said(tokens, f"the-{name}-in-version-1")
        for name in ("first-token-of-math", "second-token-of-math", "token-of-guests")
    ]


def test_tokens_of_earlier_versions_are_taken_over(settings):
    """A token of the file before is good for everything; the file is set aside, and what it had can be revoked."""
    folder = settings.root / PRIVATE
    shutil.copy(KEPT / "tokens_1.json", folder / "tokens.json")
    with serve_in_thread(settings) as backend:
        status = ask(backend, "a-token-of-an-earlier-version-0123456789abc")
    tokens = NamedTokens(settings.root)
    (token,) = tokens.all()

    assert (200, "worker-1", True, 1_772_353_800) == (
        status,
        token.grant.name,
        token.grant.is_unlimited,
        token.added_s,
    )
    assert ["tokens.json.taken-over"] == [file.name for file in folder.glob("tokens.json*")]
    tokens.revoke("worker-1")
    tokens.prepare()
    assert [] == tokens.all()


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "",
        json.dumps({"schema": 2, "tokens": {}}),
        json.dumps({"schema": 1, "tokens": {"a": {"sha256": 1, "added": ""}}}),
    ],
    ids=["no JSON", "a list", "empty", "another schema", "a wrong field"],
)
def test_a_file_of_earlier_versions_that_is_damaged_is_a_sentence(content, settings):
    """The backend does not start without the tokens that its clients have, and leaves the file as it is."""
    file = settings.root / PRIVATE / "tokens.json"
    file.write_text(content)

    with pytest.raises(SettingsError) as refusal, serve_in_thread(settings):
        pass
    assert f"The tokens of an earlier version in {file} can't be read (it is damaged): mend or remove it." == str(
        refusal.value
    )
    assert content == file.read_text()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    """Nothing is made where a file is in the folder's place."""
    (tmp_path / PRIVATE).write_text("in the way")

    with pytest.raises(SettingsError, match=r"can't be (used|read) \((Not a directory|File exists)\)"):
        NamedTokens(tmp_path).add("worker-1")


def test_two_changes_within_a_tick_of_the_clock_are_both_seen(tmp_path):
    """A change is noticed although the file's time and size are what they were."""
    tokens = NamedTokens(tmp_path)
    tokens.add("worker-1")
    tokens.all()
    status = tokens.file.stat()
    NamedTokens(tmp_path).revoke("worker-1")
    os.utime(tokens.file, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert [] == tokens.all()
