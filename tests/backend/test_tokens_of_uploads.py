"""What an upload under way meets when its token is rotated or revoked."""

from contextlib import contextmanager

import pytest
import requests
from held_backend import held_backend

from backend.access.named_tokens import NamedTokens
from backend.access.rights import Right
from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.transfer.http.refusal import RefusedError
from pipeline.transfer.upload.uploader import Uploader

SEGMENTS = 120
"""More than are signed beforehand."""

PREFIX = "courses/math/lesson/"


@pytest.fixture
def folder(tmp_path):
    """A job's folder with many segments."""
    made = tmp_path / "lesson"
    (made / "720p").mkdir(parents=True)
    (made / "master.m3u8").write_bytes(b"#EXTM3U\n")
    for number in range(SEGMENTS):
        (made / f"720p/seg_{number:03}.ts").write_bytes(b"%03d" % number)
    return made


@contextmanager
def upload_with(folder, root, change, prefixes=("courses/math/",)):
    """Begin an upload with a token of a course, call `change(tokens)` in the middle, let it go on to its end.

    Gives the backend, the result and what `change` returned.
    """
    with held_backend(root, passes=4) as held:
        tokens = NamedTokens(root)
        token, changed = tokens.add("math", prefixes=prefixes), []

        def look(progress):
            if not changed and progress.figures.files_done:
                changed.append(change(tokens))
                held.release()

        uploader = Uploader(BackendApi(url=held.url, token=token), session_id=None, delays=())
        result = uploader.upload(folder, PREFIX, resume=False, on_progress=look, cancel=CancelToken())
        yield held, result, changed[0]


def test_an_upload_goes_on_while_its_token_is_rotated(folder, tmp_path):
    """The token of before goes on to the end of the upload; the new one goes on from there."""
    rotate = lambda tokens: tokens.rotate("math", grace_s=3600)  # noqa: E731
    with upload_with(folder, tmp_path / "root", rotate) as (backend, result, new_token):
        again = Uploader(BackendApi(url=backend.url, token=new_token), session_id=None, delays=())
        second = again.upload(folder, PREFIX, resume=True, cancel=CancelToken())
        played = requests.get(f"{backend.url}/objects/{PREFIX}master.m3u8", timeout=60)

    assert ({}, {}, None) == (result.failed, second.failed, result.halted)
    assert (True, True, 200) == (result.complete, second.complete, played.status_code)


def test_an_upload_whose_token_is_revoked_says_so(folder, tmp_path):
    """It stops, says that the token was revoked and whom to ask, and a new token sends the rest."""
    revoke = lambda tokens: tokens.revoke("math") or tokens.add("math-2", prefixes=["courses/math/"])  # noqa: E731
    with upload_with(folder, tmp_path / "root", revoke) as (backend, result, new_token):
        again = Uploader(BackendApi(url=backend.url, token=new_token), session_id=None, delays=())
        second = again.upload(folder, PREFIX, resume=True, cancel=CancelToken())

    said = str(result.halted)
    assert said.startswith("The authentication token is invalid or expired. Please get a new token")
    assert "The backend says: “The token math was revoked on " in said
    assert said.endswith(": ask whoever runs this backend for another one”.")
    assert (False, True) == (result.complete, second.complete)


def test_an_upload_elsewhere_says_where_it_may_go(folder, tmp_path):
    """A destination outside of the token's prefixes is refused, and the sentence names them."""
    with held_backend(tmp_path / "root", passes=0) as held:
        token = NamedTokens(tmp_path / "root").add("art", prefixes=["courses/art/"])
        uploader = Uploader(BackendApi(url=held.url, token=token), session_id=None, delays=())
        with pytest.raises(RefusedError) as refusal:
            uploader.upload(folder, PREFIX, resume=False, cancel=CancelToken())

    assert (
        "The backend says: “The token art is for courses/art/, not for courses/math/lesson/master.m3u8: "
        "use a folder there”."
    ) in str(refusal.value)


def test_a_token_that_only_uploads_is_enough_to_upload(folder, tmp_path):
    """Where a token may neither list nor read nor delete, the program does without."""
    with held_backend(tmp_path / "root", passes=SEGMENTS * 2) as backend:
        tokens = NamedTokens(tmp_path / "root")
        token = tokens.add("math", rights=frozenset({Right.UPLOAD}), prefixes=["courses/math/"])
        uploader = Uploader(BackendApi(url=backend.url, token=token), session_id=None, delays=())
        result = uploader.upload(folder, PREFIX, resume=False, cancel=CancelToken())
        played = requests.get(f"{backend.url}/objects/{PREFIX}720p/seg_119.ts", timeout=60)

    assert (True, b"119") == (result.complete, played.content)
