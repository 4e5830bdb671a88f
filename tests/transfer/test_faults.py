"""Every fault of networks, servers and disks that an upload may meet: nothing lost, nothing published early, the end byte for byte."""

from __future__ import annotations

import errno
import os

import pytest
from fault_proxy import Trouble, running_proxy
from store_server import TOKEN, Fault
from upload_parts import FOLDER, PREFIX

from config import BackendApi
from pipeline.errors import OutputError
from pipeline.transfer.journal import Destination, Journal, read_journal
from pipeline.transfer.state_file import STATE_FILE, read_state
from pipeline.transfer.uploader import Uploader

FILES = int(os.environ.get("UPLOAD_FILES", "400"))
"""UPLOAD_FILES=5000 is what a video of two hours makes."""

PRESIGN = "/api/admin/content/aws/uploadUrl"
LARGE = os.urandom(3 << 20)
MASTER = PREFIX + "master.m3u8"


@pytest.fixture
def folder(folder):
    """A job's folder whose MP4 does not fit into the buffers of a connection."""
    (folder / "offline_480p.mp4").write_bytes(LARGE)
    return folder


@pytest.fixture
def early(server):
    """Keys of playlists that were stored before all that they name; must stay empty."""
    found: list[str] = []
    expected = {PREFIX + name for name in FOLDER if not name.endswith(".m3u8")}
    playlists = {PREFIX + name for name in FOLDER if name.endswith("index.m3u8")}

    def look(key: str) -> None:
        needed = expected | playlists if key == MASTER else expected if key in playlists else set()
        if not needed <= set(server.stored):
            found.append(key)

    server.on_stored = look
    return found


@pytest.fixture
def proxy(server):
    """A network in front of the server."""
    with running_proxy(server.server_address[1]) as running:
        server.reached_at = running.url
        yield running


def run(url, folder, cancel, **more):
    """Upload as a new run of the program does."""
    return Uploader(BackendApi(url=url, token=TOKEN), session_id=None, delays=(0, 0, 0), **more).upload(
        folder, PREFIX, resume=True, cancel=cancel
    )


def check(server, folder, url, early, names=tuple(FOLDER)) -> None:
    """See that everything is there as it was made, that nothing was early, and that the state can be read."""
    assert {PREFIX + name: (folder / name).read_bytes() for name in names} == server.stored
    assert [] == early
    content = read_journal(folder, Destination(backend_url=url, prefix=PREFIX))
    assert (False, set(names)) == (content.corrupt, set(content.confirmed))
    assert set(names) == set(read_state(folder / STATE_FILE).files)


@pytest.mark.parametrize(
    "troubles",
    [
        [Trouble(reset_after=0)],
        [Trouble(reset_after=100_000)],
        [Trouble(reset_after=20_000)] * 3,
        [Trouble(stall_after=50_000)],
        [Trouble(cut_answer_after=0)],
        [Trouble(cut_answer_after=10)],
        [Trouble(cut_answer_after=0), Trouble(reset_after=0), Trouble(stall_after=10_000), Trouble(cut_answer_after=5)],
    ],
    ids=["reset at once", "reset in the middle", "reset thrice", "stall", "stored, answer lost", "truncated answer", "one after the other"],
)
def test_bad_network(proxy, server, folder, cancel, early, monkeypatch, troubles):
    """Whatever happens to connections costs a further try at most."""
    monkeypatch.setattr("pipeline.transfer.connections.STALL_S", 0.3)
    monkeypatch.setattr("pipeline.transfer.client.read_timeout_s", lambda size: 0.5)
    proxy.troubles.extend(troubles)
    assert run(proxy.url, folder, cancel).complete
    assert len(troubles) == proxy.met
    check(server, folder, proxy.url, early)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=503, code="SlowDown", headers={"Retry-After": "0"}),
        Fault(status=429),
        Fault(status=500, code="InternalError"),
        Fault(status=502, body=b"<html>Bad Gateway</html>"),
        Fault(status=200, code="InternalError"),
        Fault(status=403, code="AccessDenied", message="Request has expired"),
        Fault(status=400, code="RequestTimeout"),
    ],
    ids=["503", "429", "500", "502", "200 with an error", "expired URL", "request timeout"],
)
def test_bad_moments_of_a_store(server, folder, cancel, early, fault):
    """Each of them on every file once: the upload ends whole without help."""
    for name in FOLDER:
        server.faults[PREFIX + name].append(fault)
    assert run(server.url, folder, cancel).complete
    check(server, folder, server.url, early)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=307, headers={"Location": "/store/elsewhere"}),
        Fault(status=403, code="RequestTimeTooSkewed"),
        Fault(status=403, code="SignatureDoesNotMatch"),
        Fault(status=507, code="QuotaExceeded"),
    ],
    ids=["redirect", "wrong clock", "signature", "full"],
)
def test_what_does_not_pass_publishes_nothing(server, folder, cancel, early, fault):
    """The upload fails with a sentence, no playlist is up, and the next run sends only the rest."""
    server.faults[PREFIX + "720p/seg_001.ts"].append(fault)
    result = run(server.url, folder, cancel)
    assert (False, ["720p/seg_001.ts"]) == (result.complete, list(result.failed))
    assert not any(key.endswith(".m3u8") for key in server.stored)
    before = set(server.stored)
    assert run(server.url, folder, cancel).complete
    assert all(1 == len(server.puts(key)) for key in before)
    check(server, folder, server.url, early)


def test_disk_that_is_full_while_the_state_is_written(server, folder, cancel, early, monkeypatch):
    """What can't be noted stops the upload with a sentence; later it goes on, and the file in question is sent again."""
    confirmed = []

    def confirm(self, path, which) -> None:
        if len(confirmed) == 3:
            raise self._unwritable(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        confirmed.append(path)
        original(self, path, which)

    original = Journal.confirm
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "confirm", confirm)
        with pytest.raises(OutputError, match=r"No space left on device.*free some space"):
            run(server.url, folder, cancel)
    assert not any(key.endswith(".m3u8") for key in server.stored)
    assert run(server.url, folder, type(cancel)()).complete
    check(server, folder, server.url, early)


@pytest.mark.parametrize("change", ["deleted", "shrunk", "grown"])
def test_file_that_is_not_what_it_was(server, folder, cancel, early, change):
    """A file that changes under way is not confirmed, nothing is published, and the next run sends what it has become."""
    segment = folder / "720p/seg_001.ts"
    server.gate = lambda key: key.endswith("720p/seg_001.ts")

    def look(progress) -> None:
        if server.gated and not server.opened:
            content = {"shrunk": b"a", "grown": b"a" * 70_001}.get(change)
            segment.unlink() if content is None else segment.write_bytes(content)
            server.open_gate()

    uploader = Uploader(BackendApi(url=server.url, token=TOKEN), session_id=None, delays=(0, 0, 0))
    result = uploader.upload(folder, PREFIX, resume=True, on_progress=look, cancel=cancel)
    assert ["720p/seg_001.ts"] == list(result.failed)
    assert not any(key.endswith(".m3u8") for key in server.stored)
    if change == "deleted":
        segment.write_bytes(b"made again")
    assert run(server.url, folder, cancel).complete
    check(server, folder, server.url, early)


def test_odd_names_and_many_files(server, folder, cancel, early):
    """Keys with every character that addresses treat in their own way, files without a byte, and a great many."""
    odd = ["a b.ts", "ü ñ 漢字.ts", "+ & # %.ts", "100%25.ts", "semi;colon=x?y.ts", "empty.ts"]
    for name in odd:
        (folder / name).write_bytes(b"" if name == "empty.ts" else name.encode())
    many = [f"1080p/seg_{number:05}.ts" for number in range(FILES)]
    (folder / "1080p").mkdir()
    for name in many:
        (folder / name).write_bytes(name.encode())
    assert run(server.url, folder, cancel, parallel=8).complete
    check(server, folder, server.url, early, (*FOLDER, *odd, *many))
