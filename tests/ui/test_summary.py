"""What is said beside Start about the job that stands in the form."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui_fakes import media_info

from pipeline.job import Codec
from ui.advanced import CODEC_LABELS, AdvancedValues
from ui.job_form import FormValues
from ui.source_view import NO_SOURCE, SourceView
from ui.summary import Summary, summarise

VALUES = FormValues(output_dir="/out", qualities=("1080p", "720p"), destination="videos/")
HD = SourceView(media=media_info(), offered=("720p", "480p", "360p"), slug="lesson01")
SMALL = SourceView(media=media_info(width=320, height=240), offered=(), slug="small")
AUDIO = SourceView(media=replace(media_info(), video=None), offered=(), slug="talk")


@pytest.mark.parametrize(
    ("values", "source", "text"),
    [
        (VALUES, NO_SOURCE, "1080p, 720p, MP4 · captions · kept in /out"),
        (VALUES, HD, "720p, MP4 · captions · kept in /out/lesson01"),
        (replace(VALUES, qualities=("1080p",)), HD, "No quality, MP4 · captions · kept in /out/lesson01"),
        (VALUES, SMALL, "Its own size, MP4 · captions · kept in /out/small"),
        (VALUES, AUDIO, "Audio only · captions · kept in /out/talk"),
        (replace(VALUES, make_mp4=False, transcribe=False), HD, "720p · no captions · kept in /out/lesson01"),
        (
            replace(VALUES, transcribe=False, captions="/a.srt"),
            HD,
            "720p, MP4 · your own captions · kept in /out/lesson01",
        ),
        (replace(VALUES, captions="/a.srt"), HD, "720p, MP4 · captions and your own · kept in /out/lesson01"),
        (replace(VALUES, upload=True, suggested_from=None), HD, "720p, MP4 · captions · uploaded to videos/lesson01/"),
        (replace(VALUES, output_dir=""), HD, "720p, MP4 · captions · not uploaded"),
    ],
    ids=[
        "no source",
        "a source",
        "none that it fills",
        "a small one",
        "audio",
        "less",
        "own captions",
        "both captions",
        "upload",
        "no folder",
    ],
)
def test_what_is_made(values, source, text):
    """Qualities that the source fills, captions, and where the files go."""
    assert Summary(text=text) == summarise(values, source)


@pytest.mark.parametrize(
    ("values", "dangers"),
    [
        (replace(VALUES, delete_local=True), ""),
        (replace(VALUES, delete_local=True, upload=True), "Deletes the converted copy"),
        (replace(VALUES, advanced=AdvancedValues(encrypt=True)), "Encrypted"),
        (
            replace(VALUES, upload=True, delete_local=True, advanced=AdvancedValues(encrypt=True, accept_damaged=True)),
            "Deletes the converted copy · encrypted · damaged videos too",
        ),
    ],
    ids=["deleted only after an upload", "deleted", "encrypted", "all"],
)
def test_what_takes_something_away(values, dangers):
    """It is told apart from the rest."""
    assert dangers == summarise(values, HD).dangers


def test_the_line_follows_the_form(open_driver):
    """It stands beside Start and changes with every setting; what takes something away has the colour of a warning."""
    driver = open_driver()
    driver.fill(upload=True)
    bar, variables = driver.window.actions, driver.window.variables
    assert "720p, 480p, MP4 · captions · uploaded to videos/lesson01/" == bar.summary.full_text
    assert "" == str(bar.dangers.cget("text"))
    variables.delete_local.set(True)
    variables.advanced.encrypt.set(True)
    variables.make_mp4.set(False)
    driver.settle()
    assert "Deletes the converted copy · encrypted" == str(bar.dangers.cget("text")).strip()
    assert "720p, 480p · captions · uploaded to videos/lesson01/" == bar.summary.full_text
    assert (True, "warning") == (bar.dangers.winfo_viewable(), str(bar.dangers.cget("style")).partition(".")[0].lower())


def test_reset_puts_the_usual_settings_back(open_driver):
    """The video, the folders and the login stay."""
    driver = open_driver()
    variables = driver.window.variables
    usual = variables.read()
    driver.fill(upload=True)
    variables.delete_local.set(True)
    variables.advanced.encrypt.set(True)
    variables.advanced.codec.set(CODEC_LABELS[Codec.HEVC])
    variables.qualities["480p"].set(False)
    variables.transcribe.set(False)
    variables.speech.translate.set(True)
    variables.token.set("a token")
    before = variables.read()
    driver.press(driver.window.actions.reset)
    kept = {
        name: getattr(before, name)
        for name in ("source", "output_dir", "destination", "suggested_from", "backend_url", "token")
    }
    assert replace(usual, **kept) == variables.read()
