"""Opens a window and stays until it is closed. Importable where Tk is missing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from config import Config
from diagnostics import crash_log
from diagnostics.secrets import secrets_of
from installation import FilePlace, settings_file
from ui.collecting import collected_here
from ui.missing_tk import WindowUnavailableError, no_screen_sentence, no_tk_sentence
from ui.one_instance import FirstWindow, first_window
from ui.preferences import PREFERENCES_FILE, Preferences
from ui.services import PipelineServices, Services


def open_window(
    config: Config,
    preferences: FilePlace | None = None,
    services: Services | None = None,
    *,
    files: Sequence[Path] = (),
) -> int:
    """Open the window and return the exit status when it is closed.

    A window of the same user that is open already comes to the front in its place and gets the files. Raises
    WindowUnavailableError, whose text says what to install, where Tk or a screen is missing.

    Args:
        config: the settings; the window that is open is known by a file in their `data_dir`.
        preferences: where the window remembers things.
        services: the pipeline.
        files: the videos that the program was started with.
    """
    first = first_window(config.data_dir, files)
    if first is None:
        return 0
    with collected_here(), closing(first):
        return _show_window(config, preferences, services, first, files)


def _show_window(
    config: Config,
    preferences: FilePlace | None,
    services: Services | None,
    first: FirstWindow,
    files: Sequence[Path],
) -> int:
    try:
        import tkinter
    except ImportError as error:
        raise WindowUnavailableError(no_tk_sentence()) from error
    from ui.window import MainWindow

    place = preferences or settings_file(PREFERENCES_FILE)
    is_first_start = not place.read.exists() and not files
    try:
        window = MainWindow(
            config=config,
            preferences=place,
            services=services or PipelineServices(),
        )
    except tkinter.TclError as error:
        raise WindowUnavailableError(no_screen_sentence(str(error))) from error
    crash_log.hide(*secrets_of(config))
    crash_log.tell_with(window.tell_of_mistake)
    first.listen(window.give)
    # Finder's way of opening files with a program (Tk, tk_mac)
    window.createcommand("::tk::mac::OpenDocument", lambda *paths: window.give(tuple(map(Path, paths))))
    if files:
        window.give(tuple(file.absolute() for file in files))
    if is_first_start:
        window.after_idle(lambda: window.machine_check.open(first_time=True))
    window.mainloop()
    return 0


def open_editor(config: Config, address: str = "", *, model: str = "") -> int:
    """Open a window in which a dataset of transcripts is edited, and return the exit status when it is closed.

    `model` is the Whisper model that words are aligned with; empty is the one that transcribed them. Raises
    WindowUnavailableError.
    """
    with collected_here():
        return _show_editor(config, address, model)


def _show_editor(config: Config, address: str, model: str) -> int:
    try:
        import tkinter
    except ImportError as error:
        raise WindowUnavailableError(no_tk_sentence()) from error
    from ui.appearance import size_of_text, theme_at_start
    from ui.transcripts.app import EditorApp, opener_for
    from ui.transcripts.publishing import publisher_for

    settings = Preferences.load(settings_file(PREFERENCES_FILE).read).program
    try:
        app = EditorApp(
            opener=opener_for(config),
            publisher=publisher_for(config),
            model=model,
            theme=theme_at_start(config, settings),
            text=size_of_text(settings),
            language=settings.language,
            address=address,
        )
    except tkinter.TclError as error:
        raise WindowUnavailableError(no_screen_sentence(str(error))) from error
    app.mainloop()
    return 0


def why_no_window() -> str | None:
    """Return the sentence that says why the window can't open here, None where it can."""
    try:
        import tkinter
    except ImportError:
        return no_tk_sentence()
    try:
        tkinter.Tk().destroy()
    except tkinter.TclError as error:
        return no_screen_sentence(str(error))
    return None
