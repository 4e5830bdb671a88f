"""What ffmpeg's words mean for an editor. Pure."""

from __future__ import annotations

import re

UNKNOWN = "ffmpeg could not do it: check that the video plays, or export it again; the log has what ffmpeg said"

_DECODER = "this ffmpeg has no decoder for it: export it as H.264 or ProRes{or_another}"
_MIXED = "its audio has channels that can't be mixed: export it with stereo or 5.1 audio"
_DAMAGED = "it is damaged, or of a kind that ffmpeg can't read: check that it plays, or export it again"
_MEMORY = "there was not enough memory: close other programs, or choose fewer and smaller qualities"
_FORBIDDEN = "a file may not be read or written: check the permissions of the video and of the output folder"
_MEANINGS = (
    # what this computer lacks comes first: such a line also names what ffmpeg was at
    ("cannot allocate memory|out of memory|bad_alloc|malloc of size", _MEMORY),
    ("^exit status -9$", _MEMORY),  # Linux ends what takes too much memory
    ("permission denied|read-only file system", _FORBIDDEN),
    ("input/output error", "the disk can't be read or written: check the drive and its cable"),
    (
        "no such file or directory",
        "a file that was there is gone: look whether the video or the output folder was moved",
    ),
    ("too many open files", "this computer has too many files open: close other programs"),
    ("unknown decoder|decoder not found|no decoder found", _DECODER),
    ("unknown encoder|encoder not found", "this ffmpeg lacks an encoder that is needed: {another}"),
    ("no such filter|filter not found", "this ffmpeg lacks a filter that is needed: {another}"),
    ("unrecognized option|option not found", "this ffmpeg is too old: {another}"),
    ("rematrix is needed", _MIXED),
    ("(unsupported|invalid|unknown) channel layout", _MIXED),
    ("channel layout .*not supported", _MIXED),
    # a signal, or one of Windows' exceptions
    (r"^exit status (-\d+|[34]\d{9})$", "ffmpeg crashed: start again{or_another}"),
    ("picture size", "its video is too large for ffmpeg: export it smaller"),
    ("invalid data found|moov atom not found|error while decoding|error submitting packet to decoder", _DAMAGED),
)
"""The first that is found counts.

From ffmpeg's libavutil/error.c, ffmpeg_*.c and the libraries' own messages, 5.1 to 9.
"""

_ANOTHER = "name another one with FFMPEG_PATH in .env"


def meaning(words: str, *, configured: bool = False) -> str:
    """Return a phrase that says what is wrong and what to do; `configured` says that FFMPEG_PATH names the ffmpeg."""
    another = _ANOTHER if configured else "install this program again"
    said = words.lower()
    phrase = next((phrase for sign, phrase in _MEANINGS if re.search(sign, said)), UNKNOWN)
    return phrase.format(another=another, or_another=f", or {_ANOTHER}" if configured else "")
