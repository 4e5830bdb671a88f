"""Opens a window and stays until it is closed. Importable where Tk is missing."""

from __future__ import annotations

from config import Config
from diagnostics import crash_log
from diagnostics.secrets import secrets_of
from installation import FilePlace, settings_file
from ui.collecting import collected_here
from ui.missing_tk import WindowUnavailableError, no_screen_sentence, no_tk_sentence
from ui.preferences import PREFERENCES_FILE, Preferences
from ui.services import PipelineServices, Services


def open_window(config: Config, preferences: FilePlace | None = None, services: Services | None = None) -> int:
    """Open the window and return the exit status when it is closed; `preferences` is where it remembers things.

    Raises WindowUnavailableError, whose text says what to install, where Tk or a screen is missing.
    """
    with collected_here():
        return _show_window(config, preferences, services)


def _show_window(config: Config, preferences: FilePlace | None, services: Services | None) -> int:
    try:
        import tkinter
    except ImportError as error:
        raise WindowUnavailableError(no_tk_sentence()) from error
    from ui.window import MainWindow

    try:
        window = MainWindow(
            config=config,
            preferences=preferences or settings_file(PREFERENCES_FILE),
            services=services or PipelineServices(),
        )
    except tkinter.TclError as error:
        raise WindowUnavailableError(no_screen_sentence(str(error))) from error
    crash_log.hide(*secrets_of(config))
    crash_log.tell_with(window.tell_of_mistake)
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
