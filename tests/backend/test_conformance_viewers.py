"""backend.conformance.viewers: a backend whose addresses for viewers are wrong is told so."""

from dataclasses import replace

import pytest
from wrong_backend import nothing, serving_wrongly

from backend.access.stream_rules import Visibility
from backend.conformance.check import PointResult, check_backend
from backend.conformance.check_client import open_client
from backend.conformance.trial import BackendTrial, FaultError
from backend.conformance.viewers import VIEWER_URL, viewers_find_one_stream
from backend.server import serve_in_thread
from backend.settings import BackendSettings
from config import BackendApi, Config

TOKEN = "a-token-that-only-tests-know"


def answer(**fields):
    """Return what changes fields of the addresses."""

    def after(asked, said):
        if asked.path == VIEWER_URL:
            said.change(**fields)

    return after


def no_page(asked, said):
    """Have no page for a stream."""
    if asked.method == "GET" and asked.path.startswith("/s/") and asked.path.endswith("/"):
        said.status = 404


def wrong_playlist(asked, said):
    """Give another file in place of the playlist."""
    if asked.path.startswith("/s/") and asked.path.endswith(".m3u8"):
        said.body = b"another"


def opens_all(asked, said):
    """Take each address for that of each stream."""
    if asked.path.startswith("/s/") and said.status == 404:
        said.status = 200


@pytest.fixture(scope="module")
def wrong(tmp_path_factory):
    """A backend of private streams whose answers can be changed."""
    settings = BackendSettings.from_config(Config(), root=tmp_path_factory.mktemp("viewers") / "root", token=TOKEN)
    with serving_wrongly(replace(settings, streams=Visibility.PRIVATE)) as (running, app):
        yield running, app


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (answer(visibility="secret"), "'visibility' is none of public, unlisted and private"),
        (answer(pageUrl="/s/a/"), "'pageUrl' or 'playlistUrl' is not a whole web address"),
        (answer(playlistUrl=...), "'pageUrl' or 'playlistUrl' is not a whole web address"),
        (answer(expires="tomorrow"), "a private stream's 'expires' is not written as 2026-01-31T12:00:00Z"),
        (answer(expires=None), "a private stream's 'expires' is not written as 2026-01-31T12:00:00Z"),
        (no_page, "the GET of a stream's page is answered with 404 in place of 200"),
        (wrong_playlist, "a stream's 'playlistUrl' gives another file than its master playlist"),
        (opens_all, "the address of one stream opens another one"),
    ],
    ids=["visibility", "page", "no playlist", "time", "no time", "page missing", "playlist", "all"],
)
def test_each_fault_is_found(after, expected, wrong):
    """In words that name it; without it all is good."""
    running, app = wrong
    with open_client(BackendApi(url=running.url, token=TOKEN)) as client:
        viewers_find_one_stream(BackendTrial(client, "tests/"))
        app.after = after
        try:
            with pytest.raises(FaultError) as fault:
                viewers_find_one_stream(BackendTrial(client, "tests/"))
        finally:
            app.after = nothing

    assert expected == str(fault.value)


@pytest.mark.parametrize("streams", [Visibility.UNLISTED, Visibility.PRIVATE], ids=lambda streams: streams.value)
def test_a_backend_without_public_streams_is_as_it_is_written(streams, settings):
    """No point takes it for granted that everybody may watch."""
    with serve_in_thread(replace(settings, streams=streams)) as running:
        lines = list(check_backend(BackendApi(url=running.url, token=settings.token), "tests/"))

    assert [PointResult.GOOD] * 32 == [line.result for line in lines], [line.text for line in lines]
