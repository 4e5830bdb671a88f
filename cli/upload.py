"""`upload`: sends a folder that was converted before, or any folder laid out like one."""

from __future__ import annotations

import argparse
from pathlib import Path

from cli.convert import existing_from, exit_status, settle_unfinished
from cli.job_thread import run_cancellable
from cli.main import complain
from cli.render import renderer
from cli.transfer_options import control_from, patient, token_prompt
from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.errors import OutputError, Problem, SettingsError, UploadIncompleteError
from pipeline.job import Existing, UploadRequest
from pipeline.model import Outcome
from pipeline.workspace import partial_of


def run(options: argparse.Namespace, config: Config) -> int:
    """Upload a folder and make its file record; what is confirmed already is not sent again."""
    folder: Path = options.folder
    config = patient(config, options)
    request = UploadRequest(
        prefix=options.prefix,
        language=config.languages.default,
        session_id=options.session_id or None,
        delete_local=options.delete_local,
        replace=options.replace,
    )
    problems: list[str | Problem] = [*config.problems, *wiring.upload_problems(config, request, token_typed=False)]
    if problems:
        raise SettingsError(problems)
    if not folder.is_dir() and partial_of(folder.absolute()).is_dir():
        raise OutputError(f"The conversion into {folder} was stopped: start `convert` again, it goes on from there.")
    if not folder.is_dir():
        raise OutputError(f"{folder} is not a folder: name the folder of a converted video.")
    request = wiring.upload_request(folder, request, config)
    existing = existing_from(options)
    left = wiring.unfinished_upload(folder, request, config)
    if existing is Existing.ASK and left is not None:
        existing = settle_unfinished(UploadIncompleteError(files_done=left.files_done, files_total=left.files_total))
    view = renderer(as_json=options.json)
    slug = folder.absolute().name
    view.start(slug, (), wiring.upload_phases(request))
    stop = CancelToken()
    control, ask_token = control_from(options), token_prompt(config, slug, view.event, stop)
    try:
        report = run_cancellable(
            lambda sink, cancel: wiring.run_upload(
                folder, request, existing, config, sink, cancel, control=control, ask_token=ask_token
            ),
            view.event,
            stop,
        )
    finally:
        view.close()
    if report.outcome is Outcome.FAILED:
        complain(*report.error.splitlines())
    return exit_status([report])
