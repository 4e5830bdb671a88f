"""What the window remembers between starts, in `s3_config.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

PREFERENCES_FILE = "s3_config.json"

PREFERENCES_FORMAT = 2
"""From here on `last_destination` is what all destinations have in common; before, the last video's."""


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What the window remembers between starts. Never the backend's address, a token, a key or anything signed."""

    last_destination: str = "videos/"
    last_session_id: str = ""
    create_offline_mp4: bool = True
    delete_local_after_upload: bool = False
    upload_enabled: bool = False
    transcribe: bool = True
    whisper_model: str = "base"
    spoken_language: str = "Detect automatically"
    speed: str = "Balanced"
    language: str = ""
    output_dir: str = ""
    qualities: tuple[str, ...] = ("1080p", "720p", "480p")
    advanced_open: bool = False
    encoder: str = "auto"
    codec: str = "h264"
    keep_hdr: bool = False
    keep_original: bool = False
    rate_control: str = "quality"
    target_vmaf: float = 94.0
    loudness: str = "unchanged"
    surround: bool = False
    encrypt: bool = False
    key_file: str = ""
    key_uri: str = ""
    publish_key: bool = False
    remember_login: bool = False
    upload_limit_mb_s: float = 0.0
    parallel_uploads: int = 4

    @classmethod
    def load(cls, path: Path) -> Preferences:
        """Read the preferences; what is missing, broken or of the wrong type falls back to its default."""
        try:
            stored = json.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError):
            return cls()
        if not isinstance(stored, dict):
            return cls()
        known: dict[str, object] = {}
        for entry in fields(cls):
            value = stored.get(entry.name)
            if isinstance(entry.default, tuple) and isinstance(value, list) and all(isinstance(v, str) for v in value):
                known[entry.name] = tuple(value)
            elif isinstance(entry.default, float) and type(value) is int:
                known[entry.name] = float(value)
            elif type(value) is type(entry.default):
                known[entry.name] = value
        last_destination = known.get("last_destination")
        if "format" not in stored and isinstance(last_destination, str):
            known["last_destination"] = _without_own_folder(last_destination)
        return cls(**known)  # type: ignore[arg-type]  # each value was compared with its field's type above

    def save(self, path: Path) -> None:
        """Write the preferences whole or not at all, making their folder. Raises OSError."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # the mode that the XDG specification asks for
        temporary = path.with_name(path.name + ".tmp")
        try:
            temporary.write_text(
                json.dumps({"format": PREFERENCES_FORMAT, **asdict(self)}, indent=2) + "\n", encoding="utf-8"
            )
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def _without_own_folder(destination: str) -> str:
    """Return the folder in which a video's destination lies; one that lies in none may have been meant for all."""
    outer, slash, _ = destination.rstrip("/").rpartition("/")
    return outer + slash if outer else destination
