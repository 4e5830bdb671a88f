"""What is said of each thing that the program needs, and what its button does. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pipeline.job import EncoderFamily
from pipeline.machine_report import BackendFinding, FfmpegFinding, makes_h264
from pipeline.media.encode.encoder_check import CODEC_NAMES, FAMILY_NAMES, EncoderResult, EncoderStatus
from pipeline.speech.model import DownloadProgress, download_text

if TYPE_CHECKING:
    from pipeline.speech.model_cache import StoredModel  # with faster-whisper, which takes half a second


class CheckState(Enum):
    """How it stands with a thing; what is optional is not missed."""

    LOOKING = "looking"
    GOOD = "good"
    OPTIONAL = "optional"
    BAD = "bad"


class Mending(Enum):
    """What a button does; the value is what it says."""

    CHOOSE_FFMPEG = "Choose…"
    USUAL_FFMPEG = "Use the usual one"
    TRY_AGAIN = "Try again"
    DOWNLOAD = "Download"
    CANCEL = "Cancel"
    SET_UP = "Set up…"
    TEST = "Test again"


@dataclass(frozen=True, kw_only=True)
class CheckLine:
    """A sentence about a thing, its state, and what its button does; None has no button. `done` is the part of a
    download that is here, None where nothing is downloaded.
    """

    state: CheckState = CheckState.LOOKING
    text: str = "Looking…"
    mending: Mending | None = None
    done: float | None = None


LOOKING = CheckLine()


def ffmpeg_line(found: FfmpegFinding, *, in_env: bool, chosen: bool) -> CheckLine:
    """Return what is said of ffmpeg; one of `.env` can't be changed in a window, one that was chosen can be left."""
    mending = None if in_env else Mending.USUAL_FFMPEG if chosen else Mending.CHOOSE_FFMPEG
    where = " It is set in .env." if in_env else ""
    if found.path is None:
        return CheckLine(state=CheckState.BAD, text=found.problem, mending=mending)
    if found.missing:
        text = f"{found.path} can't make {' and '.join(found.missing)}: use another one.{where}"
        return CheckLine(state=CheckState.BAD, text=text, mending=mending)
    return CheckLine(state=CheckState.GOOD, text=f"{found.version}{where}", mending=mending)


def encoders_line(results: Sequence[EncoderResult]) -> CheckLine:
    """Return which encoders work, the hardware's first."""
    working: dict[EncoderFamily, list[str]] = {}
    for result in results:
        if result.status is EncoderStatus.WORKS:
            working.setdefault(result.family, []).append(CODEC_NAMES[result.codec])
    if not makes_h264(tuple(results)):
        text = "No encoder for H.264 works here: use another ffmpeg."
        return CheckLine(state=CheckState.BAD, text=text, mending=Mending.TRY_AGAIN)
    hardware = [family for family in working if family is not EncoderFamily.CPU]
    order = [*hardware, *(family for family in working if family is EncoderFamily.CPU)]
    text = "; ".join(f"{FAMILY_NAMES[family]}: {', '.join(working[family])}" for family in order)
    if not hardware:
        text += ". No graphics card can be used; everything works without, only slower"
    return CheckLine(state=CheckState.GOOD, text=f"{text}.", mending=Mending.TRY_AGAIN)


def model_line(name: str, models: Sequence[StoredModel], *, is_folder: bool) -> CheckLine:
    """Return whether the model that the form names is on this computer; `is_folder` says that it names a folder."""
    if not name:
        return CheckLine(state=CheckState.OPTIONAL, text="No model is chosen, under Captions.")
    if is_folder:
        return CheckLine(state=CheckState.GOOD, text=f"The model in the folder {name} is used.")
    stored = next((model for model in models if model.name == name), None)
    if stored is None:
        text = f"The model '{name}' is not here yet. The first captions download it."
        return CheckLine(state=CheckState.OPTIONAL, text=text, mending=Mending.DOWNLOAD)
    if stored.state.value == "whole":
        return CheckLine(state=CheckState.GOOD, text=f"The model '{name}' is on this computer.")
    text = f"The model '{name}' is {'only partly here' if stored.state.value == 'partial' else 'damaged'}."
    return CheckLine(state=CheckState.OPTIONAL, text=text, mending=Mending.DOWNLOAD)


def downloading_line(name: str, progress: DownloadProgress) -> CheckLine:
    """Return how far a download is."""
    done = progress.done_bytes / progress.total_bytes if progress.total_bytes else 0.0
    return CheckLine(text=download_text(name, progress), mending=Mending.CANCEL, done=done)


def backend_line(found: BackendFinding) -> CheckLine:
    """Return what the backend said."""
    if found.reached is None:
        text = "None yet: your videos stay on this computer."
        return CheckLine(state=CheckState.OPTIONAL, text=text, mending=Mending.SET_UP)
    state = CheckState.GOOD if found.reached else CheckState.BAD
    return CheckLine(state=state, text=found.text, mending=Mending.TEST)
