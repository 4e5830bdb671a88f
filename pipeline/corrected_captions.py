"""Captions in a finished folder that an editor has corrected: which files, and what they say now.

Reads, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.corrected_words import CorrectedWords, words_in_json, words_in_text, words_of, words_of_captions
from pipeline.errors import FolderConflict, FolderTakenError, SubtitleFileError
from pipeline.media.stream_layout import TranscriptNames
from pipeline.speech.cues import Cue
from pipeline.speech.subtitle_files import Subtitles, decode_subtitles, read_subtitles


@dataclass(frozen=True, kw_only=True)
class CorrectedCaptions:
    """What an editor has corrected: the files with it, and which of these stay as they are.

    Those are in UTF-8, with times as players ask for them. Either `cues` are the captions as they are now, or `words`
    tells which words were corrected. `note` tells what was mended in the files.
    """

    names: tuple[str, ...]
    kept: tuple[str, ...]
    cues: tuple[Cue, ...] = ()
    words: CorrectedWords | None = None
    note: str = ""

    @property
    def text(self) -> str:
        """A sentence that tells of it."""
        verb = "was" if len(self.names) == 1 else "were"
        text = f"{' and '.join(self.names)} {verb} corrected by hand: the stream and the other forms say the same now."
        return f"{text} {self.note}".rstrip()


def read_correction(
    folder: Path, changed: Sequence[str], forms: TranscriptNames, language: str | None
) -> CorrectedCaptions | None:
    """Return what the changed files among the forms of a transcript say, None where they say what they said.

    Raises FolderTakenError where one can't be read, or where two say different things.
    """
    names = [name for name in forms.timed if name in changed]
    try:
        if names:
            return _in_captions(folder, names, changed, forms, language)
        return _in_words(folder, changed, forms, language)
    except SubtitleFileError as error:
        reason = f"A correction can't be taken over. {str(error).rstrip('.')}"
        remedy = "mend the file, or start fresh (--fresh) to replace all."
        raise FolderTakenError(FolderConflict.CORRECTED_BY_HAND, reason, remedy=remedy) from error


def _in_captions(
    folder: Path, names: Sequence[str], changed: Sequence[str], forms: TranscriptNames, language: str | None
) -> CorrectedCaptions:
    """Return what was corrected in files with captions, with which all others that were changed have to agree."""
    files = {name: read_subtitles(folder / name, language=language) for name in names}
    first = files[names[0]]
    for name in names[1:]:
        if not _same(files[name].cues, first.cues):
            raise _differ(folder, names[0], name)
    wanted = words_of_captions(first.cues)
    for name in changed:
        if name not in names and not _agrees(folder, name, forms, wanted, language):
            raise _differ(folder, names[0], name)
    kept = tuple(name for name in names if _stays(files[name]))
    return CorrectedCaptions(names=tuple(names), kept=kept, cues=first.cues, note=first.note(names[0]))


def _in_words(
    folder: Path, changed: Sequence[str], forms: TranscriptNames, language: str | None
) -> CorrectedCaptions | None:
    """Return what was corrected in the files whose words the captions are made of."""
    in_json = words_in_json(folder, forms, language) if forms.json in changed else None
    in_text = words_in_text(folder, forms, language) if forms.txt in changed else None
    if in_json is not None and in_text is not None and in_json.words != in_text.words:
        raise _differ(folder, forms.json, forms.txt)
    found = {forms.json: in_json, forms.txt: in_text}
    names = tuple(name for name, words in found.items() if words is not None)
    if not names:
        return None
    kept = (forms.txt,) if in_text is not None and in_text.is_utf8 else ()
    return CorrectedCaptions(names=names, kept=kept, words=in_json or in_text)


def _differ(folder: Path, one: str, other: str) -> FolderTakenError:
    reason = f"{one} and {other} in {folder} were both corrected by hand, and they differ"
    remedy = "keep the one that is right and move the other out of the folder, or start fresh (--fresh)."
    return FolderTakenError(FolderConflict.CORRECTED_BY_HAND, reason, remedy=remedy)


def _stays(file: Subtitles) -> bool:
    return file.encoding.startswith("utf-8") and file.usual and not file.without_length


def _same(some: Sequence[Cue], others: Sequence[Cue]) -> bool:
    return [(c.start_s, c.end_s, c.text.split()) for c in some] == [
        (c.start_s, c.end_s, c.text.split()) for c in others
    ]


def _agrees(folder: Path, name: str, forms: TranscriptNames, wanted: Sequence[str], language: str | None) -> bool:
    """Whether a corrected file without times of its own, or the JSON, says the same words."""
    try:
        if name == forms.txt:
            return words_of(decode_subtitles((folder / name).read_bytes(), language)[0]) == wanted
        words = words_in_json(folder, forms, language) if name == forms.json else None
        return words is None or words.words == wanted
    except (SubtitleFileError, OSError, ValueError):
        return False
