"""What is looked at once more before a backend begins: settings with which it would be open to all, or of no use.

The sentences never have a secret in them. Pure, but for what a storage's settings look at.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from config import Config
from pipeline.errors import SettingsError
from pipeline.transfer.http.validation import is_host
from storage import StorageError, settings_from

MIN_TOKEN = 20
"""How many characters a token has at least: .env.example asks for as many."""

MIN_DIFFERENT = 8
"""How many different ones are among them at least."""

MOST_WORKERS = 64
"""How many processes may serve at one address: each has some 80 MB, and more than there are cores bring nothing."""

_VISIBLE_ASCII = re.compile(r"[!-~]+")
_PLACEHOLDERS = ("changeme", "replaceme", "placeholder", "yourtoken", "youraccesstoken", "yoursecret", "secrettoken")
"""What stands in examples for a token, without the signs between the letters."""


def check_settings(config: Config) -> None:
    """Refuse settings that a backend can't begin with, all at once. Raises SettingsError."""
    server = config.server
    problems = [
        *config.problems,
        *wrong_with_token(server.token),
        *wrong_with_public_url(server.public_base_url),
        *wrong_with_workers("BACKEND_WORKERS", server.workers),
        *_wrong_with_sizes(config),
    ]
    try:
        settings_from(server)
    except StorageError as error:
        problems.append(str(error))
    if problems:
        raise SettingsError(list(dict.fromkeys(problems)))


def wrong_with_token(token: str) -> list[str]:
    """Return why a token must not open a backend; nothing for none at all, in place of which a random one is made."""
    if not token:
        return []
    remedy = f"set a random one of at least {MIN_TOKEN} characters, or none, and one is made at every start"
    if not _VISIBLE_ASCII.fullmatch(token):
        return [f"AUTH_TOKEN has a space or a special character in it, which no client can send: {remedy}."]
    letters = re.sub(r"[^a-z0-9]", "", token.lower())
    if any(placeholder in letters for placeholder in _PLACEHOLDERS):
        return [f"AUTH_TOKEN is the placeholder of an example, which anybody could try: {remedy}."]
    if len(token) < MIN_TOKEN:
        return [f"AUTH_TOKEN is so short ({len(token)} of {MIN_TOKEN} characters) that it could be guessed: {remedy}."]
    if len(set(token)) < MIN_DIFFERENT:
        return [f"AUTH_TOKEN repeats a few characters, so that it could be guessed: {remedy}."]
    return []


def wrong_with_public_url(url: str) -> list[str]:
    """Return why a URL can't be the one at which players reach a backend; nothing for none."""
    if not url:
        return []
    example = "write it like https://videos.example.com/media"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return [f"PUBLIC_BASE_URL is not a valid address: {example}."]
    if parts.scheme not in ("http", "https"):
        return [f"PUBLIC_BASE_URL must begin with https:// or http://: {example}."]
    if not host or not is_host(host) or port == 0:
        return [f"PUBLIC_BASE_URL does not name a server that can exist: {example}."]
    if not _VISIBLE_ASCII.fullmatch(url) or "\\" in url:
        return [f"PUBLIC_BASE_URL has a space or a special character in it: {example}."]
    if "@" in parts.netloc or "?" in url or "#" in url:
        return [f"PUBLIC_BASE_URL must have no user name, no ? and no #: {example}."]
    if any(segment in ("", ".", "..") for segment in parts.path.split("/")[1:]):
        return [f"PUBLIC_BASE_URL must not have //, . or .. in its path: {example}."]
    return []


def wrong_with_workers(name: str, workers: int) -> list[str]:
    """Return why so many processes can't serve; `name` is the setting or option that says how many."""
    if 1 <= workers <= MOST_WORKERS:
        return []
    return [f"{name} must be 1 to {MOST_WORKERS}, but is {workers}: set as many as the machine has processor cores."]


def _wrong_with_sizes(config: Config) -> list[str]:
    server = config.server
    sizes = {"STORAGE_LOCAL_MAX_SIZE_GB": server.local_max_size_gb} if server.storage_type == "LOCAL" else {}
    sizes |= {"STORAGE_S3_MAX_SIZE_GB": server.s3.max_size_gb} if server.storage_type == "S3" else {}
    sizes |= {f"STORAGE_QUOTAS_GB of {folder}": size_gb for folder, size_gb in server.quotas_gb.items()}
    return [
        f"{name} is 0, so that nothing could be stored: set how many gigabytes there may be, or leave it out."
        for name, size_gb in sizes.items()
        if size_gb == 0
    ]
