"""Folders of finished jobs, with a transcript and without media: what datasets take of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.facts import Facts, TranscriptFacts, UploadFacts
from pipeline.fingerprint import Fingerprint
from pipeline.job_file import JobFile, write_job_file
from pipeline.speech.cue_shaping import shape_cues
from pipeline.speech.transcript import Segment, Transcript, TranscriptOrigin, WhisperSettings, Word
from pipeline.speech.transcript_file import transcript_to_json

ORIGIN = TranscriptOrigin(
    program_version="0.1.0",
    model="tiny.en",
    settings=WhisperSettings(
        language="en", beam_size=5, condition_on_previous_text=False, device="cpu", compute_type="int8"
    ),
)


def heard(*sentences: str, language: str = "en", edited: Sequence[int] = ()) -> Transcript:
    """Return sentences as they are heard, three words a second with a second between two; some edited by hand."""
    segments, at = [], 1.0
    for number, sentence in enumerate(sentences):
        words = []
        for word in sentence.split():
            words.append(Word(start_s=round(at, 3), end_s=round(at + 0.3, 3), text=f" {word}", probability=0.9))
            at += 1 / 3
        segments.append(
            Segment(
                start_s=words[0].start_s,
                end_s=words[-1].end_s,
                text=sentence,
                words=tuple(words),
                language=language,
                mean_log_probability=-0.25,
                edited=number in edited,
            )
        )
        at += 1.0
    return Transcript(
        language=language, language_probability=0.98, duration_s=at, segments=tuple(segments), origin=ORIGIN
    )


def finished_job(
    folder: Path, transcript: Transcript, *, source: Path | None = None, content: str = "1", prefix: str = ""
) -> Path:
    """Write the folder of a job that has transcribed a video with some content, and has perhaps uploaded it."""
    folder.mkdir(parents=True, exist_ok=True)
    text = transcript_to_json(transcript, shape_cues(transcript))
    (folder / "transcript.json").write_text(text, encoding="utf-8")
    upload = UploadFacts(prefix=prefix, backend_url="http://b", session_id=None, keys={}, urls={}, log="")
    write_job_file(
        folder,
        JobFile(
            source_path=str(source or folder.parent / f"{folder.name}.mp4"),
            source=Fingerprint(size_bytes=1, sha256_head_tail=content),
            settings={},
            done=Facts(transcript=TranscriptFacts(language="en", cues=1), upload=upload if prefix else None),
        ),
    )
    return folder
