"""What ffmpeg's words mean for an editor. Pure."""

from __future__ import annotations

UNKNOWN = "ffmpeg could not do it: check that the video plays, or export it again; the log has what ffmpeg said"

_LACKS = "name another one with FFMPEG_PATH in .env"
_DAMAGED = "it is damaged, or of a kind that ffmpeg can't read: check that it plays, or export it again"
_MEMORY = "the memory did not suffice: close other programs, or choose fewer and smaller qualities"
_FORBIDDEN = "a file may not be read or written: check the permissions of the video and of the output folder"
_MEANINGS = (
    ("unknown decoder", f"this ffmpeg has no decoder for it: export it as H.264 or ProRes, or {_LACKS}"),
    ("decoder not found", f"this ffmpeg has no decoder for it: export it as H.264 or ProRes, or {_LACKS}"),
    ("no decoder found", f"this ffmpeg has no decoder for it: export it as H.264 or ProRes, or {_LACKS}"),
    ("unknown encoder", f"this ffmpeg lacks an encoder that is needed: {_LACKS}"),
    ("encoder not found", f"this ffmpeg lacks an encoder that is needed: {_LACKS}"),
    ("no such filter", f"this ffmpeg lacks a filter that is needed: {_LACKS}"),
    ("filter not found", f"this ffmpeg lacks a filter that is needed: {_LACKS}"),
    ("unrecognized option", f"this ffmpeg is too old: {_LACKS}"),
    ("option not found", f"this ffmpeg is too old: {_LACKS}"),
    ("rematrix is needed", "its sound has channels that can't be mixed: export it with stereo or 5.1 sound"),
    ("channel layout", "its sound has channels that can't be mixed: export it with stereo or 5.1 sound"),
    ("cannot allocate memory", _MEMORY),
    ("out of memory", _MEMORY),
    ("bad_alloc", _MEMORY),
    ("malloc of size", _MEMORY),
    # Linux ends what takes too much memory
    ("exit status -9", _MEMORY),
    ("permission denied", _FORBIDDEN),
    ("read-only file system", _FORBIDDEN),
    ("input/output error", "the disk can't be read or written: check the drive and its cable"),
    ("no such file or directory", "a file that was there is gone: look whether the video or the output folder was moved"),
    ("too many open files", "this computer has too many files open: close other programs"),
    ("exit status", "ffmpeg broke down: start again, or name another one with FFMPEG_PATH in .env"),
    ("picture size", "its picture is too large for ffmpeg: export it smaller"),
    ("invalid data found", _DAMAGED),
    ("moov atom not found", _DAMAGED),
    ("error while decoding", _DAMAGED),
    ("error submitting packet to decoder", _DAMAGED),
)
"""The first that is found counts. From ffmpeg's libavutil/error.c, ffmpeg_*.c and the libraries' own messages, 5.1 to 9."""


def meaning(words: str) -> str:
    """Return a phrase that says what is wrong and what to do."""
    said = words.lower()
    return next((phrase for sign, phrase in _MEANINGS if sign in said), UNKNOWN)
