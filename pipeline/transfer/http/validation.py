"""What an upload needs to be told, checked before anything starts. Pure: text in, problems out."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from pipeline.errors import Problem, Setting

MAX_HOST = 253
IPV6 = 6
_OWN_NAMES = (".local", ".localhost", ".internal", ".test", ".home.arpa")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
MAX_KEY_BYTES = 1024
"""Amazon S3, object key names."""

MAX_NAME_BYTES = 255
"""Of one folder or file: most disks take no more, and stores that keep objects on disks (MinIO) neither."""

LONGEST_NAME_BYTES = 100
"""What a job puts behind the destination has less, such as `v12/subtitles/pt-BR-forced-2/segment_00001.vtt`."""

_UNUSABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff]")
"""Control characters (no XML carries them), backslashes (slashes to players), and what is not text."""

_DESTINATION = re.compile(r"[A-Za-z0-9_./-]*")
_SESSION_ID = re.compile(r"[0-9A-Fa-f]{24}")
_VISIBLE_ASCII = re.compile(r"[!-~]+")


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine: localhost, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def takes_plain_http(host: str, *, token: bool) -> bool:
    """Say whether http:// will do for a host: for this machine, and where no token is sent for the own network, too.

    That has addresses which nobody outside has (RFC 1918, 4193, 6598), and names that no public server has
    (RFC 6761, 6762, 8375; .internal by ICANN; names without a dot).
    """
    return is_loopback(host) or (not token and _is_of_own_network(host.lower()))


def _is_of_own_network(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        # numbers without dots are addresses, too (inet_aton), and may be public ones
        return host.endswith(_OWN_NAMES) or ("." not in host and host[:1].isalpha())
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return not (mapped or address).is_global


def is_host(host: str) -> bool:
    """Say whether this can be a server's name or address: labels of 1 to 63 characters, 253 in all (RFC 1123, 2.1)."""
    if ":" in host:
        try:
            return ipaddress.ip_address(host.partition("%")[0]).version == IPV6
        except ValueError:
            return False
    name = host.removesuffix(".")
    return len(name) <= MAX_HOST and all(_LABEL.fullmatch(label) for label in name.split("."))


def backend_url_problems(url: str) -> list[Problem]:
    """Return what is wrong with the backend's address; the address itself is not repeated."""
    return _of(Setting.BACKEND_URL, _wrong_with_url(url))


def _wrong_with_url(url: str) -> list[str]:
    if not url:
        return ["Backend URL is required (or set BACKEND_URL in .env)."]
    if not _VISIBLE_ASCII.fullmatch(url) or "\\" in url:
        return ["Backend URL must not contain spaces, backslashes or special characters."]
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return ["Backend URL is not a valid address: write it like https://api.example.com."]
    if parts.scheme not in ("http", "https"):
        return ["Backend URL must start with https://."]
    problems = []
    if not host:
        problems.append("Backend URL must name a server, like https://api.example.com.")
    elif not is_host(host) or port == 0:
        problems.append("Backend URL does not name a server that can exist: write it like https://api.example.com.")
    elif parts.scheme == "http" and not takes_plain_http(host, token=True):
        problems.append("Backend URL must start with https:// (http:// is for localhost only).")
    if "@" in parts.netloc:
        problems.append("Backend URL must not contain a user name or password.")
    if "?" in url or "#" in url:
        problems.append("Backend URL must not contain ? or #.")
    if ".." in parts.path.split("/"):
        problems.append("Backend URL must not contain ..")
    return problems


def as_prefix(typed: str) -> str:
    """Return a destination with the slash that ends it; an empty one stays empty."""
    return typed if not typed or typed.endswith("/") else f"{typed}/"


def destination_problems(prefix: str) -> list[Problem]:
    """Return what is wrong with the folder in the store."""
    return _of(Setting.DESTINATION, _wrong_with_prefix(prefix))


def _wrong_with_prefix(prefix: str) -> list[str]:
    if not prefix:
        return ["S3 destination is required, for example videos/course123/lesson01/."]
    problems = []
    if prefix.startswith("/"):
        problems.append("S3 destination must not start with /.")
    if not prefix.endswith("/"):
        problems.append("S3 destination must end with /.")
    if ".." in prefix:
        problems.append("S3 destination must not contain ..")
    # A "." folder is dropped from an address on its way, so the signature would not fit any more.
    if "." in prefix.split("/"):
        problems.append("S3 destination must not have a folder named with a single dot.")
    if "//" in prefix:
        problems.append("S3 destination must not contain two slashes in a row.")
    if len(prefix) > MAX_KEY_BYTES - LONGEST_NAME_BYTES:
        most = MAX_KEY_BYTES - LONGEST_NAME_BYTES
        problems.append(
            f"S3 destination must have at most {most} characters: S3 takes {MAX_KEY_BYTES} with the name of a file."
        )
    if any(len(folder) > MAX_NAME_BYTES for folder in prefix.split("/")):
        problems.append(f"S3 destination must not have a folder of more than {MAX_NAME_BYTES} characters.")
    if not _DESTINATION.fullmatch(prefix):
        problems.append("S3 destination may only have letters (a to z), digits and - _ . /")
    return problems


def key_problem(key: str) -> str:
    """Return why no store takes an object under this key, empty where some do."""
    if _UNUSABLE.search(key):
        return "its name has a backslash, a control character or bytes that are not text"
    if len(key) * 4 > MAX_KEY_BYTES and (size_bytes := len(key.encode())) > MAX_KEY_BYTES:
        return f"with the destination its name has {size_bytes} bytes, and S3 takes {MAX_KEY_BYTES}"
    return ""


def session_id_problems(session_id: str | None) -> list[Problem]:
    """Return what is wrong with the session ID; none at all is fine."""
    if not session_id or _SESSION_ID.fullmatch(session_id):
        return []
    return _of(Setting.SESSION_ID, ["Session ID must be 24 characters from 0 to 9 and a to f, or empty."])


def token_problems(token: str) -> list[Problem]:
    """Return what is wrong with the token. Whether it is a good one only the backend knows."""
    return _of(Setting.TOKEN, _wrong_with_token(token))


def _wrong_with_token(token: str) -> list[str]:
    if not token:
        return ["Auth token is required (or set AUTH_TOKEN in .env)."]
    if not _VISIBLE_ASCII.fullmatch(token):
        return ["Auth token must not contain spaces, line breaks or special characters."]
    return []


def target_problems(*, url: str, token: str, prefix: str, session_id: str | None) -> list[Problem]:
    """Return everything that is wrong with the inputs of an upload at once."""
    return [
        *backend_url_problems(url),
        *token_problems(token),
        *destination_problems(prefix),
        *session_id_problems(session_id),
    ]


def _of(setting: Setting, sentences: Sequence[str]) -> list[Problem]:
    return [Problem(text=text, setting=setting) for text in sentences]
