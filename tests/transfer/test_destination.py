"""Whose stream stands at a destination, whatever the server offers to find that out with."""

from __future__ import annotations

from dataclasses import replace

import pytest
from store_server import TOKEN, Fault
from upload_parts import PREFIX

from config import BackendApi
from pipeline.errors import AuthenticationError, DestinationTakenError
from pipeline.transfer.destination import check_owner, others_below
from pipeline.transfer.manifest import Manifest, manifest_json
from pipeline.transfer.manifest_library import LIBRARY, library_path
from pipeline.transfer.ownership import Owner, SourceContent
from pipeline.transfer.uploader import Uploader

MANIFEST_KEY = PREFIX + "manifest.json"
HERE = Owner(title="lecture", content=SourceContent(size_bytes=1, sha256_head_tail="a" * 64))
OTHER = Owner(title="lecture", content=SourceContent(size_bytes=1, sha256_head_tail="b" * 64))
EARLY, LATE = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
OFFERS = {"list": True, "read": True, "manifest": True}


@pytest.fixture
def manifest(server):
    """A function that returns a manifest of the destination."""

    def of(owner: Owner, last_synced: str = EARLY, prefix: str = PREFIX) -> Manifest:
        return Manifest(
            title=owner.title,
            backend_url=server.url,
            bucket=None,
            prefix=prefix,
            created_at=EARLY,
            last_synced=last_synced,
            files=(),
            source=owner.content,
        )

    return of


@pytest.fixture
def put(server, manifest):
    """A function that puts a stream of an owner on the server."""

    def stream(owner: Owner, last_synced: str = EARLY) -> None:
        server.stored[PREFIX + "master.m3u8"] = b"#EXTM3U"
        server.stored[MANIFEST_KEY] = manifest_json(manifest(owner, last_synced), for_server=True)

    return stream


@pytest.fixture
def keep(tmp_path, server):
    """A function that keeps a manifest in this computer's library."""

    def write(kept: Manifest) -> None:
        path = library_path(tmp_path, server.url, kept.prefix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(manifest_json(kept, for_server=False))

    return write


@pytest.fixture
def check(backend, tmp_path, cancel):
    """A function that checks the destination for a source."""
    uploader = Uploader(backend, session_id=None, delays=())
    return lambda owner: check_owner(uploader, PREFIX, owner, tmp_path / "lesson", tmp_path, cancel)


@pytest.fixture(params=["everything", "the three requests"])
def offers(request, server):
    """What the backend offers; where it gives no manifests, what it publishes can be read."""
    server.capabilities, server.public = (OFFERS, False) if request.param == "everything" else (None, True)
    return request.param


def test_nothing_stands_there(offers, check):
    """A free destination is anybody's."""
    check(HERE)


def test_another_computers_video_is_not_replaced(offers, put, check):
    """Its manifest is read from the server, by whatever way there is."""
    put(OTHER)
    with pytest.raises(DestinationTakenError) as caught:
        check(HERE)
    assert (PREFIX, "lecture", True, EARLY) == (caught.value.prefix, caught.value.title, caught.value.same_name, caught.value.last_synced)
    sentence = "holds another “lecture”, of other content: choose another destination, or put this one in its place (--replace)."
    assert f"{PREFIX} {sentence}" == str(caught.value)


def test_its_own_video_may_be_replaced(offers, put, check):
    """The same content, whatever it is called by now."""
    put(HERE)
    check(replace(HERE, title="lecture-final"))


def test_a_manifest_that_names_no_content_is_known_by_its_title(offers, put, check):
    """As earlier versions wrote it."""
    put(Owner(title="lecture"))
    check(HERE)
    put(Owner(title="seminar"))
    with pytest.raises(DestinationTakenError, match="holds another video, “seminar”: choose another destination"):
        check(HERE)


def test_this_computer_remembers_where_the_server_tells_nothing(server, manifest, keep, check):
    """The library knows what was uploaded, also where nothing can be read."""
    keep(manifest(OTHER))
    with pytest.raises(DestinationTakenError):
        check(HERE)


def test_what_the_server_has_now_counts(server, offers, manifest, keep, put, check):
    """Not what this computer uploaded before another one did, nor what is no longer there."""
    keep(manifest(OTHER))
    put(HERE, LATE)
    check(HERE)
    if offers == "everything":
        server.stored.clear()
        check(HERE)


def test_an_old_copy_at_a_public_address_does_not_count(server, manifest, keep, put, check):
    """A cache on the way may give for a while what stood there before."""
    server.public = True
    put(OTHER, EARLY)
    keep(manifest(HERE, LATE))
    check(HERE)


@pytest.mark.parametrize("answer", [Fault(status=500), Fault(status=404)], ids=["failing", "unknown"])
def test_a_server_that_can_not_say_whose_it_is_stops_nothing(server, put, check, answer):
    """What is known here decides."""
    server.capabilities = {"manifest": True}
    put(OTHER)
    server.api_faults[f"/api/s3/manifest?prefix={PREFIX.replace('/', '%2F')}"].append(answer)
    check(HERE)


def test_a_refused_token_is_said(server, tmp_path, cancel):
    """It is no reason to go on."""
    uploader = Uploader(BackendApi(url=server.url, token=TOKEN + "x"), session_id=None, delays=())
    with pytest.raises(AuthenticationError):
        check_owner(uploader, PREFIX, HERE, tmp_path, None, cancel)


def test_what_lies_below_is_known(server, tmp_path, manifest, keep):
    """A folder of folders is told from a video's own, unless it is one."""
    for prefix in ("videos/a/", "videos/b/", "elsewhere/c/"):
        keep(manifest(HERE, prefix=prefix))
    (tmp_path / LIBRARY / "broken_s3_manifest.json").write_text("{")
    asked = [("videos/", server.url), ("videos/a/", server.url), ("videos/", "https://other.example"), ("new/", f"{server.url}/")]
    assert [["videos/a/", "videos/b/"], [], [], []] == [others_below(tmp_path, url, prefix, OTHER) for prefix, url in asked]
    assert [] == others_below(tmp_path, server.url, "videos/", HERE)
    keep(manifest(HERE, prefix="videos/"))
    assert ([], []) == (others_below(tmp_path, server.url, "videos/", OTHER), others_below(None, server.url, "videos/", OTHER))
