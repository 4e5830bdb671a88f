"""Captions in a finished folder that an editor has corrected: which files, and what they say now.

Reads, and changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import FolderConflict, FolderTakenError, SubtitleFileError
from pipeline.media.stream_layout import CAPTIONS_VTT, TRANSCRIPT_JSON, TRANSCRIPT_SRT, TRANSCRIPT_TXT
from pipeline.speech.cues import Cue
from pipeline.speech.subtitle_files import Subtitles, read_subtitles

TIMED = (TRANSCRIPT_SRT, CAPTIONS_VTT)
"""The files that have times, which the stream and the other forms can be made from."""


@dataclass(frozen=True, kw_only=True)
class CorrectedCaptions:
    """What an editor has corrected: the cues as they are now, the files with them, and which of these stay as they are.

    Those are in UTF-8, with times as players ask for them. `note` tells what was mended in the others.
    """

    cues: tuple[Cue, ...]
    names: tuple[str, ...]
    kept: tuple[str, ...]
    note: str = ""

    @property
    def text(self) -> str:
        """A sentence that tells of it."""
        verb = "was" if len(self.names) == 1 else "were"
        text = f"{' and '.join(self.names)} {verb} corrected by hand: the stream and the other forms say the same now."
        return f"{text} {self.note}".rstrip()


def read_correction(folder: Path, changed: Sequence[str], language: str | None) -> CorrectedCaptions | None:
    """Return what the changed files among those of a transcript say, None where none that has times was changed.

    Raises FolderTakenError where one can't be read, or where two say different things.
    """
    names = [name for name in TIMED if name in changed]
    if not names:
        return None
    try:
        files = {name: read_subtitles(folder / name, language=language) for name in names}
    except SubtitleFileError as error:
        reason = f"A correction can't be taken over. {str(error).rstrip('.')}"
        remedy = "mend the file, or start fresh (--fresh) to replace all."
        raise FolderTakenError(FolderConflict.CORRECTED_BY_HAND, reason, remedy=remedy) from error
    first = files[names[0]].cues
    other = next((name for name in names[1:] if not _same(files[name].cues, first)), None)
    other = other or next((name for name in changed if not _agrees(folder / name, first)), None)
    if other is not None:
        reason = f"{names[0]} and {other} in {folder} were both corrected by hand, and they differ"
        remedy = "keep the one that is right and move the other out of the folder, or start fresh (--fresh)."
        raise FolderTakenError(FolderConflict.CORRECTED_BY_HAND, reason, remedy=remedy)
    kept = tuple(name for name in names if _stays(files[name]))
    return CorrectedCaptions(cues=first, names=tuple(names), kept=kept, note=files[names[0]].note(names[0]))


def _stays(file: Subtitles) -> bool:
    return file.encoding.startswith("utf-8") and file.usual and not file.without_length


def _same(some: Sequence[Cue], others: Sequence[Cue]) -> bool:
    return [(c.start_s, c.end_s, c.text.split()) for c in some] == [
        (c.start_s, c.end_s, c.text.split()) for c in others
    ]


def _agrees(path: Path, cues: Sequence[Cue]) -> bool:
    """Whether a corrected file without times of its own, or the JSON, says the same words."""
    wanted = [word for cue in cues for word in cue.text.split()]
    try:
        if path.name == TRANSCRIPT_TXT:
            return path.read_text(encoding="utf-8-sig").split() == wanted
        if path.name == TRANSCRIPT_JSON:
            return str(json.loads(path.read_text(encoding="utf-8"))["text"]).split() == wanted
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True
