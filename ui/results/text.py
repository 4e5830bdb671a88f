"""The results of a job in lines, as an editor reads them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.sources.sizes import size_text
from pipeline.speech.languages import language_name
from ui.source_text import duration
from ui.tones import Tone

if TYPE_CHECKING:
    from pipeline.folder_results import FolderCaptions, FolderResults, MadeQuality

BETWEEN = " · "
MASTER = "master.m3u8"
MOST_REMARKS = 3
"""How many of the check's remarks are told in full."""


@dataclass(frozen=True, kw_only=True)
class ResultLine:
    """A line: what it is about, what is told, and how it is to be taken."""

    label: str
    text: str
    tone: Tone = Tone.PLAIN


def result_lines(results: FolderResults) -> tuple[ResultLine, ...]:
    """Return what is to be told of a finished folder."""
    return tuple(_lines(results))


def _lines(results: FolderResults) -> Iterator[ResultLine]:
    yield ResultLine(label="Video", text=_whole(results))
    if results.media_deleted:
        text = "The converted copy on this computer was deleted after the upload."
        yield ResultLine(label="", text=text, tone=Tone.WARNING)
    for quality in results.qualities:
        yield ResultLine(label=quality.name, text=_quality(quality))
    if results.audio_bytes is not None:
        yield ResultLine(label="Audio", text=size_text(results.audio_bytes))
    if results.mp4_bytes is not None:
        yield ResultLine(label="MP4", text=size_text(results.mp4_bytes))
    if results.loudness is not None:
        measured, target = results.loudness.measured_lufs, results.loudness.target_lufs
        text = f"{measured:.1f} LUFS" if target is None else f"{target:g} LUFS, before {measured:.1f} LUFS"
        yield ResultLine(label="Loudness", text=text)
    if results.qualities or results.checked:
        yield _check(results)
    yield _captions(results.captions)
    yield from _addresses(results)


def _whole(results: FolderResults) -> str:
    told = [results.title]
    if results.duration_s is not None:
        told.append(duration(results.duration_s))
    if results.total_bytes is not None:
        told.append(f"{size_text(results.total_bytes)} in all")
    return BETWEEN.join(told)


def _quality(quality: MadeQuality) -> str:
    told = [f"{quality.width}×{quality.height}"] if quality.width else []
    told += [quality.codec] if quality.codec else []
    if quality.average_bit_rate is not None:
        told.append(f"{rate_text(quality.average_bit_rate)} on average")
    if quality.peak_bit_rate is not None:
        told.append(f"at most {rate_text(quality.peak_bit_rate)}")
    if quality.size_bytes is not None:
        told.append(size_text(quality.size_bytes))
    return BETWEEN.join(told)


def rate_text(bits_s: float) -> str:
    """Return a bit rate in Mb/s, or in kb/s where that would be less than one."""
    return f"{bits_s / 1e6:.1f} Mb/s" if bits_s >= 1e6 else f"{bits_s / 1e3:.0f} kb/s"


def _check(results: FolderResults) -> ResultLine:
    if not results.checked:
        return ResultLine(
            label="Check", text="Not checked: it was made elsewhere, or not to its end.", tone=Tone.WARNING
        )
    remarks = results.not_ideal or ()
    if not remarks:
        return ResultLine(label="Check", text="Passed: it plays as players expect.", tone=Tone.GOOD)
    count = "One thing is" if len(remarks) == 1 else f"{len(remarks)} things are"
    text = "\n".join([f"Passed. {count} not ideal:", *remarks[:MOST_REMARKS]])
    more = len(remarks) - MOST_REMARKS
    return ResultLine(label="Check", text=f"{text}\nand {more} more" if more > 0 else text, tone=Tone.WARNING)


def _captions(captions: FolderCaptions | None) -> ResultLine:
    if captions is None:
        return ResultLine(label="Captions", text="None")
    count = "1 caption" if captions.cues == 1 else f"{captions.cues} captions"
    told = [f"{count} in {language_name(captions.language)}"]
    told.append(f"the fastest has {captions.fastest_cps:.0f} characters a second")
    if captions.corrected:
        names = "1 name" if captions.corrected == 1 else f"{captions.corrected} names"
        told.append(f"{names} corrected by the list")
    if captions.edited:
        told.append("1 passage edited" if captions.edited == 1 else f"{captions.edited} passages edited")
    if captions.outside:
        return ResultLine(label="Captions", text=f"{BETWEEN.join(told)}\n{captions.outside}", tone=Tone.WARNING)
    return ResultLine(label="Captions", text=BETWEEN.join([*told, f"all within the limits of {captions.rules}"]))


def _addresses(results: FolderResults) -> Iterator[ResultLine]:
    if results.prefix:
        yield ResultLine(label="On server", text=results.prefix)
    address = results.addresses.get(MASTER, "")
    yield ResultLine(label="Address", text=address or "Not uploaded: it has no address yet.")
