"""The options of the commands for several machines, and the connection to their queue."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from cli.transfer_options import rates
from config import Config
from pipeline.cluster_access import queue_database
from pipeline.errors import SettingsError
from pipeline.transfer.http.control import PARALLEL
from pipeline.worker_policy import Hours, parse_hours

if TYPE_CHECKING:
    from pipeline.engines.procrastinate.database import Database

SHORTEST_LEASE_S = 3.0
LONGEST_S = 86_400.0
"""Of `--lease` and `--drain`, in seconds."""


def add_engine(parser: argparse.ArgumentParser, words: str) -> None:
    """Add the queue's address."""
    parser.add_argument("--engine", metavar="URL", help=f"{words}, such as postgresql://user@host/database")


def add_worker(parser: argparse.ArgumentParser) -> None:
    """Add the options of `worker`."""
    add_engine(parser, "the PostgreSQL that has the queue (default: ENGINE_URL)")
    parser.add_argument(
        "--tags",
        default="whisper",
        metavar="LIST",
        help="what this machine offers besides encoding on its processor: gpu,whisper (default: whisper)",
    )
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="how many videos it works on at a time (default: 1)"
    )
    parser.add_argument(
        "--lease",
        type=_lease,
        default=60.0,
        metavar="SECONDS",
        help="if no heartbeat came from it for so long, others take its videos (default: 60)",
    )
    parser.add_argument(
        "--drain",
        type=_seconds,
        default=30.0,
        metavar="SECONDS",
        help="how long its videos may take to end when it is stopped, before it hands them back (default: 30)",
    )
    parser.add_argument(
        "--limit-rate",
        type=rates,
        metavar="RATE",
        help=(
            "the most bytes per second that each video uploads, such as 500K or 5M, or by the hour such as "
            "'08:00,500K 18:00,off' (default: no limit)"
        ),
    )
    parser.add_argument(
        "--between",
        type=_hours,
        metavar="HOURS",
        help="when it works, by this computer's clock, such as 20:00-06:00 (default: always)",
    )
    parser.add_argument(
        "--idle-only",
        action="store_true",
        help="work only while nobody uses this computer: no input for 5 minutes, little work for other programs",
    )
    parser.add_argument(
        "--disk",
        type=_gigabytes,
        default=0.0,
        metavar="GB",
        help="take no video while less than so many gigabytes are free on its disk (default: 0)",
    )
    parser.add_argument("--background", action="store_true", help="let other programs on this computer go first")
    parser.add_argument(
        "--until-input-ends",
        action="store_true",
        help="stop when standard input ends, as it does when the program that started this one has ended",
    )
    parser.add_argument("--name", metavar="NAME", help="what others call this machine (default: its host name)")


def add_cluster(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the actions of `cluster`."""
    text = "create the queue's tables in a database, or update them: once, as the database's owner"
    init = actions.add_parser("init", help=text, description=f"{text[0].upper()}{text[1:]}.")
    add_engine(init, "the PostgreSQL that is to have the queue (default: ENGINE_URL)")
    init.add_argument(
        "--grant",
        action="append",
        default=[],
        metavar="USER",
        help="let this database user add jobs and work on them; repeat it for more users",
    )
    queue = "the PostgreSQL that has the queue (default: ENGINE_URL)"
    text = "show which videos wait, and why no machine takes them, and which run on which machine"
    listing = actions.add_parser("list", help=text, description=f"{text[0].upper()}{text[1:]}.")
    listing.add_argument("--json", action="store_true", help="print one job per line as JSON")
    add_engine(listing, queue)
    text = "cancel videos, also those that a machine works on: it stops"
    cancel = actions.add_parser("cancel", help=text, description=f"{text[0].upper()}{text[1:]}.")
    cancel.add_argument("ids", nargs="*", metavar="ID", help="an ID from `cluster list`, or the beginning of one")
    cancel.add_argument("--all", action="store_true", help="all videos that have not ended, whoever added them")
    add_engine(cancel, queue)


def engine_url(options: argparse.Namespace, config: Config) -> str:
    """Return the queue's address, empty where none is given, or where the option says so."""
    return config.cluster.url if options.engine is None else str(options.engine)


def engine_problems(options: argparse.Namespace, config: Config) -> list[str]:
    """Return which options of `convert` or `watch` don't apply to videos that go into a queue, as problems."""
    if not engine_url(options, config):
        return []
    given = {
        "--dataset": options.dataset is not None,
        "--limit-rate": options.limit_rate is not None,
        "--jobs": options.jobs > 0,
        "--parallel": options.parallel != PARALLEL,
        "--patience": options.patience is not None,
        "--background": options.background,
    }
    named = [name for name, is_given in given.items() if is_given]
    if not named:
        return []
    do, them = ("does", "it") if len(named) == 1 else ("do", "them")
    here = 'or convert on this machine with --engine "".'
    return [f"{' and '.join(named)} {do} not apply to videos that go into a queue: leave {them} out, {here}"]


def database_from(options: argparse.Namespace, config: Config) -> Database:
    """Return the queue's database, not connected yet. Raises SettingsError."""
    url = engine_url(options, config)
    if not url:
        raise SettingsError("No queue is named: add --engine postgresql://user@host/database, or set ENGINE_URL.")
    return queue_database(url)


def _hours(text: str) -> Hours:
    try:
        return parse_hours(text)
    except SettingsError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _lease(text: str) -> float:
    seconds = _seconds(text)
    if seconds < SHORTEST_LEASE_S:
        text = f"takes {SHORTEST_LEASE_S:.0f} seconds or more, not {text!r}: a worker must be able to miss a heartbeat"
        raise argparse.ArgumentTypeError(text)
    return seconds


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= LONGEST_S:
        raise argparse.ArgumentTypeError(f"takes a number of seconds such as 60, a day at most, not {text!r}")
    return number


def _gigabytes(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"takes a number of gigabytes such as 50, not {text!r}")
    return number
