"""Editors of one dataset on a real S3 server, each at a computer of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datasets import DatasetKind, HeldClock

from config import AwsAccess, Config
from storage import S3Access, S3Settings, S3Uri
from storage.s3_objects import S3Objects
from transcripts.dataset import Dataset, open_dataset


@dataclass
class Editor:
    """Somebody with a computer: its folder for caches, and the way to S3."""

    folder: Path
    place: S3Settings
    endpoint_url: str
    opened: list[Dataset] = field(default_factory=list)
    objects: S3Objects | None = None

    @property
    def config(self) -> Config:
        """What the computer is set up with."""
        keys = {"access_key_id": self.place.access_key_id, "secret_access_key": self.place.secret_access_key}
        return Config(cache_dir=self.folder, aws=AwsAccess(endpoint_url=self.endpoint_url, **keys))

    def open(self, uri: S3Uri, **more: Any) -> Dataset:
        """Open a dataset with a clock that stands still and a store that is asked without pauses."""
        if self.objects is None:
            self.objects = S3Objects(S3Access(**vars(self.config.aws)), sleep=lambda _: None)
        options = {"clock": HeldClock(), "autosave_interval_s": 30.0} | more
        self.opened.append(open_dataset(str(uri), config=self.config, objects=self.objects, **options))
        return self.opened[-1]

    def close(self) -> None:
        """Close everything."""
        for one in self.opened:
            one.close()
        if self.objects is not None:
            self.objects.close()


def stored(client: Any, uri: S3Uri) -> dict[str, Any]:
    """Return what is on S3."""
    return json.loads(client.get_object(Bucket=uri.bucket, Key=uri.key)["Body"].read())


def store(client: Any, uri: S3Uri, content: dict[str, Any]) -> str:
    """Put a dataset on S3 as another program would; return its entity tag."""
    body = json.dumps(content, indent=2, ensure_ascii=False).encode()
    return client.put_object(Bucket=uri.bucket, Key=uri.key, Body=body)["ETag"]


def changed(kind: DatasetKind, text: str) -> dict[str, Any]:
    """Return a kind's content with another text in its first row."""
    content = json.loads(json.dumps(kind.content))
    content[kind.rows][0][kind.text] = text
    return content
