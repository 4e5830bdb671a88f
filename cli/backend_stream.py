"""`backend stream`: who may watch which streams, and where, while the backend runs or not."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from html import escape

from backend.access.stream_rules import StreamRule, StreamRules, Visibility, as_folder
from backend.access.viewer_addresses import StreamPaths, ViewerAddresses
from backend.settings import BackendSettings
from backend.state.sqlite_file import SqliteFileError
from cli.asyncio_command import run_to_its_end
from cli.backend_root import root_of
from cli.main import complain
from cli.moments import moment_s
from cli.printing import write_table
from config import Config
from pipeline.errors import SettingsError
from pipeline.timestamps import utc_text
from storage import StorageError, StoragePathBuilder, create

_LOCAL_URL = "http://127.0.0.1:8000"
"""Where a backend is reached that nobody has told of another address."""


def run(options: argparse.Namespace, config: Config) -> int:
    """Do what was asked. Raises SettingsError."""
    root = root_of(options, config)
    rules = StreamRules(root, Visibility(config.server.streams))
    rules.prepare()
    if options.stream_action == "set":
        rules.set(options.stream, Visibility(options.visibility), new_address=options.new_address)
    elif options.stream_action == "unset":
        rules.unset(options.stream)
    elif options.stream_action == "list":
        _list(_all(rules), config.server.streams)
    else:
        expires_s = None if options.expires is None else moment_s(options.expires, "--expires", time.time())
        settings = BackendSettings.from_config(config, root=root)
        addresses = ViewerAddresses(settings.signing_secret, rules, time.time, settings.delivery.public_object)
        prefix = as_folder(options.stream)
        _write(_found(addresses.stream(prefix, expires_s=expires_s), settings))
        if not run_to_its_end(_is_stored(settings, prefix)):
            complain(f"No stream is stored at {prefix} yet: nothing is found at these addresses until there is.")
    return 0


async def _is_stored(settings: BackendSettings, prefix: str) -> bool:
    """Whether a stream is stored, as far as the storage tells now."""
    storage = create(settings.storage)
    try:
        await storage.start()
        return await storage.exists(StoragePathBuilder(prefix).master)
    except StorageError:
        return True
    finally:
        await storage.close()


def _all(rules: StreamRules) -> Sequence[StreamRule]:
    try:
        return rules.all()
    except SqliteFileError as error:
        raise SettingsError(f"The rules of the streams in {rules.file} can't be read.") from error


def _list(rules: Sequence[StreamRule], default: str) -> None:
    """Print the rules, and what counts for all other streams."""
    if rules:
        write_table(("Prefix", "Visibility"), [(rule.prefix, rule.visibility.value) for rule in rules])
    _write([f"{'All others are' if rules else 'All streams are'} {default} (STREAMS)."])


def _found(stream: StreamPaths, settings: BackendSettings) -> list[str]:
    """Return where a stream is watched, and the HTML of a page that shows it."""
    base = settings.public_base_url or _LOCAL_URL
    page = base + stream.page
    playlist = base + stream.playlist if stream.playlist.startswith("/") else stream.playlist  # where a CDN has it
    until = "for good" if stream.expires_s is None else f"until {utc_text(stream.expires_s)}"
    frame = (
        f'<iframe src="{escape(page)}" width="960" height="540" allow="autoplay; fullscreen; picture-in-picture"'
        ' allowfullscreen referrerpolicy="no-referrer" style="border: 0"></iframe>'
    )
    lines = [
        f"Visibility: {stream.visibility.value}; the addresses work {until}.",
        f"Page:       {page}",
        f"Playlist:   {playlist}",
        f"In a page:  {frame}",
    ]
    if not settings.public_base_url:
        lines.append("Set PUBLIC_BASE_URL to where players reach the backend, and the addresses begin with it.")
    if settings.embed_origins == Config().server.embed_origins:
        lines.append("A page of another site can show it once EMBED_ORIGINS names that site.")
    return lines


def _write(lines: Sequence[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
