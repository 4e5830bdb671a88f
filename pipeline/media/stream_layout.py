"""The names of a stream's files and folders: players, viewers and an earlier run find them by these."""

from __future__ import annotations

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
TRANSCRIPT_FILES = (TRANSCRIPT_SRT, TRANSCRIPT_TXT, TRANSCRIPT_JSON, CAPTIONS_VTT)
"""What the transcription makes, and an editor may have corrected."""

MEDIA_SUFFIXES = (".ts", ".m4s", ".mp4")
PLAYLIST_SUFFIX = ".m3u8"


def segment_pattern(segment_type: SegmentType) -> str:
    """Return the name of a segment with a place for its number, counted from 1."""
    return "seg_%03d.ts" if segment_type is SegmentType.TS else "seg_%03d.m4s"
