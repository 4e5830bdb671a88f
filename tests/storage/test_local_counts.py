"""What several processes count of a folder is what lies in it, whatever they do at once and however often it fails."""

import asyncio
import os
import random
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from storage import LocalSettings, StorageError, measuring

PREFIXES = {"a/": 3000, "a/b/": 1500}
MOST, ROUNDS, AT_ONCE = 6000, 25, 8
PATHS = ["a/1", "a/2", "a/b/1", "a/b/2", "a/b/3", "c/1", "c/2", "d"]


async def content(size_bytes):
    """Yield a content of this size."""
    yield b"x" * size_bytes


class Users:
    """Those who use one folder by several storages, as processes have them, at random."""

    def __init__(self, storages, seed):
        self.random = random.Random(seed)  # nothing secret
        self.storages = storages
        self.uploads = []

    async def act(self):
        """Do one thing, which may be refused."""
        storage, path = self.random.choice(self.storages), self.random.choice(PATHS)
        size_bytes = self.random.randint(1, 800)
        choice = self.random.choices(["save", "delete", "begin", "part", "complete", "abort"], [9, 3, 2, 4, 2, 1])[0]
        with suppress(StorageError):
            if choice == "save":
                announced = size_bytes if self.random.random() < 0.7 else None
                await storage.save(path, content(size_bytes), size_bytes=announced)
            elif choice == "delete":
                await storage.delete(path)
            elif choice == "begin":
                self.uploads.append((path, await storage.begin_parts(path, content_type="video/mp4")))
            elif self.uploads:
                await self._act_on_upload(choice, storage, *self.random.choice(self.uploads), size_bytes)

    async def _act_on_upload(self, choice, storage, path, upload_id, size_bytes):
        if choice == "part":
            number = self.random.randint(1, 3)
            await storage.save_part(path, upload_id, number, content(size_bytes), size_bytes=size_bytes)
        elif choice == "abort":
            await storage.abort_parts(path, upload_id)
        elif parts := await storage.list_parts(path, upload_id):
            await storage.complete_parts(path, upload_id, parts[-1:])


def stored(root):
    """Return path and size of the objects in a folder."""
    found = []
    for folder, names, files in os.walk(root):
        if Path(folder) == root:
            names[:] = [name for name in names if not name.startswith(".")]
        found += [
            (Path(folder, file).relative_to(root).as_posix(), Path(folder, file).stat().st_size) for file in files
        ]
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_counts_are_right(tmp_path, started, run, seed, monkeypatch):
    """After hundreds of saves, parts and removals at once, all of it measured again and again beside them."""
    monkeypatch.setattr(measuring, "MEASURED_FOR_S", 0)
    root = tmp_path / "root"
    settings = LocalSettings(root=root, max_size_bytes=MOST, prefix_quotas=PREFIXES)
    storages = [started(settings) for _ in range(3)]
    users = Users(storages, seed)

    async def use():
        for _ in range(ROUNDS):
            await asyncio.gather(*(users.act() for _ in range(AT_ONCE)))
            assert sum(size_bytes for _, size_bytes in stored(root)) <= MOST
        parts = [found for path, upload_id in users.uploads for found in await listed(path, upload_id)]
        for storage in storages:
            await storage.close()
        return parts

    async def listed(path, upload_id):
        with suppress(StorageError):
            return [(path, part.size_bytes) for part in await storages[0].list_parts(path, upload_id)]
        return []

    parts = run(use())
    with closing(sqlite3.connect(settings.usage_file)) as connection:
        counted = connection.execute("SELECT * FROM counted ORDER BY prefix").fetchall()
    assert counted == [
        (prefix, total(stored(root), prefix), total(parts, prefix), 0) for prefix in ("", *sorted(PREFIXES))
    ]


def total(files, prefix):
    """Return the bytes of what begins with a prefix."""
    return sum(size_bytes for path, size_bytes in files if path.startswith(prefix))
