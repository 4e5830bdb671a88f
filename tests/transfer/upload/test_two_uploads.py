"""Two uploads to one free destination at the same time, whatever the server offers: one of them publishes,
and its stream is whole.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from urllib.parse import quote

import pytest
from store_server import Fault
from upload_parts import FOLDER, PREFIX, write_folder

from pipeline.errors import DestinationTakenError
from pipeline.transfer.manifests.folder_owner import owner_of
from pipeline.transfer.manifests.manifest_library import local_copies
from pipeline.transfer.manifests.manifest_text import parse_manifest
from pipeline.transfer.manifests.placement import version_folder_in
from pipeline.transfer.upload.destination import DestinationCheck
from pipeline.transfer.upload.manifest_upload import publish_manifest
from pipeline.transfer.upload.results import UploadResult
from pipeline.transfer.upload.uploader import Uploader

MANIFEST, MASTER, SEGMENT = PREFIX + "manifest.json", PREFIX + "master.m3u8", PREFIX + "720p/seg_001.ts"
OTHERS_SEGMENT = b"another lecture" * 1000


OFFERS = {
    "everything": {"list": True, "read": True, "manifest": True},
    "read and manifest": {"read": True, "manifest": True},
    "read": {"read": True},
    "manifest": {"manifest": True},
    "the three requests": None,
}


@pytest.fixture(params=OFFERS)
def offers(request, server):
    """What the backend offers; where it gives no manifests, what it publishes can be read."""
    server.capabilities = OFFERS[request.param]
    server.public = server.capabilities is None
    return request.param


@pytest.fixture
def other(tmp_path):
    """A folder of the same name and with the same files, one of which is of another video."""
    folder = write_folder(tmp_path / "elsewhere" / "lesson")
    (folder / "720p/seg_001.ts").write_bytes(OTHERS_SEGMENT)
    return folder


@pytest.fixture
def send(backend, cancel):
    """A function that uploads a folder as every way to upload does."""

    def upload(folder, *, replacing: bool = False) -> UploadResult:
        uploader = Uploader(backend, session_id=None, delays=())
        guard = DestinationCheck(uploader, PREFIX, owner_of(folder), folder, None, replace=replacing)
        known = local_copies(folder, None, uploader.backend_url, PREFIX).known
        result = uploader.upload(folder, PREFIX, resume=True, guard=guard, known=known, cancel=cancel)
        if result.complete:
            publish_manifest(
                uploader,
                result,
                folder,
                title=guard.owner.title,
                source=guard.owner.content,
                data_dir=None,
                cancel=cancel,
            )
        return result

    return upload


def test_the_second_sends_nothing_while_the_first_is_under_way(server, offers, send, folder, other, in_thread):
    """No master stands there yet: that the first has begun is enough."""
    server.gate = lambda key: key == SEGMENT
    first = in_thread(lambda: send(folder))
    server.wait_for(lambda: SEGMENT in server.gated)
    with pytest.raises(
        DestinationTakenError, match=r"An upload of another “lesson”, with other content, to .* has begun"
    ):
        send(other)
    server.open_gate()
    assert (True, [1] * len(FOLDER)) == (first().complete, [len(server.puts(PREFIX + name)) for name in FOLDER])
    assert (FOLDER["720p/seg_001.ts"], owner_of(folder)) == (
        server.stored[SEGMENT],
        parse_manifest(server.stored[MANIFEST]).owner,
    )


def test_whoever_insists_publishes_while_the_first_still_sends(server, offers, send, folder, other, in_thread):
    """The first ends before its master; what it sends late lies under nothing that the other's master leads to."""
    server.gate = lambda key: key == SEGMENT
    first = in_thread(lambda: send(folder))
    server.wait_for(lambda: SEGMENT in server.gated)
    assert send(other, replacing=True).complete
    published = dict(server.stored)
    server.open_gate()
    assert DestinationTakenError is type(first())
    late = {key for key, content in server.stored.items() if published.get(key) != content}
    there = parse_manifest(server.stored[MANIFEST])
    assert (set(), owner_of(other), 1) == (
        late & {file.s3_key for file in there.files},
        there.owner,
        len(server.puts(MASTER)),
    )
    assert OTHERS_SEGMENT == server.stored[f"{PREFIX}{there.placement.version_folder}720p/seg_001.ts"]


@pytest.mark.parametrize("masters", ["equal", "different"])
@pytest.mark.parametrize(
    ("capabilities", "public"),
    [(None, True), ({"manifest": True}, False), ({"manifest": True}, True), ({"read": True, "manifest": True}, False)],
    ids=["the three requests", "manifest", "manifest and public files", "read and manifest"],
)
def test_a_stream_of_another_computer_is_replaced_beside_it(server, send, folder, other, capabilities, public, masters):
    """Whatever tells of it: it stays whole until the new one is, also where both masters are the same;
    a rerun goes on where it was.
    """
    server.capabilities, server.public = capabilities, public
    if masters == "different":
        (other / "master.m3u8").write_bytes(b"#EXTM3U other master")
    assert send(folder).complete
    before = dict(server.stored)
    server.answer_presign = refusing_once(server, f"{PREFIX}v", "720p/seg_001.ts")
    begun = send(other, replacing=True)
    assert (False, True) == (begun.complete, begun.placement.version_folder.startswith("v"))
    assert before == {key: server.stored[key] for key in before}
    result = send(other, replacing=True)
    assert (True, begun.placement) == (result.complete, result.placement)
    watched = [key for key in before if key.endswith(".ts")]
    assert [before[key] for key in watched] == [server.stored[key] for key in watched]
    assert OTHERS_SEGMENT == server.stored[f"{PREFIX}{result.placement.version_folder}720p/seg_001.ts"]


def refusing_once(server, start: str, end: str) -> Callable[[str, dict], bytes]:
    """Answer presign requests so that the first PUT to a key that begins and ends so is refused."""
    refused: set[str] = set()

    def answer(number: str, said: dict) -> bytes:
        key = said["key"]
        if key.startswith(start) and key.endswith(end) and key not in refused:
            refused.add(key)
            server.faults[key].append(Fault(status=403))
        return json.dumps(said).encode()

    return answer


@pytest.mark.parametrize("before", ["published", "given up", "the same video"])
def test_two_that_insist_at_once_send_to_two_places(server, offers, send, folder, other, tmp_path, in_thread, before):
    """Both look before either publishes, and neither is told of the other: whichever master stands in the end
    leads to one whole stream.
    """
    third = write_folder(tmp_path / "third" / "lesson")
    (third / "720p/seg_001.ts").write_bytes(b"a third lecture")
    for path in (folder, other, third):
        (path / "master.m3u8").write_text(f"#EXTM3U\n# {path.parent.name}\n720p/index.m3u8\n")
    if before == "given up":
        server.faults[SEGMENT].append(Fault(status=403))
    assert (before != "given up") == send(folder).complete
    if before == "the same video":  # of other settings, from two computers
        for path in (other, third):
            shutil.copy(folder / "manifest.json", path)
    server.gate = lambda key: key.startswith(f"{PREFIX}v") and key.endswith("720p/seg_001.ts")
    slow = in_thread(lambda: send(other, replacing=True))
    server.wait_for(lambda: len(server.gated) == 1)
    server.gate = lambda key: False
    quick = send(third, replacing=True)
    server.open_gate()
    late = slow()
    assert (True, True) == (quick.complete, late.complete)
    assert quick.placement.version_folder != late.placement.version_folder
    place = version_folder_in(server.stored[MASTER])
    sent = other if place == late.placement.version_folder else third
    for name in ("720p/seg_001.ts", "720p/seg_002.ts"):
        assert (sent / name).read_bytes() == server.stored[f"{PREFIX}{place}{name}"]


@pytest.mark.parametrize("first", ["smaller", "larger"])
def test_a_copy_with_another_quality_is_the_same_video(server, offers, send, folder, tmp_path, first):
    """A folder that no conversion made was copied to another computer and got one quality more: either may be
    uploaded first, and both go on. The destination stays whose it is.
    """
    for path in (folder, copied := write_folder(tmp_path / "elsewhere" / "copy")):
        (path / "job.json").unlink()
    (copied / "1080p").mkdir()
    (copied / "1080p/seg_001.ts").write_bytes(b"one quality more" * 1000)
    (copied / "master.m3u8").write_bytes(b"#EXTM3U master with 1080p")
    one, other = (folder, copied) if first == "smaller" else (copied, folder)
    owner = owner_of(one)
    for sending in (one, other, one):
        assert send(sending).complete
        assert owner == parse_manifest(server.stored[MANIFEST]).owner


def test_a_folder_with_a_segment_in_common_is_another_video(offers, send, folder, other):
    """The same opening titles don't make two lectures one."""
    assert send(folder).complete
    with pytest.raises(DestinationTakenError):
        send(other)


def test_the_loser_of_two_that_begin_at_once_publishes_nothing(server, offers, send, folder, other):
    """Its claim was replaced after it had read it back: it finds that out before its master,
    and the winner's manifest stays.
    """
    theirs: list[bytes] = []

    def happen(key: str) -> None:
        if key == MANIFEST and not theirs:
            theirs.append(server.stored[MANIFEST])
        elif key.endswith(".ts"):
            server.stored[MANIFEST] = theirs[0]

    server.on_stored = happen
    server.faults[SEGMENT].append(Fault(status=403))
    assert not send(other).complete  # has begun, and is not finished
    server.stored.clear()
    with pytest.raises(DestinationTakenError):
        send(folder)
    assert ([], theirs[0]) == (server.puts(MASTER), server.stored[MANIFEST])


def test_an_upload_goes_on_at_its_own_claim(server, offers, send, folder):
    """Begun and broken off, and something was added to the folder since: one claim, one manifest,
    and a rerun writes nothing.
    """
    server.faults[SEGMENT].append(Fault(status=403))
    assert not send(folder).complete
    (folder / "720p/seg_003.ts").write_bytes(b"one more")
    assert send(folder).complete
    assert 2 == len(server.puts(MANIFEST))
    puts = len(server.puts())
    assert (0, puts) == (send(folder).sent, len(server.puts()))


def test_the_cost_of_a_claim(server, send, folder):
    """One PUT more, and the manifest is read at the beginning, after the claim, before the master and to be merged."""
    server.capabilities = {"manifest": True}
    send(folder)
    read = server.asked(f"/api/s3/manifest?prefix={quote(PREFIX, safe='')}")
    assert (len(FOLDER) + 2, 2, 4) == (len(server.puts()), len(server.puts(MANIFEST)), len(read))
