"""Uploads that are killed again and again, at random moments, against the real backend. UPLOAD_KILLS=200 makes the loop longer."""

from __future__ import annotations

import asyncio
import os
import random
import re
import subprocess
import sys
from pathlib import Path

from program import ROOT

from pipeline.transfer.journal import Destination, read_journal
from storage import LocalStorageBackend

KILLS = int(os.environ.get("UPLOAD_KILLS", "5"))
PARALLEL = 4
PREFIX = "tests/kill-loop/"
CHILD = """
import sys
from pathlib import Path
from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.transfer.control import TransferControl
from pipeline.transfer.uploader import Uploader
url, token, folder, prefix = sys.argv[1:]
tell = lambda progress: print(progress.files_done, flush=True)
control = TransferControl(limit_bytes_s=60 << 20)
uploader = Uploader(BackendApi(url=url, token=token), session_id=None, control=control)
print(uploader.upload(Path(folder), prefix, resume=True, on_progress=tell, cancel=CancelToken()).complete)
"""
STORED = re.compile(r"PUT (\S+) .* -> 200 ")


def make_folder(place: Path, chance: random.Random) -> dict[str, bytes]:
    """Fill a folder with segments of all sizes, playlists and a master; return what it holds."""
    made = {f"720p/seg_{number:03}.ts": chance.randbytes(chance.choice((0, 10, 5_000, 200_000))) for number in range(300)}
    made |= {"offline_480p.mp4": chance.randbytes(90 << 20), "720p/index.m3u8": b"#EXTM3U\n", "master.m3u8": b"#EXTM3U\n720p/index.m3u8\n"}
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


def run_child(backend, folder: Path, prefix: str, lines: int | None) -> bool:
    """Upload in another process and kill it after so many lines of progress, None to let it end; return whether it did end."""
    arguments = [sys.executable, "-c", CHILD, backend.url, backend.settings.token, str(folder), prefix]
    child = subprocess.Popen(arguments, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True)
    said = ""
    for count, line in enumerate(child.stdout):
        said = line.strip()
        if count == lines:
            child.kill()
            break
    child.communicate(timeout=120)
    return said == "True"


def test_killed_uploads_end_whole(tmp_path, backend):
    """The server has exactly the files; nothing is confirmed that is not there, nothing published early, little sent twice."""
    chance = random.Random(KILLS)
    folder = tmp_path / "stream"
    made = make_folder(folder, chance)
    killed = rounds = 0
    while killed < KILLS:
        rounds += 1
        prefix, before = f"{PREFIX}{rounds}/", killed
        log_lines: set[str] = set()
        ended = False
        while not ended:
            ended = run_child(backend, folder, prefix, chance.randrange(12) if killed < KILLS else None)
            killed += not ended
            log_lines |= {line for log in folder.glob("upload_log_*") for line in log.read_text().splitlines()}
            there, content = stored_in(backend, prefix), read_journal(folder, Destination(backend_url=backend.url, prefix=prefix))
            assert not content.corrupt
            assert {name: made[name] for name in content.confirmed} == {name: there.get(name) for name in content.confirmed}
            assert made == there or "master.m3u8" not in there
        assert made == there
        sent = [found.group(1) for line in log_lines if (found := STORED.search(line)) and found.group(1).startswith(prefix)]
        assert len(sent) - len(set(sent)) <= (killed - before) * PARALLEL
