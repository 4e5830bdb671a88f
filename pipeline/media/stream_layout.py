"""The names of a stream's files and folders: players, viewers and an earlier run find them by these."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.job import SegmentType

MASTER = "master.m3u8"
"""The playlist that players are given: its presence means that the stream is there."""

PLAYLIST = "index.m3u8"
"""The media playlist in the folder of each rendition, audio track and track of subtitles."""

IFRAME_PLAYLIST = "iframes.m3u8"
INIT = "init.mp4"
AUDIO = "audio"
"""The folder of the audio tracks, a folder each."""

SUBTITLES = "subtitles"
"""The folder of the tracks of subtitles, a folder each."""

POSTER = "poster.jpg"
SPRITE = "sprite.jpg"
SPRITE_MAP = "thumbnails.vtt"
CHAPTERS_JSON = "chapters.json"
CHAPTERS_VTT = "chapters.vtt"
MP4_FILE = "offline_480p.mp4"
TRANSCRIPT_SRT = "transcript.srt"
TRANSCRIPT_TXT = "transcript.txt"
TRANSCRIPT_JSON = "transcript.json"
CAPTIONS_VTT = "subtitles.vtt"


@dataclass(frozen=True, kw_only=True)
class TranscriptNames:
    """The files of a transcript, which an editor may have corrected."""

    srt: str
    txt: str
    json: str
    vtt: str

    @property
    def all(self) -> tuple[str, ...]:
        """Every form."""
        return (self.srt, self.txt, self.json, self.vtt)

    @property
    def timed(self) -> tuple[str, ...]:
        """The forms that have times, which the stream and the other forms can be made from."""
        return (self.srt, self.vtt)


TRANSCRIPT_NAMES = TranscriptNames(srt=TRANSCRIPT_SRT, txt=TRANSCRIPT_TXT, json=TRANSCRIPT_JSON, vtt=CAPTIONS_VTT)
TRANSLATION_NAMES = TranscriptNames(
    srt="transcript.en.srt", txt="transcript.en.txt", json="transcript.en.json", vtt="subtitles.en.vtt"
)
"""Those of its translation into English, named as players and editors name files of other languages."""

TRANSCRIPT_FILES = TRANSCRIPT_NAMES.all
"""What the transcription makes."""

MEDIA_SUFFIXES = (".ts", ".m4s", ".mp4")
PLAYLIST_SUFFIX = ".m3u8"


def segment_pattern(segment_type: SegmentType) -> str:
    """Return the name of a segment with a place for its number, counted from 1."""
    return "seg_%03d.ts" if segment_type is SegmentType.TS else "seg_%03d.m4s"
