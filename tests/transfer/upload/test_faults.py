"""Every fault of networks, servers and disks that an upload may meet: nothing lost, nothing published early,
the end byte for byte.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import socket
from pathlib import Path

import pytest
from fault_proxy import Trouble, running_proxy
from store_server import PAGE, TOKEN, Fault
from upload_parts import FOLDER, PREFIX

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.errors import OutputError
from pipeline.transfer.http import connecting
from pipeline.transfer.http.client import CAPABILITIES
from pipeline.transfer.http.login import Login
from pipeline.transfer.upload.journal import UploadDestination, read_journal
from pipeline.transfer.upload.state_file import STATE_FILE, read_state
from pipeline.transfer.upload.uploader import Uploader

FILES = int(os.environ.get("UPLOAD_FILES", "400"))
"""UPLOAD_FILES=5000 is what a video of two hours makes."""

PRESIGN = "/api/admin/content/aws/uploadUrl"
LARGE = os.urandom(3 << 20)
MASTER = PREFIX + "master.m3u8"
SEGMENT = PREFIX + "720p/seg_001.ts"
HTML = {"Content-Type": "text/html; charset=utf-8"}


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
    content = read_journal(folder, UploadDestination(backend_url=url, prefix=PREFIX))
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
    ids=[
        "reset at once",
        "reset in the middle",
        "reset thrice",
        "stall",
        "stored, answer lost",
        "truncated answer",
        "one after the other",
    ],
)
def test_bad_network(proxy, server, folder, cancel, early, monkeypatch, troubles):
    """Whatever happens to connections costs a further try at most."""
    if any(trouble.stall_after is not None for trouble in troubles):
        monkeypatch.setattr("pipeline.transfer.http.paced.STALL_S", 2.0)
        monkeypatch.setattr("pipeline.transfer.http.client.read_timeout_s", lambda size: 2.0)
    proxy.troubles.extend(troubles)
    assert run(proxy.url, folder, cancel).complete
    assert len(troubles) == proxy.met
    check(server, folder, proxy.url, early)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=503, code="SlowDown"),
        Fault(status=429),
        Fault(status=500, code="InternalError"),
        Fault(status=502, body=b"<html>Bad Gateway</html>"),
        Fault(status=200, code="InternalError"),
        Fault(status=403, code="AccessDenied", message="Request has expired"),
        Fault(status=400, code="RequestTimeout"),
        Fault(status=520, body=b"<html>Web server is returning an unknown error</html>"),
        Fault(status=499),
        Fault(status=425),
        Fault(status=409, code="OperationAborted"),
        Fault(status=400, code="IncompleteBody"),
    ],
    ids=[
        "503",
        "429",
        "500",
        "502",
        "200 with an error",
        "expired URL",
        "request timeout",
        "520 of a cache in front",
        "499 of a proxy",
        "425",
        "operation aborted",
        "incomplete body",
    ],
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
        Fault(status=200, body=PAGE, headers=HTML),
        Fault(status=201, body=b"<HTML>Welcome</HTML>"),
        Fault(status=200, body=PAGE, headers={**HTML, "ETag": 'W/"36-abc"'}),
        Fault(status=200, body=b'{"success": true}'),
        Fault(status=200, body=b'{"success": true}', headers={"ETag": 'W/"11-abc"'}),
        Fault(status=200, body=b"<!-- portal --><head>", headers={"ETag": f'"{"0123456789abcdef" * 2}"'}),
        Fault(status=200, body=b""),
        Fault(status=204, body=b""),
    ],
    ids=[
        "page",
        "page without a type",
        "page with an ETag",
        "text",
        "text with an ETag",
        "piece of a page with an ETag",
        "empty",
        "204",
    ],
)
@pytest.mark.parametrize("public", [True, False], ids=["read back", "private"])
def test_page_in_place_of_a_confirmation(server, folder, cancel, early, fault, public):
    """It counts as a failed try; where it goes on, the file fails with a sentence,
    and nothing is published or taken for sent.
    """
    server.public = public
    server.faults[SEGMENT].append(fault)
    assert run(server.url, folder, cancel).complete
    assert 2 == len(server.puts(SEGMENT))
    check(server, folder, server.url, early)
    (folder / "720p/seg_001.ts").write_bytes(b"z" * 70_000)  # what is there is of the same size, and not this
    (folder / "master.m3u8").write_bytes(b"#EXTM3U another")
    server.faults[SEGMENT].extend([fault] * 8)
    server.faults[PREFIX + "v2/720p/seg_001.ts"].extend([fault] * 8)
    failed = run(server.url, folder, cancel)
    assert (False, ["720p/seg_001.ts"]) == (failed.complete, list(failed.failed))
    assert "did not confirm that it has the file" in failed.failed["720p/seg_001.ts"]
    assert server.stored[MASTER] == b"#EXTM3U master"


@pytest.mark.parametrize("reads", [True, False], ids=["by the backend", "by its address"])
def test_store_that_confirms_in_its_own_words_is_read_back(server, folder, cancel, early, reads):
    """An answer with a text and no ETag shows nothing; the file does, and is sent once."""
    server.confirms = lambda body: (b'{"success": true}', {"Content-Type": "application/json"})
    server.capabilities, server.public = ({"read": True}, False) if reads else (None, True)
    assert run(server.url, folder, cancel).complete
    assert len(FOLDER) == len(server.puts())
    check(server, folder, server.url, early)


@pytest.mark.parametrize("reads", [True, False], ids=["by the backend", "by its address"])
def test_store_that_says_nothing_at_all_is_read_back(server, folder, cancel, early, reads):
    """An empty answer without an ETag shows nothing, as a proxy may give it; the file does, and is sent once."""
    server.confirms = lambda body: (b"", {})
    server.capabilities, server.public = ({"read": True}, False) if reads else (None, True)
    assert run(server.url, folder, cancel).complete
    assert len(FOLDER) == len(server.puts())
    check(server, folder, server.url, early)


def test_store_that_says_nothing_and_cannot_be_read_has_nothing(server, folder, cancel):
    """Where nothing shows that a file is there, it fails with a sentence, and no local file is taken for a copy."""
    server.confirms = lambda body: (b"", {})
    failed = run(server.url, folder, cancel, patience_s=0)
    assert (False, {}) == (failed.complete, dict(failed.uploaded))
    assert all("did not confirm that it has the file" in text for text in failed.failed.values())


@pytest.mark.parametrize("named", [True, False], ids=["named", "not named"])
@pytest.mark.parametrize("parts", [True, False], ids=["in parts", "whole"])
def test_encrypting_store(server, folder, cancel, early, named, parts):
    """With SSE-KMS an ETag looks like an MD5 and is none: files and parts are sent once,
    where it is not named twice by each thread.
    """
    multipart = {"multipart": {"partBytes": 1 << 19, "minPartBytes": 1}} if parts else {}
    server.capabilities = {"contentMd5": True, **multipart}
    said = {"x-amz-server-side-encryption": "aws:kms"} if named else {}
    server.confirms = lambda body: (b"", {"ETag": f'"{os.urandom(16).hex()}"', **said})
    assert run(server.url, folder, cancel).complete
    again = len(server.puts()) - (len(FOLDER) - 1 + (6 if parts else 1))
    assert again in (range(1) if named else range(1, 5))
    check(server, folder, server.url, early)


@pytest.mark.parametrize("compares", [True, False], ids=["says it compares", "does not"])
def test_other_bytes_behind_an_etag_are_found(server, folder, cancel, early, compares):
    """A store that compares no digests, whatever it says: where the file can be read, the damage is found."""
    server.capabilities, server.public = {"contentMd5": compares}, True
    damaged = iter([b"damaged".ljust(70_000)])

    def confirm(body: bytes) -> tuple[bytes, dict[str, str]]:
        if body == FOLDER["720p/seg_001.ts"] and (other := next(damaged, None)) is not None:
            server.stored[SEGMENT] = body = other
        return b"", {"ETag": f'"{hashlib.md5(body).hexdigest()}"'}

    server.confirms = confirm
    assert run(server.url, folder, cancel).complete
    assert 2 == len(server.puts(SEGMENT))
    check(server, folder, server.url, early)


@pytest.mark.parametrize("parts", [True, False], ids=["in parts", "whole"])
def test_store_that_asks_for_md5(server, folder, cancel, early, parts):
    """A bucket with Object Lock refuses a PUT without Content-MD5:
    after one refusal a thread it comes with every file.
    """
    server.capabilities = {"multipart": {"partBytes": 1 << 19, "minPartBytes": 1}} if parts else None
    server.wants_md5 = True
    assert run(server.url, folder, cancel).complete
    refused = [a for a in server.arrivals if a.method == "PUT" and "Content-MD5" not in a.headers]
    assert 1 <= len(refused) <= 4
    check(server, folder, server.url, early)


@pytest.mark.parametrize("parts", [True, False], ids=["in parts", "whole"])
def test_headers_that_the_backend_signed(server, folder, cancel, early, parts):
    """What comes with a signed URL goes out with the file and with each part."""
    wanted = {
        "Cache-Control": "max-age=60",
        "x-amz-acl": "public-read",
        "x-amz-tagging": "a=1&b=2",
        "x-ms-blob-type": "BlockBlob",
    }
    server.wanted_headers = wanted
    server.capabilities = {"multipart": {"partBytes": 1 << 19, "minPartBytes": 1}, "presignMany": 8} if parts else None
    assert run(server.url, folder, cancel).complete
    puts = [a for a in server.arrivals if a.method == "PUT"]
    assert len(FOLDER) - 1 + (6 if parts else 1) == len(puts)
    assert all(wanted.items() <= put.headers.items() for put in puts)
    check(server, folder, server.url, early)


@pytest.mark.parametrize(
    ("status", "times"),
    [(404, 1), (405, 1), (201, 1), (204, 1), (200, 1), (502, 1), (502, 9)],
    ids=lambda value: str(value),
)
def test_odd_answers_about_the_token(server, folder, cancel, early, status, times):
    """The endpoint is optional: whatever it says but no, what follows is an upload."""
    server.api_faults["/api/admin/auth/me"].extend([Fault(status=status, body=PAGE if status == 200 else b"")] * times)
    uploader = Uploader(BackendApi(url=server.url, token=TOKEN), session_id=None, delays=(0, 0, 0))
    uploader.test_connection(cancel)
    assert uploader.upload(folder, PREFIX, resume=True, cancel=cancel).complete
    check(server, folder, server.url, early)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=200, body=PAGE, headers=HTML),
        Fault(status=200, body=b"[1]"),
        Fault(status=204, body=b""),
        Fault(status=302, headers={"Location": "http://portal.test/login"}),
        *(Fault(status=status, body=PAGE) for status in (401, 403, 404, 405, 418, 500, 503, 511)),
        Fault(close=True),
    ],
    ids=["portal", "list", "204", "redirect", "401", "403", "404", "405", "418", "500", "503", "511", "hung up"],
)
def test_odd_answers_to_what_a_backend_offers(server, folder, cancel, early, fault):
    """Any answer but a good one means: the three requests only, and the upload ends whole;
    nobody is asked for a token twice.
    """
    server.capabilities = {"list": True, "contentMd5": True}
    server.api_faults[CAPABILITIES].extend([fault] * 20)
    asked: list[int] = []
    assert run(server.url, folder, cancel, login=Login(TOKEN, lambda: asked.append(1) or TOKEN)).complete
    assert len(asked) <= 1
    assert {PRESIGN, CAPABILITIES} == {a.path for a in server.arrivals if a.method != "PUT"}
    check(server, folder, server.url, early)


def test_what_a_backend_offers_counts_after_a_bad_moment(server, folder, cancel, early):
    """One 502 is not an answer."""
    server.capabilities = {"contentMd5": True}
    server.api_faults[CAPABILITIES].append(Fault(status=502, body=PAGE))
    assert run(server.url, folder, cancel).complete
    assert all("Content-MD5" in a.headers for a in server.arrivals if a.method == "PUT")
    check(server, folder, server.url, early)


@pytest.mark.parametrize("asked", ["store", "backend"])
def test_pause_that_a_server_asks_for(server, folder, cancel, early, monkeypatch, asked):
    """Retry-After counts where the table would try again at once; it is the one pause of the upload."""
    pauses: list[float] = []
    monkeypatch.setattr(CancelToken, "wait", lambda token, seconds: pauses.append(seconds))
    fault = Fault(status=503, code="SlowDown", headers={"Retry-After": "2"})
    (server.faults[PREFIX + "720p/seg_001.ts"] if asked == "store" else server.api_faults[CAPABILITIES]).append(fault)
    assert run(server.url, folder, cancel).complete
    assert [2.0] == pauses
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


class FullDisk(io.FileIO):
    """A file on a disk that has room for so many bytes and no more."""

    room = 0

    def write(self, data) -> int:
        left = self.room - os.fstat(self.fileno()).st_size
        if left <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(memoryview(data)[:left])


@pytest.mark.parametrize(
    "room", [0, 100, 1500, 3000], ids=["at once", "first line", "in the middle", "towards the end"]
)
def test_disk_that_is_full_while_the_state_is_written(server, folder, cancel, early, monkeypatch, room):
    """What can't be noted ends the upload with a sentence, whatever else can't be written;
    later it goes on to its end.
    """
    as_ever = Path.open

    def open_here(path, mode="r", buffering=-1, encoding=None, errors=None, newline=None):
        if mode[0] not in "aw" or "upload" not in path.name:
            return as_ever(path, mode, buffering, encoding, errors, newline)
        file = io.BufferedWriter(FullDisk(path, mode.replace("b", "")))
        return file if "b" in mode else io.TextIOWrapper(file, encoding, errors, newline)

    monkeypatch.setattr(FullDisk, "room", room)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_here)
        with pytest.raises(OutputError, match=r"No space left on device.*free some space"):
            run(server.url, folder, cancel)
    assert MASTER not in server.stored
    assert not read_journal(folder, UploadDestination(backend_url=server.url, prefix=PREFIX)).corrupt
    assert run(server.url, folder, type(cancel)()).complete
    check(server, folder, server.url, early)


def test_slow_network(proxy, server, folder, cancel, early, monkeypatch):
    """As long as something gets through, a connection has not stalled: one try is enough."""
    monkeypatch.setattr("pipeline.transfer.http.paced.STALL_S", 4.0)
    connect = connecting.connect

    def connect_narrowly(*where, options, **more):
        # or the system would take a whole file at once
        return connect(*where, options=[*options, (socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)], **more)

    monkeypatch.setattr(connecting, "connect", connect_narrowly)
    proxy.troubles.extend([Trouble(rest_s=0.03)] * len(FOLDER))
    assert run(proxy.url, folder, cancel).complete
    assert len(FOLDER) == proxy.met == len(server.puts())
    check(server, folder, proxy.url, early)


def test_login_that_expires_in_the_middle(server, folder, cancel, early):
    """Somebody has a new token: nothing is sent twice, and everything is there."""
    look, new_token = server.on_stored, "new-token-0123456789abcdef"

    def expire(key: str) -> None:
        look(key)
        if len(server.stored) >= 3:
            server.token = new_token

    server.on_stored = expire
    assert run(server.url, folder, cancel, login=Login(TOKEN, lambda: new_token)).complete
    assert len(FOLDER) == len(server.puts())
    check(server, folder, server.url, early)


def test_name_that_is_not_known(server, folder, cancel, early, monkeypatch):
    """A store whose name can't be resolved is said to be out of reach;
    a name that is known again soon costs tries alone.
    """
    backend_url, lookup = server.url, socket.getaddrinfo
    server.reached_at = f"http://store.test:{server.server_address[1]}"
    failing = iter(range(1000))

    def look_up(host, *arguments, **more):
        if host != "store.test":
            return lookup(host, *arguments, **more)
        if next(failing, None) is not None:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return lookup("127.0.0.1", *arguments, **more)

    monkeypatch.setenv("NO_PROXY", "store.test")
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    result = run(backend_url, folder, cancel)
    assert {"Cannot connect to the storage at " + server.url} == {
        said.partition(". ")[0] for said in result.failed.values()
    }
    assert {} == server.stored
    failing = iter(range(3))
    assert run(backend_url, folder, cancel).complete
    check(server, folder, backend_url, early)


@pytest.mark.parametrize("change", ["deleted", "shrunk", "grown"])
def test_file_that_is_not_what_it_was(server, folder, cancel, early, change):
    """A file that changes under way is not confirmed, nothing is published,
    and the next run sends what it has become.
    """
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
