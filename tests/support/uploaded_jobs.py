"""The finished sample uploaded anew to a place of its own, and a dataset that has it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from cli.main import EXIT_DONE, run_command
from config import Config
from pipeline.transfer.manifests.inventory import RemoteObject
from pipeline.transfer.manifests.remote import connected
from transcripts.document import open_document


@dataclass(frozen=True, kw_only=True)
class UploadedJob:
    """A job's folder that was uploaded, the dataset with it, and how the editor's computer is set up."""

    folder: Path
    prefix: str
    dataset: Path
    config: Config

    def correct(self, old: str, new: str) -> None:
        """Replace words in all texts of the dataset, as an editor does."""
        with open_document(self.dataset) as document:
            for row in document.rows("segments"):
                if old in row["text"]:
                    document.update("segments", row["id"], text=row["text"].replace(old, new), edited=True)

    def media(self, **fields: object) -> None:
        """Set fields of the video."""
        with open_document(self.dataset) as document:
            document.update("media", document.rows("media")[0]["id"], **fields)

    def publish(self, *options: str, config: Config | None = None) -> int:
        """Run `transcripts publish` and return its exit status."""
        return run_command(["transcripts", "publish", str(self.dataset), *options], config or self.config)

    def stored(self) -> dict[str, RemoteObject]:
        """What the server has, by the path below the prefix."""
        with connected(self.config.backend) as remote, remote.inventory() as inventory:
            return {one.key.removeprefix(self.prefix): one for one in inventory.objects(self.prefix)}


def upload_copy(finished: Path, place: Path, prefix: str, config: Config, *options: str) -> UploadedJob:
    """Copy a finished job's folder to a computer of its own, upload it, and put it into a dataset.

    `options` are more of the upload.
    """
    folder = place / "welcome"
    leave = shutil.ignore_patterns(".*", "manifest.json", "upload_log_*")
    shutil.copytree(finished, folder, ignore=leave)
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    job["done"] = {step: facts for step, facts in job["done"].items() if step not in ("upload", "record")}
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    config = replace(config, data_dir=place / "data")
    dataset = place / "course.json"
    assert EXIT_DONE == run_command(["upload", str(folder), prefix, *options], config)
    assert EXIT_DONE == run_command(["transcripts", "add", str(dataset), str(folder)], config)
    return UploadedJob(folder=folder, prefix=prefix, dataset=dataset, config=config)
