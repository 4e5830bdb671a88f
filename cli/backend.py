"""`backend`: the reference backend on this computer, until Ctrl-C, and the tokens of its clients; with --check, a look
at somebody's own.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from backend.access.named_tokens import NamedTokens
from backend.conformance.check import PointResult, check_backend
from backend.server import RunningBackend, serve
from backend.serving.log_output import notices, show_log
from backend.serving.workers import serve_with_workers
from backend.settings import BackendSettings
from backend.settings_check import check_settings, wrong_with_workers
from backend.state.storage_root import init_root
from cli.backend_options import ACTIONS
from cli.backend_root import is_usual, root_of
from config import BackendApi, Config
from pipeline.errors import SettingsError
from pipeline.printable import printable
from pipeline.timestamps import utc_text
from pipeline.transfer.http.validation import as_prefix, target_problems
from storage import S3Settings

HOST, PORT, CHECK_PREFIX = "127.0.0.1", 8000, "tests/"
LABEL_WIDTH = 13


def run(options: argparse.Namespace, config: Config) -> int:
    """Serve, or check; print what an engineer needs to know."""
    for_tokens = options.add_token or options.remove_token or options.list_tokens
    acts = getattr(options, "action", None) is not None
    serves = not (acts or for_tokens or options.init) and options.check is None
    if config.problems and not serves:
        raise SettingsError(config.problems)
    if acts:
        return _act(options, config)
    serving = (options.host, options.port, options.root, options.workers)
    if options.init:
        return _init(options, config)
    if for_tokens:
        return _tokens(options, config)
    if options.check is None:
        if options.prefix is not None:
            raise SettingsError("--prefix belongs to --check: say which backend is to be checked.")
        host, port, root, _ = serving
        _check(config)
        settings = BackendSettings.from_config(
            with_workers(config, options.workers), root=root, may_begin=is_usual(root or config.server.local_path)
        )
        serving_way = serve if settings.workers == 1 else serve_with_workers
        serving_way(
            settings,
            host=host or HOST,
            port=PORT if port is None else port,
            announce=announce,
            reread=partial(reread, root=root, workers=options.workers),
        )
        return 0
    if serving != (None, None, None, None):
        raise SettingsError("--check starts no backend of its own: leave out --host, --port, --root and --workers.")
    return check(replace(config.backend, url=options.check.rstrip("/")), as_prefix(options.prefix or CHECK_PREFIX))


def _init(options: argparse.Namespace, config: Config) -> int:
    """Make a folder a storage. Raises SettingsError."""
    if (options.host, options.port, options.check, options.prefix, options.workers) != (None,) * 5:
        raise SettingsError("--init starts no backend: give --root alone beside it.")
    root = (options.root or config.server.local_path).expanduser().absolute()
    begun = init_root(root)
    _write(f"{root} is a storage now." if begun else f"{root} was a storage before, and stays as it is.")
    return 0


def with_workers(config: Config, workers: int | None) -> Config:
    """Return the settings with the number of workers of the command line, if it has one. Raises SettingsError."""
    if workers is None:
        return config
    if problems := wrong_with_workers("--workers", workers):
        raise SettingsError(problems)
    return replace(config, server=replace(config.server, workers=workers))


def reread(settings: BackendSettings, *, root: Path | None, workers: int | None) -> BackendSettings:
    """Read `.env` anew for a running backend. Raises SettingsError."""
    config = Config.load()
    _check(config)
    renewed, kept = settings.renewed(with_workers(config, workers), root=root)
    if kept:
        notices.warning("Restart the backend to change %s: that stays as it was.", " and ".join(kept))
    return renewed


def _check(config: Config) -> None:
    """Log what is odd about the settings, and refuse those that a backend can't begin with. Raises SettingsError."""
    show_log(config.server.log_format)
    for warning in config.warnings:  # first: what a backend lacks may be there under a misspelt name
        notices.warning("%s", warning)
    check_settings(config)


def _act(options: argparse.Namespace, config: Config) -> int:
    """Do what was asked instead of serving. Raises SettingsError."""
    of_serving = (options.host, options.port, options.workers, options.check, options.prefix)
    of_others = (options.init, options.add_token, options.remove_token, options.list_tokens)
    if any(value is not None for value in of_serving) or any(of_others):
        raise SettingsError(f"{options.action} starts no backend: before it, give --root alone.")
    run: Callable[[argparse.Namespace, Config], int] = importlib.import_module(ACTIONS[options.action].module).run
    return run(options, config)


def _tokens(options: argparse.Namespace, config: Config) -> int:
    """Add, remove or list the clients' tokens. Raises SettingsError."""
    if (options.host, options.port, options.check, options.prefix) != (None, None, None, None):
        raise SettingsError("The tokens are in the storage's folder: give --root alone beside these options.")
    tokens = NamedTokens(root_of(options, config))
    tokens.prepare()
    if options.add_token:
        _write(tokens.add(options.add_token))
    elif options.remove_token:
        tokens.revoke(options.remove_token)
    else:
        _write(*(f"{utc_text(token.added_s)}  {token.grant.name}" for token in tokens.all()))
    return 0


def check(api: BackendApi, prefix: str) -> int:
    """Print a line for each point of the interface as it is tried; exit 1 where one is not met.

    Raises SettingsError.
    """
    problems = target_problems(url=api.url, token=api.token, prefix=prefix, session_id=None)
    if problems:
        raise SettingsError(problems)
    faults = 0
    with closing(check_backend(api, prefix)) as lines:  # stopped in its middle it tidies up, too
        for line in lines:
            faults += line.result is PointResult.FAULT
            _write(f"{line.result.value:<{LABEL_WIDTH}}{printable(line.text)}")
    if faults:
        _write("", f"{faults} {'requirement' if faults == 1 else 'requirements'} of docs/backend-api.md not met.")
    else:
        _write("", "Everything that this backend offers meets docs/backend-api.md.")
    return 1 if faults else 0


def announce(running: RunningBackend) -> None:
    """Say what an engineer needs to connect."""
    settings = running.settings
    storage = _bucket(settings.storage) if isinstance(settings.storage, S3Settings) else str(settings.root)
    lines = [f"Backend:  {running.url}", f"Storage:  {storage}"]
    if settings.token_made:
        lines += [
            f"Token:    {settings.token}",
            "",
            (
                "The token is new at every start. To keep one, set AUTH_TOKEN in .env. "
                "To upload to this backend, set in .env:"
            ),
            f"  BACKEND_URL={running.url}",
            f"  AUTH_TOKEN={settings.token}",
        ]
    streams = [f"Streams:  {running.url}/"] if settings.stream_list else []
    _write(*lines, "", *streams, f"API:      {running.url}/docs", "Stop with Ctrl-C.")


def _bucket(storage: S3Settings) -> str:
    where = f" at {storage.endpoint_url}" if storage.endpoint_url else ""
    return f"s3://{storage.bucket}/{storage.prefix}{where}"


def _write(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
