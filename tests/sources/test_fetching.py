"""Sources from elsewhere: looked at in ranges, fetched once, checked, resumed."""

from __future__ import annotations

import base64
import gzip
import hashlib
import threading
import zlib
from dataclasses import replace

import pytest
from source_server import Fault, Video, noise

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, Setting, SettingsError, SourceError
from pipeline.fingerprint import fingerprint
from pipeline.preflight_answers import refused_by
from pipeline.source_address import parse_address
from pipeline.sources.fetched_file import read_fetch_note
from pipeline.sources.fetching import FetchListener, cache_of, fetch_source, located
from pipeline.transfer.http import connecting
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.patience import Patience
from pipeline.transfer.http.recovery import TransferRecovery
from pipeline.transfer.http.retry import may_pass

CONTENT = noise(5_000_000)
MIB = 1 << 20


def look(job, config):
    """Locate a job's source, look at nothing in it, and return the job."""
    with located(job, config, CancelToken()) as found:
        return found.job


def fetched(job, config, *, control=None, cancel=None, told=None):
    """Fetch a job's source and return its bytes and how many of them came."""
    announce = (lambda text, level: None) if told is None else (lambda text, level: told.append(text))
    listener = FetchListener(announce=announce)
    came = fetch_source(job, config, cancel or CancelToken(), control or TransferControl(), listener)
    return cache_of(config).path_of(job.address).read_bytes(), came


@pytest.fixture
def job(server, job_of):
    """The job of a video at the server."""
    server.videos["/week 1/Größe.mp4"] = Video(CONTENT)
    return job_of(f"{server.url}/week%201/Gr%C3%B6%C3%9Fe.mp4?sig=secret")


class TestLooking:
    """What is told of a source before it is fetched."""

    def test_a_source_is_known_by_its_head_and_tail(self, job, server, config, tmp_path):
        """Two requests give the fingerprint of the whole file, and the room of the rest is not taken."""
        whole = tmp_path / "whole.mp4"
        whole.write_bytes(CONTENT)
        found = look(job, config)
        assert "Größe.mp4" == found.source.name
        assert fingerprint(whole) == fingerprint(found.source)
        assert (2, 2 * MIB) == (len(server.asked), server.sent_bytes())
        assert found.source.stat().st_blocks * 512 < 3 * MIB

    def test_what_is_read_is_fetched_and_nothing_else(self, job, server, config):
        """Reading in the middle asks for the bytes there, once."""
        with located(job, config, CancelToken()) as found, found.open_file(found.job.source) as file:
            for _ in range(2):
                file.seek(2 * MIB)
                assert CONTENT[2 * MIB : 2 * MIB + 1000] == file.read(1000)
            assert b"" == (file.seek(5_000_000), file.read(10))[1]
        assert ["bytes=2097152-2621439"] == [one.range for one in server.asked[2:]]

    def test_what_was_looked_at_stays_as_it_was(self, job, config):
        """The file has the same size and time of change before and after it is whole."""
        before = look(job, config).source.stat()
        fetched(job, config)
        after = look(job, config).source.stat()
        assert (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)

    def test_a_source_without_ranges_is_fetched_at_once(self, job, server, config):
        """There is no other way to know what is in it."""
        server.videos["/week 1/Größe.mp4"].ranges = False
        found = look(job, config)
        assert CONTENT == found.source.read_bytes()
        assert (CONTENT, 0) == fetched(job, config)

    def test_a_root_is_a_folder_of_this_machine(self, config, job_of, tmp_path):
        """Nothing is fetched, and the file itself is the source."""
        config = replace(config, sources=replace(config.sources, roots={"lectures": tmp_path}))
        assert tmp_path / "w1" / "a.mp4" == look(job_of("root:lectures/w1/a.mp4"), config).source
        with pytest.raises(SettingsError, match=r"root other, which this machine has no folder for"):
            look(job_of("root:other/a.mp4"), config)


class TestFetching:
    """The bytes come once, and are those of the server."""

    def test_only_what_is_missing_comes(self, job, server, config):
        """What was looked at is not fetched again, and a second fetch brings nothing."""
        look(job, config)
        assert (CONTENT, len(CONTENT) - 2 * MIB) == fetched(job, config)
        assert (CONTENT, 0) == fetched(job, config)
        whole = [one.range for one in server.asked if one.range.startswith("bytes=1048576-")]
        assert [f"bytes=1048576-{len(CONTENT) - MIB - 1}"] == whole

    @pytest.mark.parametrize("etag", ['"1"', None, 'W/"1"'], ids=["strong", "none", "weak"])
    def test_a_connection_that_breaks_is_gone_on_with(self, job, server, config, quick, etag):
        """From the byte where it broke, as often as it gets further."""
        server.videos["/week 1/Größe.mp4"].etag = etag
        server.faults += [Fault(after_bytes=10), Fault(after_bytes=None, status=503), Fault(after_bytes=MIB)]
        server.faults += [Fault(after_bytes=300_000), Fault(after_bytes=700_000)]
        assert CONTENT == fetched(job, config)[0]

    def test_a_server_that_goes_away_is_waited_for_with_patience(self, job, server, config, quick, monkeypatch):
        """Then the job may be tried again later, from what has been fetched."""
        real, pauses, cancel = connecting.connect, [], CancelToken()
        for one in (Patience, TransferRecovery):
            monkeypatch.setitem(one.__init__.__kwdefaults__, "clock", lambda: sum(pauses))

        def connect(*arguments, **more):
            if len(server.asked) >= 2:
                raise OSError(101, "Network is unreachable")
            return real(*arguments, **more)

        monkeypatch.setattr(connecting, "connect", connect)
        cancel.wait = pauses.append
        server.faults += [Fault(after_bytes=MIB), Fault(after_bytes=500_000)]
        patient = replace(config, backend=replace(config.backend, patience_s=60.0))
        with pytest.raises(SourceError, match="Cannot connect to") as failed:
            fetch_source(job, patient, cancel, TransferControl(), FetchListener())
        assert (True, True) == (may_pass(failed.value), len(pauses) > 3)
        refusal = refused_by(failed.value)
        assert (True, False) == (refusal.may_pass, refusal.wrong_settings)

    def test_a_process_that_ends_leaves_it_to_the_next(self, job, server, config, quick):
        """What is on the disk counts when the server still has the same."""
        server.faults += [Fault(after_bytes=MIB), Fault(after_bytes=500_000), Fault(status=404)]
        with pytest.raises(SourceError, match=r"There is no file at"):
            fetched(job, config)
        came = fetched(job, config)[1]
        assert 0 < len(CONTENT) - MIB - came <= 500_000  # of a block that broke off nothing counts

    def test_a_source_that_was_replaced_since_begins_anew(self, job, server, config):
        """What an earlier run fetched of another file does not count."""
        look(job, config)
        other = noise(len(CONTENT), "other")
        server.videos["/week 1/Größe.mp4"] = Video(other, etag='"2"')
        assert other == fetched(job, config)[0]

    @pytest.mark.parametrize(
        "now",
        [
            Video(noise(len(CONTENT), "other"), etag='"2"'),
            Video(CONTENT[:-1]),
            Video(noise(len(CONTENT), "other"), etag=None, modified="Sat, 28 Nov 2026 11:00:00 GMT"),
            Video(CONTENT[: MIB + 1], etag=None),
        ],
        ids=["etag", "size", "time", "much shorter"],
    )
    def test_a_source_that_changes_meanwhile_is_said(self, job, server, config, quick, now):
        """Never is one put together of two."""
        server.videos["/week 1/Größe.mp4"].etag = now.etag and '"1"'
        server.faults += [Fault(after_bytes=MIB), Fault(after_bytes=MIB)]
        control = TransferControl()

        class Replacing(TransferControl):
            def admit(self, size_bytes, cancel):
                server.videos["/week 1/Größe.mp4"] = now

        with pytest.raises(SourceError, match=r"changed while it was fetched: wait until its upload has ended"):
            fetched(job, config, control=Replacing())
        assert control.limit_bytes_s is None

    def test_cancel_ends_it_at_once_and_keeps_what_is_there(self, job, server, config):
        """A server that is slow to go on does not hold it up."""
        server.gate.clear()
        cancel = CancelToken()
        ended = []

        def run():
            try:
                fetched(job, config, cancel=cancel)
            except Cancelled:
                ended.append(True)

        thread = threading.Thread(target=run)
        thread.start()
        assert server.begun.wait(60)
        cancel.cancel()
        thread.join(60)
        assert ([True], False) == (ended, thread.is_alive())

    def test_a_limit_of_the_rate_holds(self, job, config):
        """Every block is admitted by whoever limits uploads."""
        admitted = []

        class Counting(TransferControl):
            def admit(self, size_bytes, cancel):
                admitted.append(size_bytes)

        fetched(job, config, control=Counting())
        assert len(CONTENT) - MIB == sum(admitted)

    def test_a_body_without_a_length_is_taken_to_its_end(self, job, server, config):
        """As some programs send what they make on the way."""
        server.videos["/week 1/Größe.mp4"] = Video(CONTENT, ranges=False, length=False)
        assert CONTENT == fetched(job, config)[0]

    def test_what_a_server_packs_is_unpacked(self, job, server, config):
        """Though the program asks for the bytes themselves."""
        packed = gzip.compress(CONTENT, compresslevel=1)
        server.videos["/week 1/Größe.mp4"] = Video(packed, coded="gzip", ranges=False)
        assert CONTENT == fetched(job, config)[0]

    def test_a_wrong_length_is_no_whole_file(self, job, server, config, quick):
        """A body that is shorter than it says is not taken for the file."""
        server.videos["/week 1/Größe.mp4"] = Video(
            CONTENT, ranges=False, headers={"Content-Length": str(len(CONTENT) + 5)}, length=False
        )
        with pytest.raises(SourceError, match=r"broke off while .* was fetched"):
            fetched(job, config)
        note = read_fetch_note(cache_of(config).path_of(job.address).parent)
        assert note is None or not note.whole


CHECKSUMS = {
    "x-amz etag": {"x-amz-request-id": "1", "ETag": f'"{hashlib.md5(CONTENT).hexdigest()}"'},
    "google": {"x-goog-hash": "crc32c=AAAAAA==, md5=" + base64.b64encode(hashlib.md5(CONTENT).digest()).decode()},
    "representation": {"Repr-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()}:"},
    "content-md5": {"Content-MD5": base64.b64encode(hashlib.md5(CONTENT).digest()).decode()},
    "crc32": {"x-amz-checksum-crc32": base64.b64encode(zlib.crc32(CONTENT).to_bytes(4, "big")).decode()},
}


@pytest.mark.parametrize("name", CHECKSUMS)
@pytest.mark.parametrize("good", [True, False], ids=["good", "damaged"])
def test_what_a_server_tells_of_the_content_is_checked(job, server, config, name, good):
    """A file that arrives with another checksum is not taken, and is fetched anew."""
    content = CONTENT if good else noise(len(CONTENT), "damaged")
    video = Video(content, etag=None, headers=CHECKSUMS[name], ranges=name not in ("content-md5", "crc32"))
    server.videos["/week 1/Größe.mp4"] = video
    if good:
        assert CONTENT == fetched(job, config)[0]
        return
    for _ in range(2):
        with pytest.raises(SourceError, match=r"arrived damaged"):
            fetched(job, config)


REFUSED = {
    401: "does not let this program read {address} (status 401): check the address, its signature or its login.",
    403: "does not let this program read {address} (status 403): check the address, its signature or its login.",
    404: "There is no file at {address} (status 404): check the address.",
    410: "There is no file at {address} (status 410): check the address.",
    503: "is busy or has a problem with {address} (status 503): start again later, what has been fetched is kept.",
    418: "did not give {address} (status 418): give the address of the file itself.",
}


@pytest.mark.parametrize("status", REFUSED)
def test_a_refusal_is_one_sentence(job, server, config, quick, status):
    """It names the address without what is secret in it."""
    server.faults += [Fault(status=status)] * 2
    with pytest.raises(SourceError) as refused:
        look(job, config)
    assert REFUSED[status].format(address=job.address) in str(refused.value)
    assert "secret" not in str(refused.value)


def test_an_expired_signature_is_said(job, server, config, quick):
    """S3's own words for it."""
    said = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
    server.faults += [Fault(status=403, body=said)]
    with pytest.raises(SourceError, match=r"The signed address of .* has expired: get a new one and start again"):
        look(job, config)


def test_a_web_page_is_no_video(job, server, config):
    """A login page says 200 to everything."""
    server.videos["/week 1/Größe.mp4"] = Video(b"<html>", kind="text/html; charset=utf-8")
    with pytest.raises(SourceError, match=r"is a web page, not a video: give the address of the file itself"):
        look(job, config)


@pytest.mark.parametrize("ranges", [True, False])
def test_an_empty_file_is_said(job, server, config, quick, ranges):
    """Whether the server gives ranges or not."""
    server.videos["/week 1/Größe.mp4"] = Video(b"", ranges=ranges)
    with pytest.raises(SourceError, match=r"Größe|Gr%C3%B6%C3%9Fe\.mp4 is empty"):
        look(job, config)


def test_nobody_there_is_said_at_once(server, config, job_of, quick):
    """Before a job begins nobody waits for the network to come back."""
    gone = job_of("http://127.0.0.1:9/lesson.mp4?secret")
    with pytest.raises(SourceError, match=r"Cannot connect to http://127.0.0.1:9 for http://127.0.0.1:9/lesson.mp4:"):
        look(gone, config)


def test_a_signature_that_was_not_kept_is_asked_for_again(job, config):
    """A job that was read from a queue has the address alone."""
    kept = replace(job, address=job.address.without_secrets())
    with pytest.raises(SourceError, match=r"was signed or had a login, which are not kept: give the whole address"):
        look(kept, config)


class TestRedirects:
    """Followed for sources, without what is meant for another server."""

    def test_a_redirect_is_followed_without_the_login(self, server, config, job_of):
        """The login goes to the server alone that it was given for."""
        from source_server import running_source_server

        with running_source_server() as other:
            other.videos["/real.mp4"] = Video(CONTENT)
            server.faults += [Fault(status=302, headers={"Location": f"{other.url}/real.mp4?x=1"})] * 2
            job = job_of(f"{server.url.replace('//', '//me:p%40ss@')}/lesson.mp4")
            assert "lesson.mp4" == look(job, config).source.name
        basic = base64.b64encode(b"me:p@ss").decode()
        assert {f"Basic {basic}"} == {one.headers.get("authorization") for one in server.asked}
        assert {None} == {one.headers.get("authorization") for one in other.asked}

    def test_circles_end(self, server, config, job_of, quick):
        """After ten turns."""
        server.faults += [Fault(status=302, headers={"Location": "/lesson.mp4"})] * 40
        with pytest.raises(SourceError, match=r"sends the program on from .* to where it does not go"):
            look(job_of(f"{server.url}/lesson.mp4"), config)


class TestCache:
    """Where fetched sources are kept."""

    def test_the_least_recently_used_makes_room(self, server, config, job_of):
        """One that is in use stays, whatever its age."""
        config = replace(config, sources=replace(config.sources, cache_gb=8_000_000 / (1 << 30)))
        jobs = []
        for name in ("a", "b", "c"):
            server.videos[f"/{name}.mp4"] = Video(noise(3_000_000, name))
            jobs.append(job_of(f"{server.url}/{name}.mp4"))
        cache = cache_of(config)
        first, second, third = jobs
        with cache.used(first.address, CancelToken()):
            fetched(first, config)
            fetched(second, config)
            fetched(third, config)
            there = [cache.path_of(one.address).exists() for one in jobs]
        assert [True, False, True] == there

    def test_a_source_larger_than_the_cache_is_said(self, job, config):
        """Before anything of it but its ends is there."""
        config = replace(config, sources=replace(config.sources, cache_gb=0.001))
        with pytest.raises(
            SourceError, match=r"has 0.0 GB or more, and SOURCE_CACHE_GB allows 0.0 GB: raise it, or copy"
        ):
            fetched(job, config)

    def test_a_source_of_unknown_size_ends_there_too(self, job, server, config):
        """A server that does not say how much it sends may never end."""
        server.videos["/week 1/Größe.mp4"] = Video(CONTENT, ranges=False, length=False)
        config = replace(config, sources=replace(config.sources, cache_gb=0.001))
        with pytest.raises(SourceError, match=r"SOURCE_CACHE_GB allows 0\.0 GB: raise it, or copy"):
            fetched(job, config)

    def test_a_disk_without_room_is_said(self, job, config, monkeypatch):
        """Before it is full."""
        monkeypatch.setattr("pipeline.sources.cache.SPARE_BYTES", 1 << 62)
        with pytest.raises(SourceError, match=r"free some space and start again; what has been fetched is kept"):
            fetched(job, config)

    def test_a_cache_that_cannot_be_written_is_said(self, job, config, tmp_path):
        """A file stands where the folder should be."""
        (tmp_path / "cache").write_text("")
        with pytest.raises(SourceError, match="Videos from elsewhere can't be kept in"):
            look(job, config)

    def test_two_jobs_of_one_source_fetch_it_once(self, job, server, config):
        """The second waits for the first, and finds it whole."""
        results = []
        threads = [threading.Thread(target=lambda: results.append(fetched(job, config)[1])) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert 0 == min(results)
        assert max(results) >= len(CONTENT) - MIB

    def test_what_was_kept_in_another_form_is_fetched_anew(self, job, config):
        """A note of a newer version, or none that can be read, counts for nothing."""
        fetched(job, config)
        note = cache_of(config).path_of(job.address).parent / "fetch.json"
        for text in ("{", '{"schema": 99}', note.read_text().replace('"schema": 1', '"schema": 2')):
            note.write_text(text)
            assert (CONTENT, len(CONTENT) - MIB) == fetched(job, config)


def test_an_address_of_the_backend_needs_one(config, job_of):
    """Without BACKEND_URL nobody can be asked."""
    with pytest.raises(SettingsError, match=r"is read through the backend: set BACKEND_URL and AUTH_TOKEN") as raised:
        look(job_of("backend:sources/1/a.mp4"), config)
    assert [Setting.BACKEND_URL] == [problem.setting for problem in raised.value.problems]


def test_names_are_those_of_a_file(server, config, job_of):
    """A very long one, one with signs that Windows refuses, and one without an ending."""
    for name in ("x" * 300 + ".mp4", "a%3Ab%2Fc%3F.mp4", "download"):
        address = parse_address(f"{server.url}/{name}")
        path = f"/{'x' * 300}.mp4" if name.startswith("x") else "/a:b/c?.mp4" if "%" in name else "/download"
        server.videos[path] = Video(CONTENT)
        assert address.file_name == look(job_of(str(address)), config).source.name
