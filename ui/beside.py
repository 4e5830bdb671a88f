"""The windows beside the main one that show what it is about to do, and what was done."""

from __future__ import annotations

from collections.abc import Callable

import ttkbootstrap as ttk

from config import Config
from ui.about import AboutOpener
from ui.controller import Controller
from ui.form_variables import FormVariables
from ui.frames.opener import FramesOpener
from ui.history.opener import HistoryOpener
from ui.job_form import job_config
from ui.messages import Message
from ui.results.opener import ResultsOpener
from ui.services import Services


def windows_beside(
    master: ttk.App,
    services: Services,
    controller: Controller,
    variables: FormVariables,
    post: Callable[[Message], None],
) -> tuple[FramesOpener, ResultsOpener, HistoryOpener, AboutOpener]:
    """Return what opens them."""

    def config() -> Config:
        return job_config(variables.read(), controller.login.config)

    return (
        FramesOpener(master, variables, (services.frames, services.folders), config, post),
        ResultsOpener(master, controller.folders),
        HistoryOpener(master, services.folders, controller.folders, config, controller.login.ask_for_folder, post),
        AboutOpener(master),
    )
