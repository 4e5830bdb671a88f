"""The queue's tables: who makes them, who may do what with them, and which version they are."""

import uuid
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from queue_machines import Machines, report

from pipeline.engines.procrastinate import schema
from pipeline.engines.procrastinate.database import Database, QueueError, place_of
from pipeline.engines.procrastinate.schema import check_tables, grant, make_tables
from pipeline.errors import SettingsError
from pipeline.model import Outcome

ESCAPED = "in its user and password, write an @ as %40 and a / as %2F."


@pytest.fixture
def connect():
    """Return a function that opens connections, which end with the test."""
    opened = []

    def begin(url):
        opened.append(Database(url))
        return opened[-1]

    yield begin
    for database in opened:
        database.close()


@pytest.fixture
def empty(postgres, request):
    """A database without any tables, made with the options that a test is parametrised with."""
    name = f"empty_{uuid.uuid4().hex}"
    postgres.execute(f"CREATE DATABASE {name} {getattr(request, 'param', '')}", database="postgres")
    yield replace(postgres, database=name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)", database="postgres")


@pytest.fixture
def user(postgres):
    """A user of the database with no rights but to connect."""
    name = f"worker_{uuid.uuid4().hex}"
    postgres.execute(f"CREATE ROLE {name} LOGIN", database="postgres")
    yield name
    postgres.execute(f"DROP ROLE {name}", database="postgres")


def test_a_database_without_tables_is_named(connect, empty):
    """Before the queue is made, a sentence says how."""
    with pytest.raises(
        SettingsError, match=r"holds no queue yet: as its owner, run `hls-converter cluster init --engine URL` once"
    ):
        check_tables(connect(empty.url))


def test_tables_are_made_once(connect, empty):
    """Making them again changes nothing."""
    for _ in range(2):
        make_tables(connect(empty.url))
    check_tables(connect(empty.url))


@pytest.mark.parametrize("empty", ["ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"], indirect=True, ids=["LATIN1"])
def test_a_database_that_cant_keep_every_name_is_refused(connect, empty):
    """One with another encoding than UTF-8 is refused before there is a queue in it."""
    with pytest.raises(SettingsError, match="keeps texts as LATIN1, which not every name can be written in: make one"):
        make_tables(connect(empty.url))


def test_an_older_queue_is_brought_up_to_date(connect, empty, monkeypatch):
    """What an older version made is refused until its owner has run `cluster init` again. It keeps its rows, and has
    one id, however its address is written.
    """
    every = schema.MIGRATIONS
    monkeypatch.setattr(schema, "MIGRATIONS", every[:1])
    make_tables(connect(empty.url))
    empty.execute("INSERT INTO hls_workers VALUES (gen_random_uuid(), 1, 'alpha', '0', '9', '{}')")
    monkeypatch.setattr(schema, "MIGRATIONS", every)
    with pytest.raises(SettingsError, match="was made by an older version of this program: run `cluster init` again"):
        check_tables(connect(empty.url))
    make_tables(connect(empty.url))
    another_spelling = empty.url.replace("127.0.0.1", "localhost")
    assert check_tables(connect(empty.url)) == check_tables(connect(another_spelling))
    assert [("alpha",)] == empty.execute("SELECT machine FROM hls_workers")


def test_a_newer_queue_is_left_alone(connect, queue_server):
    """This version neither uses nor changes it."""
    queue_server.execute("UPDATE hls_queue SET version = 99")
    for use in (check_tables, make_tables):
        with pytest.raises(SettingsError, match="was made by a newer version of this program: update this one"):
            use(connect(queue_server.url))


def test_a_user_with_rights_can_work_but_make_no_table(connect, queue_server, user):
    """A worker's login puts in, works and waits; it can neither make nor drop a table."""
    grant(connect(queue_server.url), user)
    machines = Machines(queue_server.url.replace("postgres@", f"{user}@"))
    try:
        check_tables(machines.database)
        rows = machines.put("one")
        machine = machines.start("alpha", lambda title, *_: report(title))
        assert Outcome.DONE is machines.wait(rows)["one"].outcome
        with pytest.raises(QueueError, match="does not permit this"), machines.database.transaction() as use:
            use.execute("CREATE TABLE more (id integer)")
    finally:
        machine.worker.stop()
        machine.thread.join()
        machines.connections.close()
        queue_server.execute(f"DROP OWNED BY {user}")


def test_a_user_without_rights_is_refused_in_a_sentence(connect, queue_server, user):
    """It says what is missing, and who can give it."""
    database = connect(queue_server.url.replace("postgres@", f"{user}@"))
    with pytest.raises(QueueError, match=r"does not permit this to your database user: as its owner, run"):
        check_tables(database)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me:secret@127.0.0.1:1/queue", "The queue at 127.0.0.1:1/queue can't be reached"),
        ("postgresql://me:secret@no.such.host.invalid/queue", "The queue at no.such.host.invalid/queue can't be"),
    ],
    ids=["nobody there", "no such host"],
)
def test_an_unreachable_server_is_a_sentence_without_the_password(connect, url, said):
    """Host and database are named, the password is not."""
    with pytest.raises(QueueError) as failed:
        check_tables(connect(url))
    assert (True, False) == (str(failed.value).startswith(said), "secret" in str(failed.value))


SENTENCES = ("write it as postgresql://user@host/database.", ESCAPED)


@given(st.text(st.characters(exclude_categories=("C", "Z"))), st.sampled_from(["", "12/", "12/a?user=", "a/b?dbname="]))
@example("ret", "12/sec?user=")
def test_no_part_of_a_password_is_taken_for_a_place(password, beginning):
    """Whatever is in it: as it is, the address is refused or the password is left out; escaped, it is always good."""
    password = beginning + password
    assert "host:5433/hls" == place_of(f"postgresql://me:{quote(password, safe='')}@host:5433/hls")
    try:
        assert "host:5433/hls" == place_of(f"postgresql://me:{password}@host:5433/hls")
    except SettingsError as error:
        assert str(error).removeprefix("The queue's address can't be understood: ") in SENTENCES


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("postgres//me:secret@host", "write it as postgresql://user@host/database."),
        ("postgresql://me:top@secret@host/queue", ESCAPED),
        ("postgresql://me:top/secret@host/queue", ESCAPED),
        ("postgresql://me:12/secret@host/queue", ESCAPED),
        ("postgresql://me:secret", f"write its port as a number; {ESCAPED}"),
    ],
    ids=["no address", "password with an @", "password with a /", "password with digits and a /", "no host"],
)
def test_an_odd_address_is_a_sentence_without_the_password(url, remedy):
    """What is no address is not repeated: it may hold a password."""
    with pytest.raises(SettingsError) as failed:
        Database(url)
    assert f"The queue's address can't be understood: {remedy}" == str(failed.value)


def test_a_user_who_is_not_there_is_a_sentence(connect, queue_server):
    """Rights are given to nobody; neither does such a user get in."""
    with pytest.raises(SettingsError, match="has no user nobody: make it first, with createuser or CREATE ROLE"):
        grant(connect(queue_server.url), "nobody")
    with pytest.raises(QueueError, match=r'\(role "nobody" does not exist\): check the user, the password'):
        check_tables(connect(queue_server.url.replace("postgres@", "nobody@")))
