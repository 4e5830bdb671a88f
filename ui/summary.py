"""What Start will do, in one line. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ui.estimate_text import estimate_text
from ui.job_form import FormValues, destination, made_qualities
from ui.source_view import SourceView

BETWEEN = " · "


@dataclass(frozen=True, kw_only=True)
class Summary:
    """`text` says what is made and where it goes; `dangers` what takes something away, or keeps viewers out."""

    text: str = ""
    dangers: str = ""


def summarise(
    values: FormValues, source: SourceView, measured: Mapping[str, tuple[float, ...]] | None = None
) -> Summary:
    """Return what the job that stands in the form would do with the chosen source; `measured` as in `estimate_text`."""
    dangers = {
        "deletes the converted copy": values.upload and values.delete_local,
        "encrypted": values.advanced.encrypt,
        "damaged videos too": values.advanced.accept_damaged,
    }
    expected = estimate_text(values, source, measured)
    texts = (_made(values, source), *([expected] if expected else []), _captions(values), _place(values, source))
    return Summary(text=_listed(texts), dangers=_listed(name for name, applies in dangers.items() if applies))


def _made(values: FormValues, source: SourceView) -> str:
    if source.audio_only or values.audio_only:
        return "audio only"
    chosen = made_qualities(values.qualities, source.media)
    made = ["its own size"] if chosen and source.offered == () else list(chosen) or ["no quality"]
    return ", ".join([*made, *(["MP4"] if values.make_mp4 else [])])


def _captions(values: FormValues) -> str:
    if values.captions:
        return "captions and your own" if values.transcribe else "your own captions"
    return "captions" if values.transcribe else "no captions"


def _place(values: FormValues, source: SourceView) -> str:
    place = destination(values)
    if values.upload:
        return f"uploaded to {place.of(source.slug) if source.slug else place.typed}"
    return f"kept in {Path(values.output_dir) / source.slug}" if values.output_dir else "not uploaded"


def _listed(texts: Iterable[str]) -> str:
    text = BETWEEN.join(texts)
    return text[:1].upper() + text[1:]
