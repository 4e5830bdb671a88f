"""What the window remembers between starts, in `s3_config.json`; what a job has too is spelled there as in a job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, cast

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError
from pipeline.job import AudioRequest, EncodingRequest, QualityRate, RateControl, TranscriptionRequest
from ui import spoken_languages
from ui.language import LanguageChoice

PREFERENCES_FILE = "s3_config.json"

FORMAT = 4
"""From here on what is asked of the audio is `audio`; before, it was `sound`."""

GROUPS_FORMAT = 3
"""From here on video, audio and transcription are spelled as in a job; before, in words of the window's own."""

FLAT_FORMAT = 2
"""From here on `last_destination` is what all destinations have in common; before, the last video's."""

FLAT_SPEEDS = {"Fast (larger files)": "veryfast", "Balanced": "medium", "Slow (smaller files)": "slow"}
"""The presets by the names that they had in the flat formats."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class EnginePreferences:
    """Who converts: a queue or this computer, as `.env` says where `in_queue` is None. `address` has no password."""

    in_queue: bool | None = None
    address: str = ""
    works_along: bool = False


@dataclass(frozen=True, kw_only=True)
class WindowPreferences:
    """The window's size and place in pixels of a screen of 96 dots an inch; 0 for a size that is not known."""

    width: int = 0
    height: int = 0
    x: int = 0
    y: int = 0
    maximised: bool = False


class ThemeChoice(Enum):
    """Which colours the windows have: those of this computer's other programs, or always the same."""

    DARK = "dark"
    LIGHT = "light"
    SYSTEM = "system"


@dataclass(frozen=True, kw_only=True)
class NamedBackend:
    """A backend to choose by its name. The keychain has its token, under its id, which never changes."""

    id: str
    name: str
    address: str


class LimitDays(Enum):
    """On which days a limit counts."""

    EVERY_DAY = "every day"
    WEEKDAYS = "weekdays"
    WEEKEND = "weekend"


@dataclass(frozen=True, kw_only=True)
class LimitPeriod:
    """Hours with a limit for uploads; from one time of day to another, such as 22:00 to 06:00."""

    days: LimitDays
    start: str
    end: str
    limit_mb_s: float


@dataclass(frozen=True, kw_only=True)
class ProgramSettings:
    """What the settings window sets. `text_percent` is how large texts and controls are, 100 to 200; `output_dir` is
    the folder that a new window begins with, empty for the one that was used last; `ffmpeg_path` is the program that
    was chosen, empty for the usual one; `bit_rates` are those that differ from the ladder's.
    `transcribe`, `model` and `spoken_language`, a code or "auto", are what a new window begins with; None and an empty
    one are what was used last. `update_address` is asked which version is the newest, and nobody where it is empty.
    """

    theme: ThemeChoice = ThemeChoice.DARK
    language: LanguageChoice = LanguageChoice.SYSTEM
    text_percent: int = 100
    output_dir: str = ""
    backends: tuple[NamedBackend, ...] = ()
    upload_limits: tuple[LimitPeriod, ...] = ()
    ffmpeg_path: str = ""
    bit_rates: tuple[QualityRate, ...] = ()
    transcribe: bool | None = None
    model: str = ""
    spoken_language: str | None = None
    update_address: str = ""

    def backend(self, id_: str) -> NamedBackend | None:
        """Return the backend of an id, None for one that is not there any more."""
        return next((backend for backend in self.backends if backend.id == id_), None)


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What is remembered. Never a token, a password, a key or anything signed, and nothing that deletes files or
    encrypts: earlier versions remembered both. The backend's address only where the editor wants the login
    remembered, since not every computer has a keychain; `backend` is the id of the named one that is chosen, if any.

    `encoding`, `audio` and `transcription` hold what was chosen, also where another choice rules it out. `target_vmaf`
    is the target that was typed last, while `encoding` has none.
    """

    last_destination: str = "videos/"
    last_session_id: str = ""
    create_offline_mp4: bool = True
    upload_enabled: bool = False
    language: str = ""
    output_dir: str = ""
    preset: str = ""
    qualities: tuple[str, ...] = ("1080p", "720p", "480p")
    audio_only: bool = False
    encoding: EncodingRequest = field(default_factory=EncodingRequest)
    target_vmaf: float = 94.0
    audio: AudioRequest = field(default_factory=AudioRequest)
    transcribe: bool = True
    transcription: TranscriptionRequest = field(default_factory=TranscriptionRequest)
    names_file: str = ""
    dataset: str = ""
    key_file: str = ""
    key_uri: str = ""
    publish_key: bool = False
    background: bool = True
    captions_open: bool = False
    upload_open: bool = False
    advanced_open: bool = False
    remember_login: bool = False
    backend_address: str = ""
    backend: str = ""
    upload_limit_mb_s: float = 0.0
    parallel_uploads: int = 4
    engine: EnginePreferences = field(default_factory=EnginePreferences)
    window: WindowPreferences = field(default_factory=WindowPreferences)
    program: ProgramSettings = field(default_factory=ProgramSettings)

    @classmethod
    def load(cls, path: Path) -> Preferences:
        """Read the preferences; what is missing, broken or of the wrong type falls back to its default."""
        try:
            stored = json.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError):
            return cls()
        if not isinstance(stored, dict):
            return cls()
        return _readable(cls, _present_form(stored))

    def save(self, path: Path) -> None:
        """Write the preferences whole or not at all, making their folder. Raises OSError."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # the mode that the XDG specification asks for
        temporary = path.with_name(path.name + ".tmp")
        try:
            temporary.write_text(json.dumps({"format": FORMAT, **to_json(self)}, indent=2) + "\n", encoding="utf-8")
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def _readable(kind: type[T], stored: Mapping[str, Any]) -> T:
    """Return what can be read, each value by itself: one that somebody wrote wrongly costs no other."""
    found: dict[str, object] = {}
    for entry in fields(cast(Any, kind)):
        value = stored.get(entry.name)
        if is_dataclass(entry.default_factory) and isinstance(value, dict):
            found[entry.name] = _readable(cast(Any, entry.default_factory), value)
        elif entry.name in stored:
            with suppress(CodecError):
                found[entry.name] = getattr(from_json(kind, {entry.name: value}, PREFERENCES_FILE), entry.name)
    return kind(**found)


def _format_of(stored: Mapping[str, Any]) -> int:
    """Return the format that a file names; the first one named none."""
    number = stored.get("format")
    return number if type(number) is int else 1


def _present_form(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a file of any format says, in the present one."""
    if _format_of(stored) < GROUPS_FORMAT:
        return _from_flat(stored)
    if _format_of(stored) < FORMAT and "sound" in stored:
        return {**stored, "audio": stored["sound"]}
    return stored


def _from_flat(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file of the formats before says, in the present one; what it lacks or says wrongly is left out."""
    measured = stored.get("rate_control") == "measured"
    encoding = {
        "codec": stored.get("codec"),
        "encoder": stored.get("encoder"),
        "keep_hdr": stored.get("keep_hdr"),
        "copy_top": stored.get("keep_original"),
        "rate_control": RateControl.ABR.value if stored.get("rate_control") == "bit rate" else RateControl.CRF.value,
        "target_vmaf": _readable(Preferences, stored).target_vmaf if measured else None,
    }
    speed, loudness = stored.get("speed"), stored.get("loudness")
    if isinstance(speed, str) and speed in FLAT_SPEEDS:
        encoding["preset"] = FLAT_SPEEDS[speed]
    audio = {"surround": stored.get("surround")}
    if isinstance(loudness, str):
        with suppress(ValueError):
            audio["loudness_lufs"] = float(loudness)
    transcription = {"model": stored.get("whisper_model"), "language": None}
    if isinstance(language := stored.get("spoken_language"), str):
        with suppress(ValueError):
            transcription["language"] = spoken_languages.code_of(language)
    found = {**stored, "encoding": encoding, "audio": audio, "transcription": transcription}
    destination = stored.get("last_destination")
    if _format_of(stored) < FLAT_FORMAT and isinstance(destination, str):
        found["last_destination"] = _without_own_folder(destination)
    return found


def _without_own_folder(destination: str) -> str:
    """Return the folder in which a video's destination lies; one that lies in none may have been meant for all."""
    outer, slash, _ = destination.rstrip("/").rpartition("/")
    return outer + slash if outer else destination
