"""The videos below a folder on S3, as those below a folder of this machine are found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import PurePosixPath

from config import AwsAccess
from pipeline.errors import SourceError
from pipeline.path_patterns import ALL, PathSelection
from pipeline.source_address import SourceAddress


def videos_in_bucket(
    folder: SourceAddress, aws: AwsAccess, suffixes: Sequence[str], selection: PathSelection
) -> tuple[list[tuple[PurePosixPath, SourceAddress]], set[PurePosixPath]]:
    """Return the videos below `s3://bucket/folder/` by their paths below it, and the paths of those that are meant.

    Folders with a stream in them, and what begins with a dot, are passed over as on a disk. Raises SourceError.
    """
    from storage import S3Access, StorageError
    from storage.s3_objects import s3_objects

    bucket, _, prefix = folder.text.removeprefix("s3://").partition("/")
    try:
        objects = s3_objects(S3Access(**asdict(aws)))
        keys = [uri.key.removeprefix(prefix) for uri in objects.below(bucket, prefix)]
    except StorageError as error:
        raise SourceError(str(error)) from error
    paths = [PurePosixPath(key) for key in keys if _is_plain(key)]
    streams = {path.parent for path in paths if path.suffix == ".m3u8"}
    found = [
        path
        for path in paths
        if path.suffix.lower() in suffixes and not any(above in streams for above in path.parents)
    ]
    is_meant = selection.takes()
    meant = {path for path in found if is_meant(path)}
    if not meant:
        why = "" if selection == ALL else ", or none is left by --include and --exclude"
        raise SourceError(f"There is no video below {folder}{why}: check the address.")
    return [(path, SourceAddress(text=f"s3://{bucket}/{prefix}{path}")) for path in found], meant


def _is_plain(key: str) -> bool:
    """Whether a key is a path: S3 takes any text."""
    return all(part not in ("", ".", "..") and not part.startswith(".") for part in key.split("/"))
