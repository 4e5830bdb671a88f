"""Large files in parts, against a real server."""

from __future__ import annotations

import json
import os

import pytest
from store_server import PAGE, Fault
from upload_parts import PREFIX

from pipeline.transfer.http.capabilities import BackendCapabilities, Multipart
from pipeline.transfer.upload.multipart import goes_in_parts, layout
from pipeline.transfer.upload.publish_order import stages
from pipeline.transfer.upload.results import TransferCancelled
from pipeline.transfer.upload.uploader import Uploader

PART = 1 << 16
CONTENT = os.urandom(10 * PART + 77)
MP4 = PREFIX + "offline_480p.mp4"
OFFER = {"multipart": {"partBytes": PART, "minPartBytes": 1, "maxParts": 100}, "contentMd5": True}


@pytest.fixture
def server(server):
    """A server that takes files in parts."""
    server.capabilities = OFFER
    return server


@pytest.fixture
def folder(folder):
    """A folder with one large file, of eleven parts, and segments of one or two."""
    (folder / "offline_480p.mp4").write_bytes(CONTENT)
    return folder


def send(backend, folder, cancel, *, parallel=4, on_progress=None, resume=True):
    """Upload with a new uploader, as a new run of the program does."""
    uploader = Uploader(backend, session_id=None, delays=(0, 0, 0), parallel=parallel)
    return uploader.upload(folder, PREFIX, resume=resume, on_progress=on_progress, cancel=cancel)


def requests(server, path: str) -> list[dict]:
    """Return what was asked of an endpoint."""
    return [json.loads(asked.body) for asked in server.asked(path)]


@pytest.mark.parametrize("parallel", [1, 4])
def test_large_file_goes_up_in_parts(server, backend, folder, cancel, parallel):
    """Joined it is the file, byte for byte; the others go whole, and no more parts are under way than files may be."""
    result = send(backend, folder, cancel, parallel=parallel)
    assert (True, CONTENT) == (result.complete, server.stored[MP4])
    parts = requests(server, "/api/s3/multipart/part")
    assert [(n, min(PART, len(CONTENT) - (n - 1) * PART)) for n in range(1, 12)] == sorted(
        (part["partNumber"], part["sizeBytes"]) for part in parts
    )
    assert [{"key": MP4, "contentType": "video/mp4", "sizeBytes": len(CONTENT)}] == requests(
        server, "/api/s3/multipart"
    )
    assert server.most_busy <= parallel
    assert {} == server.uploads


def test_parts_have_no_content_type_and_their_own_md5(server, backend, folder, cancel):
    """A part's URL is signed without a type."""
    send(backend, folder, cancel)
    puts = [a for a in server.arrivals if a.method == "PUT" and a.key == MP4]
    assert (11, {None}) == (len(puts), {put.headers.get("Content-Type") for put in puts})
    assert all("Content-MD5" in put.headers for put in puts)


def test_part_that_fails_is_tried_alone(server, backend, folder, cancel):
    """The other parts are not sent again, and progress ends at the whole."""
    server.faults[MP4].extend(
        [Fault(status=503, code="SlowDown"), Fault(close=True), Fault(status=400, code="BadDigest")]
    )
    seen = []
    assert send(backend, folder, cancel, on_progress=seen.append).complete
    assert (14, CONTENT) == (len(server.puts(MP4)), server.stored[MP4])
    assert seen[-1].figures.bytes_total == seen[-1].figures.bytes_confirmed
    assert all(progress.figures.bytes_confirmed <= progress.figures.bytes_total for progress in seen)
    assert (seen[-1].figures.bytes_total, 1.0) == (seen[-1].figures.bytes_done, seen[-1].figures.fraction)


def test_file_whose_parts_are_refused_fails_once(server, backend, folder, cancel):
    """Four parts refused together are one failure, the rest is not sent, and nothing is published."""
    server.faults[MP4].extend([Fault(status=403, code="AccessDenied")] * 4)
    server.gate = lambda key: key == MP4

    def look(progress) -> None:
        if len(server.gated) == 4:
            server.open_gate()

    result = send(backend, folder, cancel, on_progress=look)
    assert ["offline_480p.mp4"] == list(result.failed)
    assert (1, 4) == (result.log_file.read_text().count("offline_480p.mp4 failed:"), len(server.puts(MP4)))
    assert not any(key.endswith(".m3u8") for key in server.stored)


def test_parts_are_confirmed_one_by_one(server, backend, folder, cancel):
    """Not only the whole file, and not the part that is still on its way."""
    server.gate = lambda key: key == MP4 and len(server.puts(MP4)) > 5
    confirmed = []

    def look(progress) -> None:
        if len(server.gated) == 1 and not cancel.cancelled:
            confirmed.append(progress.figures.bytes_confirmed)
            cancel.cancel()

    with pytest.raises(TransferCancelled):
        send(backend, folder, cancel, parallel=1, on_progress=look)
    server.open_gate()
    others = sum(len(content) for key, content in server.stored.items() if key != MP4)
    assert [others + 5 * PART] == confirmed


def test_cancelled_file_goes_on_from_the_parts_that_the_server_has(server, backend, folder, cancel):
    """What the server lists is not sent again, the rest is, under the same upload."""
    server.gate = lambda key: key == MP4 and len(server.puts(MP4)) > 5

    def look(progress) -> None:
        if len(server.gated) == 1:
            cancel.cancel()

    with pytest.raises(TransferCancelled):
        send(backend, folder, cancel, parallel=1, on_progress=look)
    server.gate = lambda key: False
    server.open_gate()
    server.wait_for(lambda: server.busy == 0)
    [(upload, stored)] = server.uploads.items()
    had, sent = set(stored), len(server.puts(MP4))
    seen = []
    again = send(backend, folder, type(cancel)(), on_progress=seen.append)
    assert (True, CONTENT) == (again.complete, server.stored[MP4])
    assert 11 - len(had) == len(server.puts(MP4)) - sent
    assert {upload} == {part["uploadId"] for part in requests(server, "/api/s3/multipart/part")}
    assert seen[0].figures.bytes_done >= len(had) * PART or seen[-1].figures.fraction == 1.0


@pytest.mark.parametrize("looks", [True, False], ids=["other bytes", "another size"])
def test_parts_that_differ_are_sent_again(server, backend, folder, cancel, looks):
    """A part that the server has with other bytes does not count where its ETag tells,
    and never one of another size.
    """
    server.capabilities = {**OFFER, "contentMd5": looks}
    server.gate = lambda key: key == MP4 and len(server.puts(MP4)) > 5

    def look(progress) -> None:
        if len(server.gated) == 1:
            cancel.cancel()

    with pytest.raises(TransferCancelled):
        send(backend, folder, cancel, parallel=1, on_progress=look)
    server.gate = lambda key: False
    server.open_gate()
    server.wait_for(lambda: server.busy == 0)
    [stored] = server.uploads.values()
    stored[2] = bytes(PART) if looks else stored[2][:-1]
    assert send(backend, folder, type(cancel)()).complete
    assert CONTENT == server.stored[MP4]


def test_parts_of_a_store_that_encrypts_are_not_sent_again(server, backend, folder, cancel):
    """Their ETags are no MD5s, which a later run remembers."""
    server.confirms = lambda body: (
        b"",
        {"ETag": f'"{os.urandom(16).hex()}"', "x-amz-server-side-encryption": "aws:kms"},
    )
    server.listed_tag = lambda part: os.urandom(16).hex()
    server.gate = lambda key: key == MP4 and len(server.puts(MP4)) > 5

    def look(progress) -> None:
        if len(server.gated) == 1:
            cancel.cancel()

    with pytest.raises(TransferCancelled):
        send(backend, folder, cancel, parallel=1, on_progress=look)
    server.gate = lambda key: False
    server.open_gate()
    server.wait_for(lambda: server.busy == 0)
    [stored] = server.uploads.values()
    had, sent = len(stored), len(server.puts(MP4))
    assert send(backend, folder, type(cancel)()).complete
    assert (CONTENT, 11 - had) == (server.stored[MP4], len(server.puts(MP4)) - sent)


def test_part_without_an_etag_is_looked_up(server, backend, folder, cancel):
    """The backend lists what the store has; a page in place of an answer is none."""
    server.confirms, server.public = lambda body: (b"", {}), True
    server.faults[MP4].append(Fault(status=200, body=PAGE))
    assert send(backend, folder, cancel).complete
    assert (CONTENT, 12) == (server.stored[MP4], len(server.puts(MP4)))


@pytest.mark.parametrize("reads", [True, False], ids=["readable", "not readable"])
def test_joined_file_without_an_etag_is_read_back(server, backend, folder, cancel, reads):
    """That a backend repeats the size of a file does not show that the store has it."""
    server.joined_tag, server.public = "", reads
    result = Uploader(backend, session_id=None, delays=(), patience_s=0).upload(
        folder, PREFIX, resume=True, cancel=cancel
    )
    assert reads == result.complete
    assert reads or "did not confirm that it has the file" in result.failed["offline_480p.mp4"]


def test_forgotten_parts_begin_anew(server, backend, folder, cancel):
    """A store that removed an old upload gets the file from its beginning, in the same run."""
    server.gate = lambda key: key == MP4 and len(server.puts(MP4)) > 5

    def look(progress) -> None:
        if len(server.gated) == 1 and not server.opened:
            server.uploads.clear()
            server.open_gate()

    result = send(backend, folder, cancel, parallel=1, on_progress=look)
    assert (True, CONTENT) == (result.complete, server.stored[MP4])
    assert 2 == len(requests(server, "/api/s3/multipart"))


def test_changed_file_is_begun_anew_and_the_old_parts_are_given_back(server, backend, folder, cancel):
    """Parts of an older file are never joined with those of a newer one."""
    server.faults[MP4].append(Fault(status=403, code="AccessDenied"))
    send(backend, folder, cancel, parallel=1)
    (folder / "offline_480p.mp4").write_bytes(CONTENT[::-1])
    assert send(backend, folder, cancel, parallel=1).complete
    assert CONTENT[::-1] == server.stored[MP4]
    assert 1 == sum(a.method == "DELETE" for a in server.arrivals)
    assert {} == server.uploads


def test_file_that_changes_between_its_parts_fails(server, backend, folder, cancel):
    """Half of one and half of another is no file."""
    server.gate = lambda key: key == MP4 and len(server.puts(MP4)) > 5

    def look(progress) -> None:
        if len(server.gated) == 1 and not server.opened:
            (folder / "offline_480p.mp4").write_bytes(CONTENT[::-1])
            server.open_gate()

    result = send(backend, folder, cancel, parallel=1, on_progress=look)
    assert "changed while it was being sent" in result.failed["offline_480p.mp4"]
    assert MP4 not in server.stored


@pytest.mark.parametrize("reads", [True, False])
def test_answer_that_is_lost_after_the_parts_were_joined(server, backend, folder, cancel, reads):
    """Where the server can be asked the file counts as stored; where not, it is sent once more."""
    server.capabilities = {**OFFER, "read": reads}
    server.lost_answers.append("/api/s3/multipart/complete")
    assert send(backend, folder, cancel).complete
    assert (CONTENT, 11 if reads else 22) == (server.stored[MP4], len(server.puts(MP4)))


@pytest.mark.parametrize(("reads", "encrypts"), [(True, False), (True, True), (False, False)])
def test_run_that_ended_after_the_parts_were_joined(server, backend, folder, cancel, reads, encrypts):
    """The next run finds the whole file in the parts' place where the server can be asked, and sends nothing of it."""
    server.capabilities = {**OFFER, "read": reads}
    if encrypts:
        server.confirms = lambda body: (
            b"",
            {"ETag": f'"{os.urandom(16).hex()}"', "x-amz-server-side-encryption": "aws:kms"},
        )
    server.lost_answers.append("/api/s3/multipart/complete")
    first = Uploader(backend, session_id=None, delays=(), patience_s=0)
    assert ["offline_480p.mp4"] == list(first.upload(folder, PREFIX, resume=True, cancel=cancel).failed)
    assert send(backend, folder, type(cancel)()).complete
    assert (CONTENT, 11 if reads else 22) == (server.stored[MP4], len(server.puts(MP4)))


def test_file_in_the_place_of_forgotten_parts_that_is_another(server, backend, folder, cancel):
    """What the store has under the key of a file of which it has forgotten the parts does not count by its size."""
    server.capabilities = {**OFFER, "read": True}
    server.lost_answers.append("/api/s3/multipart/complete")
    Uploader(backend, session_id=None, delays=(), patience_s=0).upload(folder, PREFIX, resume=True, cancel=cancel)
    server.stored[MP4] = CONTENT[::-1]
    assert send(backend, folder, type(cancel)()).complete
    assert (CONTENT, 22) == (server.stored[MP4], len(server.puts(MP4)))


OFFERED = BackendCapabilities(max_put_bytes=1000, multipart=Multipart(part_bytes=200, min_part_bytes=1))


@pytest.mark.parametrize(("size", "expected"), [(0, False), (799, False), (800, True), (1001, True)])
def test_which_files_go_in_parts(size, expected):
    """Few parts are not worth the questions; above the limit there is no choice."""
    assert expected is goes_in_parts(size, OFFERED)
    assert not goes_in_parts(size, BackendCapabilities(max_put_bytes=1000))


def test_layout_covers_the_file():
    """Every byte is in one part, numbered from 1."""
    found = layout(250, 100)
    assert [(1, 0, 100), (2, 100, 100), (3, 200, 50)] == [(part.number, part.start, part.size_bytes) for part in found]
    assert [] == stages([])
