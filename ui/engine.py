"""Where the window's videos are converted: on this computer, or by the computers of a queue. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import parse_qsl, urlencode, urlsplit

from config import Config
from pipeline.errors import Problem, Setting
from ui.preferences import EnginePreferences

EXAMPLE = "postgresql://user@host/database"
SCHEMES = ("postgresql", "postgres")
SECRET_PARAMETERS = ("password", "sslpassword", "oauth_client_secret")
"""Parts of a query that hold a secret (PostgreSQL, libpq's connection parameters)."""

HOSTS = re.compile(r"(\[[0-9a-fA-F:.]*\]|[^\[\]:,/@]*)(:\d*)?(,(\[[0-9a-fA-F:.]*\]|[^\[\]:,/@]*)(:\d*)?)*")


class ConvertOn(str, Enum):
    """Who converts."""

    HERE = "here"
    QUEUE = "queue"


CONVERT_ON_LABELS = {ConvertOn.HERE: "This computer", ConvertOn.QUEUE: "Several computers (a queue)"}


@dataclass(frozen=True, kw_only=True)
class EngineValues:
    """Who converts. `typed` is the queue's address as it was typed, which counts where `.env` names none; `named` says
    that it does. `works_along` lets this computer work for the queue while the window is open.
    """

    convert_on: ConvertOn = ConvertOn.HERE
    typed: str = field(default="", repr=False)
    named: bool = False
    works_along: bool = False

    @property
    def in_queue(self) -> bool:
        """Whether videos go into a queue."""
        return self.convert_on is ConvertOn.QUEUE


def queue_url(values: EngineValues, config: Config) -> str:
    """Return the address of the queue that videos go into, empty where they are converted here or none is named."""
    return (config.cluster.url or values.typed) if values.in_queue else ""


def engine_problems(values: EngineValues, *, dataset: bool) -> tuple[Problem, ...]:
    """Return what is wrong with it; `dataset` says that the transcript is to go into one."""
    if not values.in_queue:
        return ()
    problems = []
    if not values.named and not values.typed:
        text = f"No queue is named: type its address, such as {EXAMPLE}, or convert on this computer."
        problems.append(Problem(text=text, setting=Setting.ENGINE))
    if dataset:
        text = "Other computers can't fill a dataset of transcripts: leave it empty, or convert on this computer."
        problems.append(Problem(text=text, setting=Setting.DATASET))
    return tuple(problems)


def engine_changes(values: EngineValues) -> tuple[str, ...]:
    """Return a few words for what is not as it is by default."""
    if not values.in_queue:
        return ()
    return ("converted by a queue", *(["works along"] if values.works_along else []))


def engine_from_preferences(preferences: EnginePreferences, config: Config) -> EngineValues:
    """Return what was remembered; where nothing was chosen, `.env` says whether there is a queue."""
    named = bool(config.cluster.url)
    in_queue = named if preferences.in_queue is None else preferences.in_queue
    return EngineValues(
        convert_on=ConvertOn.QUEUE if in_queue else ConvertOn.HERE,
        typed="" if named else without_password(preferences.address),
        named=named,
        works_along=preferences.works_along,
    )


def engine_to_preferences(values: EngineValues) -> EnginePreferences:
    """Return what is remembered: no password."""
    return EnginePreferences(
        in_queue=None if values.in_queue is values.named else values.in_queue,
        address=without_password(values.typed),
        works_along=values.works_along,
    )


def without_password(typed: str) -> str:
    """Return a queue's address without what is secret in it, empty where that can't be told for certain."""
    try:
        parts = urlsplit(typed)
    except ValueError:
        return ""
    login, at, hosts = parts.netloc.rpartition("@")
    plain = parts.scheme in SCHEMES and HOSTS.fullmatch(hosts) is not None
    if not plain or "@" in login + parts.path + parts.query or parts.fragment:
        return ""
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in SECRET_PARAMETERS]
    query = f"?{urlencode(kept)}" if kept else ""
    return f"{parts.scheme}://{login.partition(':')[0]}{at}{hosts}{parts.path}{query}"
