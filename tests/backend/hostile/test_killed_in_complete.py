"""A process that is killed while it completes an upload in parts loses nothing, at whatever moment that is."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from backend_process import TOKEN, running_backend
from contents import in_chunks

from backend.state.storage_root import init_root
from storage import MIN_PART_BYTES, LocalSettings, create
from storage.file_lock import locked

ROOT = Path(__file__).parents[3]
OLDER = b"what was there before"
PARTS = [b"a" * MIN_PART_BYTES, b"b" * MIN_PART_BYTES, b"the end"]
WHOLE = b"".join(PARTS)
MOST_CHANGES = 60

# Ends the process, as `kill -9` does, before or after the so-manieth change of a file within `complete_parts`.
KILLED = """
import json, os, shutil, signal, sys
from pathlib import Path
from storage import local

left = int(sys.argv[2])
inside = False

def step():
    global left
    left -= inside
    if not left and inside:
        os.kill(os.getpid(), signal.SIGKILL)

def counted(do):
    def change(*arguments, **options):
        step()
        done = do(*arguments, **options)
        step()
        return done
    return change

for owner, name in (
    (os, "fsync"), (os, "truncate"), (os, "utime"), (Path, "unlink"), (Path, "replace"), (shutil, "rmtree")
):
    setattr(owner, name, counted(getattr(owner, name)))

complete = local.LocalStorageBackend.complete_parts

async def complete_parts(*arguments):
    global inside
    inside = True
    return await complete(*arguments)

local.LocalStorageBackend.complete_parts = complete_parts
local.FileDigests.tidy = lambda _: None
"""
ALONE = """
import asyncio
from storage import LocalSettings, StoredPart, create

async def main():
    storage = create(LocalSettings(root=Path(sys.argv[1])))
    await storage.start()
    upload_id, parts = json.loads(sys.argv[3])
    await storage.complete_parts("a.mp4", upload_id, [StoredPart(**part) for part in parts])

asyncio.run(main())
"""
SERVING = """
from backend.server import serve
from backend.settings import BackendSettings
from config import Config

serve(
    BackendSettings.from_config(Config(), root=Path(sys.argv[1]), token=sys.argv[3]),
    port=0,
    announce=lambda backend: print(backend.url, flush=True),
)
"""


def run(*arguments):
    """Run a program that may be killed; return it when it has ended."""
    return subprocess.run([sys.executable, "-c", *map(str, arguments)], cwd=ROOT, capture_output=True, check=False)


async def begun(root):
    """Store an object, and all parts of another in its place, of which none is joined yet; return ID and parts."""
    storage = create(LocalSettings(root=root))
    await storage.start()
    await storage.save("a.mp4", in_chunks(OLDER))
    upload_id = await storage.begin_parts("a.mp4", content_type="video/mp4")
    with locked(root / ".parts" / upload_id / "lock"):
        parts = [
            await storage.save_part("a.mp4", upload_id, number, in_chunks(part), size_bytes=len(part))
            for number, part in enumerate(PARTS, start=1)
        ]
    await storage.close()
    return upload_id, parts


async def completed(root, upload_id, parts):
    """Complete an upload; return the object's content and entity tag."""
    storage = create(LocalSettings(root=root))
    await storage.start()
    made = await storage.complete_parts("a.mp4", upload_id, parts)
    content = await storage.load("a.mp4")
    await storage.close()
    return content, made.etag


def test_completing_is_repeated_after_every_step(tmp_path):
    """Killed before or after any change of a file, and asked again: the object is whole, never half, never gone."""
    upload_id, parts = asyncio.run(begun(tmp_path))
    asked = json.dumps([upload_id, [vars(part) for part in parts]])
    for changes in range(1, MOST_CHANGES):
        ended = run(KILLED + ALONE, tmp_path, changes, asked)
        assert (tmp_path / "a.mp4").read_bytes() in (OLDER, WHOLE)
        if ended.returncode == 0:
            break
        assert -signal.SIGKILL == ended.returncode, ended.stderr
    else:
        pytest.fail("It was never done.")

    content, etag = asyncio.run(completed(tmp_path, upload_id, parts))
    assert (WHOLE, True) == (content, etag.endswith("-3"))
    assert [] == list((tmp_path / ".parts").iterdir())


@pytest.mark.parametrize("changes", [2, 9, 14])
def test_a_client_that_hears_nothing_asks_again(tmp_path, changes):
    """Through the backend: it is killed in the middle, another takes its place, and the client has its object."""
    root = tmp_path / "root"
    init_root(root)
    upload_id, parts = asyncio.run(begun(root))
    asked = {
        "key": "a.mp4",
        "uploadId": upload_id,
        "parts": [{"partNumber": part.number, "etag": part.etag} for part in parts],
    }
    command = [sys.executable, "-c", KILLED + SERVING, str(root), str(changes), TOKEN]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ}, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        with pytest.raises(requests.ConnectionError):
            requests.post(
                f"{url}/api/s3/multipart/complete",
                json=asked,
                headers={"Authorization": f"Bearer {TOKEN}"},
                timeout=240,
            )
        assert -signal.SIGKILL == process.wait()
    with running_backend(root) as backend:
        between = requests.get(f"{backend.url}/objects/a.mp4", timeout=240).content
        answers = [backend.ask("POST", "/api/s3/multipart/complete", json=asked) for _ in range(2)]
        after = requests.get(f"{backend.url}/objects/a.mp4", timeout=240)

    assert between in (OLDER, WHOLE)
    assert [200, 200] == [answer.status_code for answer in answers]
    assert {len(WHOLE)} == {answer.json()["sizeBytes"] for answer in answers}
    assert (WHOLE, f'"{answers[0].json()["etag"]}"') == (after.content, after.headers["ETag"])
