"""Videos that only this machine has are sent before their jobs go into a queue."""

from __future__ import annotations

import uuid

import pytest
from store_server import TOKEN, Fault, running_server

from config import BackendApi, Config
from pipeline.cancel import CancelToken
from pipeline.errors import SourceError
from pipeline.job import Job, UploadRequest
from pipeline.sources import local_sources
from pipeline.sources.local_sources import send_sources, with_addresses


def config_for(server, folder) -> Config:
    """Return the settings of a machine whose backend gives files to others."""
    server.capabilities = {"read": True}
    return Config(backend=BackendApi(url=server.url, token=TOKEN), data_dir=folder / "data")


def job_of(source) -> Job:
    """Return a job of a video."""
    return Job(
        source=source, output_dir=source.parent / "out", slug=source.stem, upload=UploadRequest(prefix="videos/one/")
    )


def test_a_video_that_is_being_deleted_is_sent_when_it_is_gone(tmp_path, monkeypatch):
    """What was there for an earlier job, and is about to go, is not taken for sent."""
    monkeypatch.setattr(local_sources, "LOOK_S", 0.01)
    source = tmp_path / "one.mp4"
    source.write_bytes(b"video")
    with running_server() as server:
        config = config_for(server, tmp_path)
        (job,) = with_addresses([job_of(source)], config, "queue")
        key, asked = job.address.text.removeprefix("backend:"), []
        server.stored[key] = b"video"

        def hold(file, job_id):
            asked.append((file, job_id))
            if len(asked) == 3:
                del server.stored[key]
            return len(asked) == 3

        id_ = uuid.uuid4()
        send_sources({id_: job}, config, "queue", hold, lambda _event: None, CancelToken())
        assert ([(key, id_)] * 3, b"video") == (asked, server.stored[key])


@pytest.mark.parametrize(
    ("size_bytes", "said"),
    [(5, "5 bytes of 5 bytes."), (150_000, "146.5 KB of 146.5 KB."), (2 << 20, "2.0 MB of 2.0 MB.")],
)
def test_how_much_is_sent_is_said_of_small_videos_too(tmp_path, size_bytes, said):
    """In a unit of which there is at least one."""
    source, lines = tmp_path / "one.mp4", []
    source.write_bytes(b"v" * size_bytes)
    with running_server() as server:
        config = config_for(server, tmp_path)
        (job,) = with_addresses([job_of(source)], config, "queue")
        send_sources({uuid.uuid4(): job}, config, "queue", lambda *_: True, lines.append, CancelToken())
    assert f"Sending one.mp4 to where other machines can read it: {said}" == lines[-1].text


def test_a_video_that_changes_before_it_is_sent_is_said(tmp_path):
    """While others were sent: its job would name what was never there. Nothing of it is sent, but the others are."""
    videos = [tmp_path / name for name in ("one.mp4", "two.mp4", "three.mp4")]
    for video in videos:
        video.write_bytes(b"video")
    with running_server() as server:
        config = config_for(server, tmp_path)
        jobs = {uuid.uuid4(): job for job in with_addresses([job_of(video) for video in videos], config, "queue")}

        def hold(_file, _job_id):
            videos[1].write_bytes(b"a longer video")
            return True

        first, second, third = jobs
        failed = send_sources(jobs, config, "queue", hold, lambda _event: None, CancelToken())
        text = f"{videos[1]} changed before it was sent: wait until it is complete, and start again."
        assert {second: text} == {id_: str(error) for id_, error in failed.items()}
        sent = [jobs[id_].address.text.removeprefix("backend:") for id_ in (first, third)]
        assert sent == list(server.stored)


def test_a_video_that_cant_be_read_gets_no_address(tmp_path):
    """The others do."""
    (tmp_path / "two.mp4").write_bytes(b"video")
    jobs = [job_of(tmp_path / name) for name in ("one.mp4", "two.mp4")]
    error, job = with_addresses(jobs, Config(), "queue")
    assert (SourceError, "backend:sources/queue/") == (type(error), job.address.text[:22])


def test_a_video_that_is_not_taken_holds_up_no_other(tmp_path):
    """A server that takes no file of its size says so of this one; the others are sent."""
    videos = [tmp_path / name for name in ("one.mp4", "large.mp4", "three.mp4")]
    for video in videos:
        video.write_bytes(video.name.encode())
    with running_server() as server:
        config = config_for(server, tmp_path)
        jobs = {uuid.uuid4(): job for job in with_addresses([job_of(video) for video in videos], config, "queue")}
        first, large, third = ((id_, job.address.text.removeprefix("backend:")) for id_, job in jobs.items())
        server.faults[large[1]].append(Fault(status=413))
        failed = send_sources(jobs, config, "queue", lambda *_: True, lambda _event: None, CancelToken())
        assert [large[0]] == list(failed)
        assert str(failed[large[0]]).startswith(f"{videos[1]} could not be sent to the backend's store.")
        assert [first[1], third[1]] == list(server.stored)
