"""What the folded sections of the form say."""

from __future__ import annotations

import pytest

from ui.job_form import FormValues
from ui.section_summaries import MOST, captions_summary, elided, upload_summary
from ui.speech import SpeechValues


@pytest.mark.parametrize(
    ("values", "text"),
    [
        pytest.param(FormValues(), "Whisper model base · any language", id="usual"),
        pytest.param(FormValues(transcribe=False), "Without captions", id="none"),
        pytest.param(FormValues(model=""), "No Whisper model is chosen · any language", id="no model"),
        pytest.param(
            FormValues(model="/models/large", spoken_language="French (fr)", speech=SpeechValues(translate=True)),
            "Whisper model large · French (fr) · in English, too",
            id="a folder and a translation",
        ),
        pytest.param(
            FormValues(transcribe=False, captions="/a.de.srt; /a.es.srt", dataset="s3://course/talks.json"),
            "From 2 files · added to talks.json",
            id="files and a dataset",
        ),
        pytest.param(
            FormValues(captions="/a.de.srt", speech=SpeechValues(several_languages=True)),
            "Whisper model base · several languages · from a file",
            id="both",
        ),
    ],
)
def test_captions(values, text):
    """Who makes the captions, in which language, and where else they go."""
    assert text == captions_summary(values)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        pytest.param(FormValues(), "The files stay on this computer · with a 480p MP4", id="off"),
        pytest.param(FormValues(upload=True, make_mp4=False), "No destination is given", id="nowhere"),
        pytest.param(FormValues(make_mp4=False, delete_local=True), "The files stay on this computer", id="nothing"),
        pytest.param(
            FormValues(upload=True, destination="videos/a/", make_mp4=False, delete_local=True),
            "To videos/a/ · deletes the converted copy",
            id="on",
        ),
    ],
)
def test_upload(values, text):
    """Where the files go, and whether anything is taken away."""
    assert text == upload_summary(values)


def test_a_long_name_keeps_its_end():
    """Whatever was pasted into a field, the line stays short."""
    assert ("…" + "x" * (MOST - 1) + "/", "short/") == (elided("x" * 1_000_000 + "/"), elided("short/"))
