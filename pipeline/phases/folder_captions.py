"""Takes captions that were corrected in a folder in its place into all that has them, before the folder is uploaded.

The files are written one by one, the stream's segments first and transcript.json last, so that a run which was stopped
is done again. The stream is not packaged anew: the times of its segments are in the track's own playlist.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

from pipeline.corrected_captions import CorrectedCaptions
from pipeline.earlier_work import SPOKEN, corrections_in
from pipeline.errors import CodecError, EncodeError, FolderTakenError, OutputError, SettingsError
from pipeline.events import LogLevel
from pipeline.facts import TranscriptFacts, TranslationFacts
from pipeline.files import digest_of, write_whole
from pipeline.finished_folder import FinishedFolder
from pipeline.job_file import JobFile, read_job_file
from pipeline.media.hls.measure import read_media_playlist
from pipeline.media.source.language_tags import UNKNOWN_LANGUAGE
from pipeline.media.stream_layout import PLAYLIST, SUBTITLES, TranscriptNames
from pipeline.phases.transcript_forms import corrected_forms, forms_of
from pipeline.speech.caption_changes import USUAL_RATE
from pipeline.speech.cues import Cue
from pipeline.speech.subtitle_files import read_subtitles
from pipeline.speech.subtitles import vtt_segments
from pipeline.speech.transcript_file import transcript_from_json

_OFFSET = re.compile(r"X-TIMESTAMP-MAP=MPEGTS:(\d+)")

Log = Callable[[str, LogLevel], None]


@dataclass(frozen=True, kw_only=True)
class _Track:
    """Subtitles of a stream: their segments' files in order, the segments' times in seconds, and what they say."""

    files: tuple[Path, ...]
    boundaries: tuple[float, ...]
    mpegts_offset: int
    texts: tuple[str, ...]

    def segments(self, cues: Sequence[Cue]) -> list[str]:
        """Return the segments' texts for some captions, none of which stays after the end of the stream."""
        length_s = self.boundaries[-1]
        within = [replace(cue, end_s=min(cue.end_s, length_s)) for cue in cues if cue.start_s < length_s]
        return vtt_segments(within, self.boundaries, self.mpegts_offset)

    def is_made_of(self, before: Sequence[Cue], now: Sequence[Cue]) -> bool:
        """Whether each segment says what one or the other captions do."""
        captions = zip(self.texts, self.segments(before), self.segments(now), strict=True)
        return all(said in (one, other) for said, one, other in captions)


def take_over_corrections(folder: FinishedFolder, log: Log) -> None:
    """Take over what was corrected by hand since the folder was made or uploaded last; nothing where nothing was.

    Raises SettingsError where it can't be, OutputError.
    """
    job = read_job_file(folder.folder)
    if job is None or job.done.package is None:
        return
    try:
        corrections = corrections_in(folder.folder, job.done, job.done.package)
    except FolderTakenError as error:
        raise SettingsError(
            f"{error.reason}: keep the text that is right in one of the files, or make all of them again "
            "with `convert --fresh`."
        ) from error
    for step, correction in corrections.items():
        _take_over(folder, job, step, correction)
        log(correction.text, LogLevel.INFO)


def _take_over(folder: FinishedFolder, job: JobFile, step: str, correction: CorrectedCaptions) -> None:
    """Write and note what a correction changes. Raises SettingsError, OutputError."""
    home, names, facts = folder.folder, SPOKEN[step], job.done.by_step.get(step)
    known = facts.language if isinstance(facts, TranscriptFacts | TranslationFacts) else None
    language = known or UNKNOWN_LANGUAGE
    before = _captions_before(home, names, correction.names, language)
    rules, frame_rate = job.caption_rules(step), job.frame_rate or USUAL_RATE
    transcript, cues = corrected_forms(correction, home, names, language, rules=rules, frame_rate=frame_rate)
    forms = forms_of(names, transcript, cues)
    contents = _segments(home, before, cues)
    contents |= {name: text for name, text in forms.items() if name not in (*correction.kept, names.json)}
    contents[names.json] = forms[names.json]
    for name, text in contents.items():
        write_whole(home / name, text)
    kind = TranslationFacts if step == TranslationFacts.step else TranscriptFacts
    folder.mark(kind(language=transcript.language, cues=len(cues)))
    _note(folder, [*contents, *correction.kept])


def _captions_before(
    folder: Path, names: TranscriptNames, corrected: Sequence[str], language: str
) -> tuple[Cue, ...] | None:
    """Return the captions that the stream was made of, None where no file that is left has them."""
    if names.json not in corrected:
        with suppress(OSError, ValueError, CodecError):
            return tuple(transcript_from_json((folder / names.json).read_text(encoding="utf-8"))[1])
    for name in (names.vtt, names.srt):
        if name not in corrected and (folder / name).is_file():
            return read_subtitles(folder / name, language=language).cues
    return None


def _segments(folder: Path, before: tuple[Cue, ...] | None, now: Sequence[Cue]) -> dict[str, str]:
    """Return the segments of the stream's subtitles that have to be replaced, by path.

    Raises SettingsError where none of the stream's subtitles are those that were corrected.
    """
    tracks = list(_tracks(folder))
    track = None if before is None else next((one for one in tracks if one.is_made_of(before, now)), None)
    if track is None:
        raise SettingsError(
            f"{folder} has corrected captions, and none of its stream's subtitles are those that were corrected: "
            "convert the video again with the same options, which takes them over."
        )
    return {
        file.relative_to(folder).as_posix(): text
        for file, text, said in zip(track.files, track.segments(now), track.texts, strict=True)
        if text != said
    }


def _tracks(folder: Path) -> Iterator[_Track]:
    for playlist in sorted((folder / SUBTITLES).glob(f"*/{PLAYLIST}")):
        try:
            entries = read_media_playlist(playlist)
            files = tuple(playlist.with_name(entry.uri) for entry in entries)
            texts = tuple(file.read_text(encoding="utf-8") for file in files)
        except (EncodeError, OSError, ValueError) as error:
            raise OutputError(f"{playlist} or one of its segments can't be read: convert the video again.") from error
        offset = _OFFSET.search(texts[0])
        if offset is not None:
            boundaries = (0.0, *accumulate(entry.duration_s for entry in entries))
            yield _Track(files=files, boundaries=boundaries, mpegts_offset=int(offset[1]), texts=texts)


def _note(folder: FinishedFolder, names: Sequence[str]) -> None:
    """Note that these files are what the folder holds now, so that the next run takes none for a correction."""
    package = folder.done.package
    assert package is not None
    sizes = {name: (folder.folder / name).stat().st_size for name in names}
    digests = {name: digest for name in names if "/" not in name and (digest := digest_of(folder.folder / name))}
    edited = tuple(dict.fromkeys((*package.edited, *(name for name in names if "/" not in name))))
    folder.mark(
        replace(package, files={**package.files, **sizes}, digests={**package.digests, **digests}, edited=edited)
    )
