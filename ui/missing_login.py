"""The login that an unfinished job needs for its upload and that is not in the form. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from config import Config
from ui.job_form import FormValues, job_config

if TYPE_CHECKING:
    from pipeline.unfinished import UnfinishedJob  # with the queue's file


class LoginPlace(Enum):
    """Where the login that an unfinished job needs is given, or chosen."""

    TOKEN = "the token alone is missing"
    TYPED = "address and token are typed"
    NAMED = "one of the named backends has it"
    SETTINGS = "it must become a named backend: .env has another one"


@dataclass(frozen=True, kw_only=True)
class LoginMissing:
    """An unfinished job uploads to `server`, and the form has no login for it; `name` is what that backend is called
    here, if it has a name.
    """

    server: str
    place: LoginPlace
    name: str = ""


def missing_login(one: UnfinishedJob, values: FormValues, config: Config) -> LoginMissing | None:
    """Return the login that a job needs for its upload and that the form does not have, None if nothing is missing."""
    from pipeline.stored_job import without_login

    def is_its(url: str) -> bool:
        return without_login(url).rstrip("/") == one.backend_url.rstrip("/")

    backend, server = job_config(values, config).backend, one.backend_url or "a server"
    if one.job.upload is None or (backend.token and is_its(backend.url)):
        return None
    named = next((known for known in values.program.backends if is_its(known.address)), None)
    if is_its(backend.url):
        return LoginMissing(server=server, place=LoginPlace.TOKEN)
    if named is not None:
        return LoginMissing(server=server, place=LoginPlace.NAMED, name=named.name)
    typed = not values.backend and not config.backend.configured
    return LoginMissing(server=server, place=LoginPlace.TYPED if typed else LoginPlace.SETTINGS)
