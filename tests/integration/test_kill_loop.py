"""Uploads that are killed again and again, at random moments, against the real backend.

UPLOAD_KILLS=200 makes the loop longer.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from program import ROOT

from pipeline.transfer.http.control import PARALLEL
from pipeline.transfer.manifests.manifest_library import library
from pipeline.transfer.manifests.manifest_text import parse_manifest
from pipeline.transfer.manifests.placement import version_folder_in
from pipeline.transfer.upload.journal import UploadDestination, read_journal
from storage import LocalStorageBackend

KILLS = int(os.environ.get("UPLOAD_KILLS", "6"))
SEED = 93
"""Begins with one kill at each moment, and another when the store has some of the parts."""

PREFIX = "tests/kill-loop/"
LARGE = "offline_480p.mp4"
MANIFEST = "manifest.json"
PARTS = 5
MOMENTS = {"preparing": 18, "parts": PARTS, "joining": 400, "files": 300, "finishing": 14}
"""When an upload is killed, and how many steps there are to choose from.

Before the first PUT and while the manifests are written, a step is a file that is opened or renamed, or a request. In
between it is a PUT, of a part of the large file or of a whole file; while the server joins the parts, a millisecond.
"""

CHILD = """
import os, sys, threading
from itertools import count
from pathlib import Path
from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.job import Existing, UploadRequest
from pipeline.phases.upload import send
from pipeline.transfer.upload.uploader import Uploader

url, token, folder, data, prefix, killed_while, killed_at = sys.argv[1:]
moment, steps = "starting", count()
CALLS = {"open", "os.rename", "os.remove", "os.truncate"}


def stop():
    os.write(1, b"now\\n")
    threading.Event().wait()  # the other threads go on until the kill comes


def step(now):
    if now == killed_while and next(steps) == int(killed_at):
        stop()


def look(call, arguments):
    global moment
    request = call == "http.client.send"
    line = bytes(arguments[1][:500]).partition(b"\\r")[0] if request else b""
    if line.startswith(b"POST /api/s3/multipart/complete ") and killed_while == "joining":
        threading.Timer(int(killed_at) / 1000, stop).start()  # the end waits for it
    if line.startswith(b"PUT ") and moment in ("preparing", "sending"):
        moment = "sending"
        step("parts" if b"partNumber=" in line else "files")
    elif moment != "sending" and (request or call in CALLS and str(arguments[0]).startswith((folder, data))):
        step(moment)


def report(progress):
    global moment
    if progress.transfer.files_done == progress.transfer.files_total:
        moment = "finishing"


sys.addaudithook(look)
uploader = Uploader(BackendApi(url=url, token=token), session_id=None)
request, quiet = UploadRequest(prefix=prefix, replace=True), lambda text, level: None
moment = "preparing"
send(uploader, request, Path(folder), Existing.RESUME, Path(data), report, quiet, CancelToken())
for timer in threading.enumerate():
    if isinstance(timer, threading.Timer):
        timer.join()
print("complete")
"""
STORED = re.compile(r"PUT ((?:part \d+ of )?)(\S+) \(.* -> 200 ")


def make_folder(place: Path, chance: random.Random) -> dict[str, bytes]:
    """Fill a folder with segments of all sizes, playlists and a master; return what it holds."""
    made = {
        f"720p/seg_{number:03}.ts": chance.randbytes(chance.choice((0, 10, 5_000, 200_000))) for number in range(300)
    }
    made |= {
        LARGE: chance.randbytes((PARTS << 24) - 1),
        "720p/index.m3u8": b"#EXTM3U\n",
        "master.m3u8": b"#EXTM3U\n720p/index.m3u8\n",
    }
    (place / "720p").mkdir(parents=True)
    for name, content in made.items():
        (place / name).write_bytes(content)
    return made


def stored_in(backend, prefix: str) -> dict[str, bytes]:
    """Return what the backend has, by name."""

    async def read() -> dict[str, bytes]:
        storage = LocalStorageBackend(backend.settings.root)
        return {key.removeprefix(prefix): await storage.load(key) for key in await storage.list_files(prefix)}

    return asyncio.run(read())


def run_child(backend, folder: Path, data: Path, prefix: str, moment: str, step: int) -> str:
    """Upload in another process and kill it at a step of a moment, if it comes there; return the last it said."""
    arguments = [backend.url, backend.settings.token, str(folder), str(data), prefix, moment, str(step)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    said = child.stdout.readline().strip()
    if said == "now":
        child.kill()
    child.communicate(timeout=300)
    return said


def sent_again(log_lines: set[str], prefix: str, *, parts: bool) -> int:
    """Return how often a part, or a whole file, was stored once more."""
    found = [
        match.groups() for line in log_lines if (match := STORED.search(line)) and match.group(2).startswith(prefix)
    ]
    times = Counter(part + key for part, key in found if bool(part) == parts)
    return times.total() - len(times)


def test_killed_uploads_end_whole(tmp_path, backend):
    """The server has exactly the files; nothing is confirmed that is not there, nothing published early,
    little sent twice.

    The manifests name every file in the end, and are whole whenever they are there.
    """
    chance = random.Random(SEED)
    folder, data = tmp_path / "stream", tmp_path / "data"
    made = make_folder(folder, random.Random(KILLS))
    killed: Counter[str] = Counter()
    rounds = 0
    coming: list[str] = []
    while killed.total() < KILLS:
        rounds += 1
        prefix, kills = f"{PREFIX}{rounds}/", 0
        log_lines: set[str] = set()
        said = "now"
        while said == "now":
            coming = coming or chance.sample(list(MOMENTS), len(MOMENTS))
            moment = coming[-1] if killed.total() < KILLS else "never"
            said = run_child(backend, folder, data, prefix, moment, chance.randrange(MOMENTS.get(moment, 1)))
            if said == "now":
                killed[coming.pop()] += 1
                kills += 1
            log_lines |= {line for log in folder.glob("upload_log_*") for line in log.read_text().splitlines()}
            there, content = (
                stored_in(backend, prefix),
                read_journal(folder, UploadDestination(backend_url=backend.url, prefix=prefix)),
            )
            written = [json.loads(there.pop(name)) for name in [MANIFEST] if name in there]
            manifests = [manifest for manifest in written if manifest["files"]]  # one without says: this has begun
            assert not content.corrupt
            assert {name: made[name] for name in content.confirmed} == {
                name: there.get(name) for name in content.confirmed
            }
            assert made == there or ("master.m3u8" not in there and not manifests)
            assert [len(made)] * len(manifests) == [manifest["total_files"] for manifest in manifests]
        assert ("complete", made, 1) == (said, there, len(manifests))
        copies = [parse_manifest((folder / MANIFEST).read_bytes()), *(found.manifest for found in library(data)[0])]
        assert [sorted(made)] * 2 == [
            sorted(file.filename for file in copy.files) for copy in copies if copy.prefix == prefix
        ]
        assert 0 == sent_again(log_lines, prefix, parts=True)
        assert sent_again(log_lines, prefix, parts=False) <= kills * PARALLEL
        for log in folder.glob("upload_log_*"):
            log.unlink()
    assert set(MOMENTS) == set(killed)


STANDS_ALONE = [f"{name}.vtt" for name in ("subtitles", "thumbnails", "chapters")]


def make_small(place: Path, words: str) -> dict[str, bytes]:
    """Fill a folder with a stream and what stands alone beside it, every file of these words; return what it holds."""
    made = {
        name: f"{words} {name}".encode()
        for name in (*(f"720p/seg_{number:03}.ts" for number in range(8)), *STANDS_ALONE)
    }
    made |= {
        "720p/index.m3u8": f"#EXTM3U\n# {words}\n".encode(),
        "master.m3u8": f"#EXTM3U\n# {words}\n720p/index.m3u8\n".encode(),
    }
    (place / "720p").mkdir(parents=True)
    for name, content in made.items():
        (place / name).write_bytes(content)
    return made


def test_a_killed_upload_that_replaces_another_leaves_one_stream_whole(tmp_path, backend):
    """Killed with the master on its way, and while what stands alone is replaced: the next run goes on,
    and ends with all of the new.
    """
    prefix, data = f"{PREFIX}replaced/", tmp_path / "data"
    old, new = (make_small(tmp_path / name, name) for name in ("old", "new"))
    assert "complete" == run_child(backend, tmp_path / "old", data, prefix, "never", 0)
    switched = []
    for step in (len(new) - len(STANDS_ALONE) - 1, 2):
        assert "now" == run_child(backend, tmp_path / "new", data, prefix, "files", step)
        there = stored_in(backend, prefix)
        place = version_folder_in(there["master.m3u8"])
        switched.append(bool(place))
        played = new if switched[-1] else old
        assert {name: content for name, content in played.items() if "/" in name} == {
            name.removeprefix(place): content for name, content in there.items() if name.startswith(f"{place}720p/")
        }
        assert switched[-1] or all(old[name] == there[name] for name in STANDS_ALONE)
    assert "complete" == run_child(backend, tmp_path / "new", data, prefix, "never", 0)
    there = stored_in(backend, prefix)
    assert ([False, True], {name: new[name] for name in STANDS_ALONE}) == (
        switched,
        {name: there[name] for name in STANDS_ALONE},
    )
