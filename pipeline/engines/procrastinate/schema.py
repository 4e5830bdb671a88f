"""The queue's tables: Procrastinate's, and our own beside them, with a version. Made by their owner, once.

Workers and those who put jobs in need no right to make tables.
"""

from __future__ import annotations

import uuid
from importlib.metadata import version

import psycopg
from procrastinate.schema import SchemaManager
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from pipeline.engines.procrastinate.database import Database, not_set_up
from pipeline.errors import SettingsError

LOCK = 0x686C73
"""The number of the lock that one who makes the tables holds: two at once would stumble over each other."""

WORK_CHANNEL = "hls_work"
EVENT_CHANNEL = "hls_events"
"""On which workers hear of work and cancels, and those who wait for jobs of events."""

MIGRATIONS = (
    """
    CREATE TABLE hls_jobs (
        id uuid PRIMARY KEY,
        task bigint NOT NULL UNIQUE REFERENCES procrastinate_jobs (id) ON DELETE CASCADE,
        title text NOT NULL,
        put_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE TABLE hls_workers (
        id uuid PRIMARY KEY,
        procrastinate_id bigint NOT NULL,
        machine text NOT NULL,
        version text NOT NULL,
        ffmpeg text NOT NULL,
        tags text[] NOT NULL,
        started_at timestamptz NOT NULL DEFAULT now(),
        seen_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE TABLE hls_attempts (
        claim uuid PRIMARY KEY,
        job uuid NOT NULL REFERENCES hls_jobs (id) ON DELETE CASCADE,
        worker uuid NOT NULL,
        machine text NOT NULL,
        started_at timestamptz NOT NULL DEFAULT now(),
        lease_until timestamptz NOT NULL,
        ended_at timestamptz,
        outcome text,
        error text NOT NULL DEFAULT ''
    );
    CREATE UNIQUE INDEX hls_attempts_running ON hls_attempts (job) WHERE ended_at IS NULL;
    CREATE INDEX hls_attempts_job ON hls_attempts (job);
    CREATE TABLE hls_job_events (
        job uuid NOT NULL REFERENCES hls_jobs (id) ON DELETE CASCADE,
        sequence bigint NOT NULL,
        machine text NOT NULL,
        event jsonb NOT NULL,
        told_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (job, sequence)
    );
    """,
    """
    ALTER TABLE hls_jobs ADD COLUMN parent uuid REFERENCES hls_jobs (id) ON DELETE CASCADE;
    CREATE INDEX hls_jobs_parent ON hls_jobs (parent) WHERE parent IS NOT NULL;
    CREATE TABLE hls_results (
        job uuid PRIMARY KEY REFERENCES hls_jobs (id) ON DELETE CASCADE,
        result jsonb NOT NULL
    );
    """,
    # to take a job, Procrastinate looks for others with its lock: without an index, at every other that waits
    """
    CREATE INDEX hls_tasks_lock ON procrastinate_jobs (lock) WHERE lock IS NOT NULL;
    """,
    "ALTER TABLE hls_workers ADD COLUMN resting text NOT NULL DEFAULT ''",
    "ALTER TABLE hls_queue ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid()",
    # a job need not be there yet, and a file outlives it
    """
    CREATE TABLE hls_stored_files (
        key text NOT NULL,
        job uuid NOT NULL,
        until timestamptz NOT NULL,
        deleting_at timestamptz,
        PRIMARY KEY (key, job)
    );
    """,
)
"""Each makes the next version out of the one before; one that has been released never changes."""

TABLES = ("hls_queue", "hls_jobs", "hls_workers", "hls_attempts", "hls_job_events", "hls_results", "hls_stored_files")
PROCRASTINATE_TABLES = (
    "procrastinate_jobs",
    "procrastinate_events",
    "procrastinate_workers",
    "procrastinate_periodic_defers",
)


EVERYBODY = "public"
"""What PostgreSQL calls all users together."""


def make_tables(database: Database) -> None:
    """Make what is missing; do nothing where all is there. Raises SettingsError, QueueError."""
    with database.transaction() as cursor:
        ((encoding,),) = cursor.execute("SHOW server_encoding").fetchall()
        if encoding != "UTF8":
            text = f"The database {database.place} keeps texts as {encoding}, which not every name can be written in"
            raise SettingsError(f"{text}: make one with `createdb --encoding UTF8 --template template0` for the queue.")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        if not _exists(cursor, "procrastinate_jobs"):
            cursor.execute(SchemaManager.get_schema())
        if not _exists(cursor, "hls_queue"):
            cursor.execute("CREATE TABLE hls_queue (version integer NOT NULL, procrastinate text NOT NULL)")
            cursor.execute("INSERT INTO hls_queue VALUES (0, %s)", (version("procrastinate"),))
        present = _version(cursor)
        _refuse_newer(present, database.place)
        for migration in MIGRATIONS[present:]:
            cursor.execute(migration)
        cursor.execute("UPDATE hls_queue SET version = %s", (len(MIGRATIONS),))


def check_tables(database: Database) -> uuid.UUID:
    """See that the queue is there, and of this version; return its id, the same however its address is written.

    Raises SettingsError, QueueError.
    """
    with database.transaction() as cursor:
        if not _exists(cursor, "hls_queue"):
            raise not_set_up(database.place)
        present = _version(cursor)
        _refuse_newer(present, database.place)
        if present < len(MIGRATIONS):
            text = f"The queue at {database.place} was made by an older version of this program: run `cluster init`"
            raise SettingsError(f"{text} again, as its owner.")
        id_: uuid.UUID
        ((id_,),) = cursor.execute("SELECT id FROM hls_queue").fetchall()
    return id_


def grant(database: Database, user: str) -> None:
    """Let a user of the database put jobs in and work on them. Raises SettingsError, QueueError."""
    name = Identifier(user)
    tables = SQL(", ").join(Identifier(one) for one in (*TABLES, *PROCRASTINATE_TABLES))
    rights = SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO {}").format(tables, name)
    sequences = SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(name)
    with database.transaction() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (user,))
        if user != EVERYBODY and cursor.fetchone() is None:
            text = f"The database {database.place} has no user {user}: make it first, with createuser or CREATE ROLE."
            raise SettingsError(text)
        cursor.execute(rights)
        cursor.execute(sequences)


def _exists(cursor: psycopg.Cursor[TupleRow], table: str) -> bool:
    cursor.execute("SELECT to_regclass(%s)", (table,))
    row = cursor.fetchone()
    return row is not None and row[0] is not None


def _version(cursor: psycopg.Cursor[TupleRow]) -> int:
    cursor.execute("SELECT version FROM hls_queue")
    row = cursor.fetchone()
    return 0 if row is None else int(row[0])


def _refuse_newer(present: int, place: str) -> None:
    if present > len(MIGRATIONS):
        raise SettingsError(f"The queue at {place} was made by a newer version of this program: update this one.")
