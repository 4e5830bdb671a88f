"""The program against a real S3 server, by way of the reference backend:
nobody in between who is kinder than a store.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
import requests
from json_events import events
from program import command, start

from backend.access.signing import PRIVATE
from backend.server import RunningBackend, serve_in_thread
from backend.settings import BackendSettings
from config import Config
from pipeline.transfer.http.content_types import content_type
from pipeline.transfer.manifests.placement import version_folder_in
from s3_uploader import S3UploadManager
from storage import MIN_PART_BYTES, S3Settings
from storage.s3 import S3StorageBackend

TOKEN = "a-token-that-only-tests-know"
PREFIX = "videos/lesson-one/"
LARGE_BYTES = 5 * MIN_PART_BYTES + 77
LARGE_PARTS = 6
CONTENT = {
    "master.m3u8": b"#EXTM3U\n480p/index.m3u8\n",
    "480p/index.m3u8": b"#EXTM3U\n",
    "480p/seg_001.ts": os.urandom(300_000),
    "480p/seg_002.ts": os.urandom(10),
    "480p/seg_003.m4s": b"m4s",
    "odd/a b.ts": b"space",
    "odd/ü ñ 漢字.ts": b"unicode",
    "odd/+ & # %.ts": b"signs",
    "odd/100%25;x=y?.ts": b"escaped",
    "transcript.srt": b"",
    "transcript.json": b"[]",
    "subtitles.vtt": b"WEBVTT\n",
    "poster.jpg": b"\xff\xd8",
}
LARGE = {"offline_480p.mp4": os.urandom(LARGE_BYTES)}
STORED_WHOLE = re.compile(r"PUT (videos/\S+) \(.* -> 200 ")
PART_STORED = re.compile(r"PUT part (\d+) of .* -> 200 ")


class Bucket:
    """What is in a place of the bucket, read past the backend."""

    def __init__(self, settings: S3Settings) -> None:
        self.name, self._top = settings.bucket, f"{settings.prefix}/"
        self.client = boto3.client(
            "s3",
            endpoint_url=settings.endpoint_url,
            region_name=settings.region,
            aws_access_key_id=settings.access_key_id,
            aws_secret_access_key=settings.secret_access_key,
        )

    def key(self, name: str) -> str:
        """Return the key of a file."""
        return f"{self._top}{PREFIX}{name}"

    def names(self, prefix: str = PREFIX) -> set[str]:
        """Return what is stored under a prefix, by name."""
        top = self._top + prefix
        listed = self.client.list_objects_v2(Bucket=self.name, Prefix=top)
        return {entry["Key"].removeprefix(top) for entry in listed.get("Contents", [])}

    def objects(self) -> dict[str, tuple[bytes, str]]:
        """Return what is stored, with its Content-Type, but for the manifest."""
        found = {}
        for name in self.names() - {"manifest.json"}:
            got = self.client.get_object(Bucket=self.name, Key=self.key(name))
            found[name] = (got["Body"].read(), got["ContentType"])
        return found

    def etag(self, name: str) -> str:
        """Return an object's entity tag, which tells of how many parts it was made."""
        return self.client.head_object(Bucket=self.name, Key=self.key(name))["ETag"].strip('"')

    def parts(self) -> set[int]:
        """Return the numbers of the parts of all objects that are not complete."""
        begun = self.client.list_multipart_uploads(Bucket=self.name, Prefix=self._top).get("Uploads", [])
        of = [
            self.client.list_parts(Bucket=self.name, Key=one["Key"], UploadId=one["UploadId"]).get("Parts", [])
            for one in begun
        ]
        return {part["PartNumber"] for parts in of for part in parts}


def as_stored(files: dict[str, bytes]) -> dict[str, tuple[bytes, str]]:
    """Return what files should have become on the server."""
    return {name: (content, content_type(name)) for name, content in files.items()}


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files into a folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def bucket(s3_settings: S3Settings) -> Iterator[Bucket]:
    """The place of the bucket that this test has."""
    opened = Bucket(s3_settings)
    yield opened
    opened.client.close()


@pytest.fixture
def limits(request) -> dict[str, int]:
    """What is narrower at this test's backend than usual."""
    return getattr(request, "param", {})


@pytest.fixture
def backend(s3_settings: S3Settings, tmp_path: Path, monkeypatch, limits) -> Iterator[RunningBackend]:
    """A backend over the bucket that advises the smallest parts a store takes,
    so that a file of 25 MB is a large one.
    """
    monkeypatch.setattr("backend.routes.catalogue.PART_BYTES", MIN_PART_BYTES)
    settings = BackendSettings.from_config(Config(), root=tmp_path / "backend", token=TOKEN)
    storage = replace(s3_settings, max_size_bytes=limits.get("quota_bytes"), state=settings.root / PRIVATE)
    with serve_in_thread(replace(settings, storage=storage)) as running:
        yield running


@pytest.fixture
def environment(backend: RunningBackend, tmp_path: Path) -> dict[str, str]:
    """The environment of an editor whose .env names that backend; the data folder is this test's own."""
    return {**os.environ, "BACKEND_URL": backend.url, "AUTH_TOKEN": TOKEN, "XDG_DATA_HOME": str(tmp_path / "data")}


def logged(folder: Path) -> str:
    """Return the logs of all uploads of a folder."""
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("upload_log_*.txt")))


def test_whole_life_of_a_stream(tmp_path, backend, bucket, run):
    """Uploaded byte for byte, verified, played although private, replaced beside the old one, pruned and restored."""
    first = {**CONTENT, **LARGE}
    folder = fill(tmp_path / "lesson one", first)
    uploaded = run("upload", folder, PREFIX)
    assert (0, "") == (uploaded.returncode, uploaded.stderr)
    assert as_stored(first) == bucket.objects()
    assert (f"-{LARGE_PARTS}", set()) == (bucket.etag("offline_480p.mp4")[32:], bucket.parts())
    verified = run("verify", folder, "--deep")
    assert (0, True) == (verified.returncode, verified.stdout.startswith("No difference found: of 14 files"))

    address = f"{backend.url}/objects/{PREFIX}offline_480p.mp4"
    around = MIN_PART_BYTES - 2
    part = requests.get(address, headers={"Range": f"bytes={around}-{around + 3}"}, timeout=60)
    assert (206, LARGE["offline_480p.mp4"][around : around + 4]) == (part.status_code, part.content)
    assert ("video/mp4", f"bytes {around}-{around + 3}/{LARGE_BYTES}") == (
        part.headers["Content-Type"],
        part.headers["Content-Range"],
    )

    second = {
        **first,
        "480p/seg_001.ts": b"another",
        "poster.jpg": b"another poster",
        "master.m3u8": b"#EXTM3U\n# another\n480p/index.m3u8\n",
    }
    fill(folder, second)
    replaced = run("upload", folder, PREFIX, "--resume")
    assert (0, "") == (replaced.returncode, replaced.stderr)
    both = bucket.objects()
    alone = {name: content for name, content in second.items() if "/" not in name and name != "master.m3u8"}
    place = version_folder_in(both["master.m3u8"][0])
    moved = {f"{place}{name}": content for name, content in second.items() if "/" in name}
    master = second["master.m3u8"].replace(b"480p/index", f"{place}480p/index".encode())
    old = {name: content for name, content in first.items() if "/" in name}
    assert as_stored({**old, **moved, **alone, "master.m3u8": master}) == both
    dry = run("manifest", "prune", folder)
    assert (0, set(both)) == (dry.returncode, bucket.names() - {"manifest.json"})
    pruned = run("manifest", "prune", folder, "--yes")
    assert (0, f"{len(old)} files deleted.") == (pruned.returncode, pruned.stdout.splitlines()[-1])
    assert {**moved, **alone, "master.m3u8": master}.keys() | {"manifest.json"} == bucket.names()

    restored = run("manifest", "restore", PREFIX, "-o", tmp_path / "back")
    assert (0, "") == (restored.returncode, restored.stderr)
    here = tmp_path / "back"
    found = {path.relative_to(here).as_posix(): path.read_bytes() for path in here.rglob("*") if path.is_file()}
    assert second == {name: content for name, content in found.items() if name != "manifest.json"}
    assert 0 == run("verify", folder, "--deep").returncode


def test_large_file_goes_on_after_a_kill(tmp_path, environment, bucket, run):
    """kill -9 in the middle of a large file: only the parts that the store does not have are sent by the next run."""
    files = {**LARGE, "master.m3u8": b"#EXTM3U\n"}
    folder = fill(tmp_path / "lesson", files)
    process = start(command("upload", folder, PREFIX, "--json", "--parallel", "2", "--limit-rate", "1M"), environment)
    for line in process.stdout:
        if any(event.get("bytes_done", 0) > 3 * MIN_PART_BYTES for event in events(line)):
            process.kill()
            break
    process.communicate(timeout=300)
    before, stored = logged(folder), bucket.parts()
    assert (-signal.SIGKILL, {"manifest.json"}) == (process.returncode, bucket.names())  # which says that it has begun
    assert 0 < len(stored) < LARGE_PARTS
    resumed = run("upload", folder, PREFIX, "--resume", "--json")
    again = {int(number) for number in PART_STORED.findall(logged(folder).removeprefix(before))}
    assert (0, set(range(1, LARGE_PARTS + 1)) - stored) == (resumed.returncode, again)
    assert (as_stored(files), set()) == (bucket.objects(), bucket.parts())


def test_another_computer_does_not_send_what_is_there(tmp_path, environment, bucket, run):
    """Also what went in parts, whose MD5 no store knows: the manifest on the server has it."""
    files = {**LARGE, "seg_1.ts": b"1", "master.m3u8": b"#EXTM3U\n"}
    assert 0 == run("upload", fill(tmp_path / "here" / "lesson", files), PREFIX).returncode
    there = fill(tmp_path / "there" / "lesson", {**files, "seg_2.ts": b"2"})
    elsewhere = {**environment, "XDG_DATA_HOME": str(tmp_path / "another")}
    # without job and manifest it would be another stream
    shutil.copy(tmp_path / "here" / "lesson" / "manifest.json", there)
    process = start(command("upload", there, PREFIX), elsewhere)
    assert (0, "") == (process.wait(timeout=300), process.communicate()[1])
    assert {f"{PREFIX}{name}" for name in ("seg_2.ts", "master.m3u8", "manifest.json")} == set(
        STORED_WHOLE.findall(logged(there))
    )
    assert [] == PART_STORED.findall(logged(there))


@pytest.fixture
def short_life(monkeypatch) -> None:
    """The first URL of seg_2.ts is good for a second; all others last."""
    sign, signed = S3StorageBackend.get_presigned_url, []

    async def sign_for(storage, path, access, *, expires_s, **more):
        signed.append(path)
        is_first = path.endswith("seg_2.ts") and signed.count(path) == 1
        return await sign(storage, path, access, expires_s=1 if is_first else expires_s, **more)

    monkeypatch.setattr(S3StorageBackend, "get_presigned_url", sign_for)


@pytest.mark.usefixtures("short_life")
def test_url_that_expires_while_the_file_before_is_sent(tmp_path, bucket, run):
    """The store's refusal is understood: another URL is asked for, and no try is lost."""
    files = {"seg_1.ts": os.urandom(2_800_000), "seg_2.ts": b"2", "seg_3.ts": b"3", "master.m3u8": b"#EXTM3U\n"}
    folder = fill(tmp_path / "lesson", files)
    done = run("upload", folder, PREFIX, "--parallel", "1", "--limit-rate", "350K")
    log = logged(folder)
    assert (0, "") == (done.returncode, done.stderr)
    assert 1 == log.count("the URL had waited and may have expired, asking for a new one")
    assert "trying again" not in log
    assert as_stored(files) == bucket.objects()


@pytest.mark.parametrize("limits", [{"quota_bytes": 100_000}], indirect=True, ids=["100 KB"])
def test_full_storage_is_the_administrators(tmp_path, bucket, run):
    """What does not fit is refused before it is sent, and nothing is published."""
    folder = fill(
        tmp_path / "lesson", {"seg_1.ts": bytes(60_000), "seg_2.ts": bytes(60_000), "master.m3u8": b"#EXTM3U\n"}
    )
    done = run("upload", folder, PREFIX, "--json")
    said = events(done.stdout)[-1]["error"]
    assert (1, True) == (done.returncode, "S3 storage quota exceeded. Contact administrator." in done.stderr)
    assert "S3 storage quota exceeded. Contact administrator." in said
    assert "master.m3u8" not in bucket.names()
    assert json.loads((folder / ".upload_state.json").read_text())["files"]["master.m3u8"]["status"] == "pending"


def test_a_script_goes_on_from_its_saved_state_alone(tmp_path, backend, bucket, monkeypatch):
    """Journal, manifest and library lost: what the store shows to have is not sent again, the file in parts neither."""
    monkeypatch.setenv("BACKEND_URL", backend.url)
    monkeypatch.setenv("AUTH_TOKEN", TOKEN)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = fill(tmp_path / "lesson", {**CONTENT, **LARGE})
    manager = S3UploadManager()
    assert manager.upload_directory(folder, PREFIX)[0]
    assert manager.save_upload_state(tmp_path / "state.json")
    shutil.rmtree(tmp_path / "data")
    for path in (*folder.glob(".upload_*"), *folder.glob("upload_log_*"), folder / "manifest.json"):
        path.unlink()
    bucket.client.delete_object(Bucket=bucket.name, Key=bucket.key("480p/seg_001.ts"))
    bucket.client.delete_object(Bucket=bucket.name, Key=bucket.key("manifest.json"))
    other = S3UploadManager()
    assert other.load_upload_state(tmp_path / "state.json")
    ok, keys, error = other.upload_directory(folder, PREFIX)
    assert (True, set(CONTENT) | set(LARGE), "") == (ok, set(keys), error)
    assert as_stored({**CONTENT, **LARGE}) == bucket.objects()
    assert {PREFIX + name for name in ("480p/seg_001.ts", "master.m3u8", "manifest.json")} == set(
        STORED_WHOLE.findall(logged(folder))
    )
    assert [] == PART_STORED.findall(logged(folder))
