"""Streams whose videos are gone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.facts import Facts
from pipeline.fingerprint import Fingerprint, fingerprint
from pipeline.job import Job
from pipeline.job_file import JobFile, write_job_file
from pipeline.relocation import relocate
from pipeline.transfer.manifests.manifest import FileEntry, Manifest
from pipeline.transfer.manifests.manifest_library import FoundManifest
from pipeline.transfer.manifests.orphans import orphans
from pipeline.transfer.manifests.ownership import SourceContent

URL = "https://a.example"


@pytest.fixture
def inbox(tmp_path) -> Path:
    """Where the videos lie; one of them stays."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "kept.mp4").touch()
    return tmp_path / "inbox"


@pytest.fixture
def stream(tmp_path):
    """A function that returns what the library knows of a stream; its own folder is there unless it is not wanted."""

    def known(
        name: str,
        source: Path | None,
        *,
        content: str = "",
        synced: str = "2026-01-01",
        folder: bool = True,
        md5: str | None = None,
    ) -> FoundManifest:
        place = tmp_path / "out" / name
        if folder:
            place.mkdir(parents=True)
        digest = (content or name).ljust(64, "0")
        entry = FileEntry(
            filename="720p/seg_001.ts",
            s3_key=f"videos/{name}/720p/seg_001.ts",
            s3_url="",
            size_bytes=1,
            md5_hash=md5,
            etag=None,
            content_type="video/mp2t",
            uploaded_at=synced,
            last_modified=synced,
            local_path=str(place / "720p" / "seg_001.ts"),
        )
        manifest = Manifest(
            title=name,
            backend_url=URL,
            bucket=None,
            prefix=f"videos/{name}/",
            created_at=synced,
            last_synced=synced,
            files=(entry,),
            source=None if source is None else SourceContent(size_bytes=1, sha256_head_tail=digest, path=str(source)),
        )
        return FoundManifest(manifest=manifest, path=tmp_path / f"{name}.json", folder=None)

    return known


def _said(*known: FoundManifest) -> list[tuple[str, str, bool]]:
    return [(orphan.manifest.title, orphan.reason, orphan.certain) for orphan in orphans(known)]


def test_a_video_that_is_there_has_no_orphan(inbox, stream):
    """Nor has one that nobody knows by its path."""
    assert [] == _said(stream("kept", inbox / "kept.mp4"), stream("unknown", None))


def test_a_deleted_video(inbox, stream):
    """Others lie beside it still, so that it is not the drive that is gone."""
    gone = inbox / "gone.mp4"
    assert [("gone", f"{gone} is not there any more.", True)] == _said(stream("gone", gone))


@pytest.mark.parametrize("folder", ["empty", "missing/week1"])
def test_a_drive_may_not_be_connected(inbox, stream, folder):
    """An empty folder is what such a drive leaves: nothing is certain then."""
    (inbox / "empty").mkdir()
    (inbox / "empty" / ".keep").touch()
    gone = inbox / folder / "gone.mp4"
    reason = f"{gone} is not there, and nothing else is in its folder: perhaps a drive is not connected."
    assert [("gone", reason, False)] == _said(stream("gone", gone))
    left, copy = stream("left", gone, content="a"), stream("kept", inbox / "kept.mp4", content="a", synced="2026-02-01")
    assert [("left", reason, False)] == _said(left, copy)


def test_a_renamed_video(inbox, stream):
    """It is known by its content, under whatever name and wherever it was published since;
    at another backend it is not.
    """
    old, new = (
        stream("old", inbox / "old.mp4", content="a"),
        stream("kept", inbox / "kept.mp4", content="a", synced="2026-02-01"),
    )
    reason = f"{inbox / 'old.mp4'} is called {inbox / 'kept.mp4'} now, and published at videos/kept/."
    assert [("old", reason, True)] == _said(old, new)
    elsewhere = replace(new, manifest=replace(new.manifest, backend_url="https://b.example"))
    assert [("old", f"{inbox / 'old.mp4'} is not there any more.", True)] == _said(old, elsewhere)


def test_a_video_with_another_place_since(inbox, stream):
    """The older destination is left over when its own folder is gone too;
    two destinations on purpose have a folder each.
    """
    kept = inbox / "kept.mp4"
    old, new = (
        stream("lecture", kept, content="a", folder=False),
        stream("week1/lecture", kept, content="a", synced="2026-02-01"),
    )
    assert [("lecture", f"{kept} is published at videos/week1/lecture/ now.", True)] == _said(old, new)
    again = stream("other", kept, content="a")
    assert [] == _said(again, new)


@pytest.mark.parametrize(
    ("old", "new"), [("a/x", "x"), ("x", "deep/x"), ("a/old", "b/kept")], ids=["up", "down", "renamed"]
)
def test_a_stream_whose_place_changed_with_the_other_videos(tmp_path, inbox, stream, old, new):
    """Its folder was taken over at the new place; what is at the old address is listed."""
    source, before = inbox / "kept.mp4", inbox / "old.mp4"
    made_of = before if old == "a/old" else source
    made_of.write_text("video")
    left = stream(old, made_of, content="a")
    write_job_file(
        tmp_path / "out" / old,
        JobFile(source_path=str(made_of), source=fingerprint(made_of), settings={}, done=Facts()),
    )
    if made_of == before:
        before.replace(source)
    assert [new] == list(relocate([Job(source=source, output_dir=tmp_path / "out", slug=new)]))
    now = stream(new, source, content="a", synced="2026-02-01", folder=False)
    published = f"published at videos/{new}/"
    said = f"is called {source} now, and {published}." if made_of == before else f"is {published} now."
    assert [(old, f"{made_of} {said}", True)] == _said(left, now)


def test_a_folder_of_an_earlier_version_that_was_taken_over(inbox, stream):
    """Its manifest knows no source: the same files are at another destination now, and its own folder is gone."""
    new = stream("week1/lecture", inbox / "kept.mp4", synced="2026-02-01", md5="a" * 32)
    old = stream("lecture", None, folder=False, md5="a" * 32)
    assert [("lecture", "The same stream is published at videos/week1/lecture/ now.", True)] == _said(old, new)
    kept = [
        stream("other", None, folder=False, md5="a" * 32),
        stream("lecture-2", None, folder=False, md5="b" * 32),
        stream("unknown", None, folder=False),
        stream("here", None, md5="a" * 32),
    ]
    assert [] == _said(new, *kept)


def test_a_folder_of_a_newer_version_is_no_orphan(inbox, stream, tmp_path):
    """This version can't tell what it was made of."""
    known = stream("lecture", None)
    (tmp_path / "out" / "lecture" / "job.json").write_text('{"schema": 99}')
    assert [] == _said(known)


def test_a_manifest_of_an_earlier_version(inbox, stream, tmp_path):
    """The job in its folder tells what it was made of."""
    known = stream("lecture", None)
    source = Fingerprint(size_bytes=1, sha256_head_tail="a" * 64)
    write_job_file(
        tmp_path / "out" / "lecture",
        JobFile(source_path=str(inbox / "gone.mp4"), source=source, settings={}, done=Facts()),
    )
    assert [("lecture", f"{inbox / 'gone.mp4'} is not there any more.", True)] == _said(known)


@pytest.mark.parametrize("address", ["https://a.example/lesson.mp4", "s3://course/lesson.mp4", "root:x/lesson.mp4"])
def test_a_video_elsewhere_is_not_looked_for(stream, address):
    """Who has it may not answer just now, and a stream is not given up for that."""
    known = stream("lesson", None)
    content = SourceContent(size_bytes=1, sha256_head_tail="ab", path=address)
    assert [] == _said(replace(known, manifest=replace(known.manifest, source=content)))
