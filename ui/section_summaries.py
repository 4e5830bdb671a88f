"""What the sections of the form hold, in a few words, to be read while they are folded. Pure."""

from __future__ import annotations

from pathlib import Path

from ui import spoken_languages
from ui.job_form import SEPARATOR, FormValues

MOST = 36
"""The longest name of a file or folder, in characters: a summary stands on one line."""

SEPARATED = " · "


def captions_summary(values: FormValues) -> str:
    """Return where captions come from, and where the transcript goes beside the video's folder."""
    files = [path for path in values.captions.split(SEPARATOR) if path.strip()]
    phrases = []
    if values.transcribe:
        model = elided(Path(values.model).name)
        phrases += [f"Whisper model {model}" if model else "no Whisper model is chosen", _language(values)]
        if values.speech.translate:
            phrases.append("in English, too")
    if files:
        phrases.append("from a file" if len(files) == 1 else f"from {len(files)} files")
    if not phrases:
        return "Without captions"
    if values.dataset:
        phrases.append(f"added to {elided(Path(values.dataset).name)}")
    return _sentence(phrases)


def upload_summary(values: FormValues) -> str:
    """Return where the files go, and what becomes of them."""
    place = f"to {elided(values.destination)}" if values.destination else "no destination is given"
    phrases = [place if values.upload else "the files stay on this computer"]
    if values.make_mp4:
        phrases.append("with a 480p MP4")
    if values.upload and values.delete_local:
        phrases.append("deletes the converted copy")
    return _sentence(phrases)


def elided(text: str, most: int = MOST) -> str:
    """Return a text without its beginning if it is long: the end tells one from another."""
    return text if len(text) <= most else f"…{text[-most:]}"


def _language(values: FormValues) -> str:
    if values.speech.several_languages:
        return "several languages"
    automatic = values.spoken_language in ("", spoken_languages.AUTOMATIC)
    return "any language" if automatic else elided(values.spoken_language)


def _sentence(phrases: list[str]) -> str:
    text = SEPARATED.join(phrases)
    return text[0].upper() + text[1:]
