"""storage.conditional_write on a real S3 server: nobody's work is overwritten, whatever becomes of the answer."""

import threading
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from fault_proxy import Trouble, running_proxy
from s3_gateway import Answer, client_of, running_gateway

from storage import S3Access, S3Uri, StorageUnavailableError
from storage.conditional_write import ConditionalWriter, Conditions, ObjectReplacedError
from storage.objects import NewContent
from storage.s3_objects import S3Objects

EDITORS = 6


@pytest.fixture
def access(s3_settings):
    """How the server is reached."""
    return S3Access(
        endpoint_url=s3_settings.endpoint_url,
        access_key_id=s3_settings.access_key_id,
        secret_access_key=s3_settings.secret_access_key,
    )


@pytest.fixture
def connect(access):
    """Return what makes the objects of a server, at its own address or another."""
    made = []

    def make(endpoint_url=access.endpoint_url):
        made.append(S3Objects(replace(access, endpoint_url=endpoint_url), sleep=lambda _: None))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def uri(s3_settings):
    """An address where nothing is yet."""
    return S3Uri(bucket=s3_settings.bucket, key=f"{s3_settings.prefix}/transcripts.json")


@pytest.fixture
def other(s3_settings):
    """Another program that uses the same bucket."""
    made = client_of(s3_settings)
    yield made
    made.close()


def keys(other, uri):
    """Return the names of all objects that lie beside an address."""
    folder = uri.key.rpartition("/")[0]
    listed = other.list_objects_v2(Bucket=uri.bucket, Prefix=f"{folder}/").get("Contents", [])
    return [entry["Key"].rpartition("/")[2] for entry in listed]


def writer(objects):
    """Return a writer that does not pause."""
    return ConditionalWriter(objects, sleep=lambda _: None)


def test_in_place_of_the_expected(connect, uri, other):
    """A new object and a later version are stored, and nothing but them is left in the bucket."""
    ours = writer(connect())
    first = ours.write(uri, NewContent(data=b"one"), expected_etag=None, write_id="1")
    second = ours.write(uri, NewContent(data=b"three"), expected_etag=first.etag, write_id="2")

    assert Conditions.MET is second.conditions
    assert 5 == second.size_bytes
    head, content = connect().get(uri)
    assert (b"three", second.etag, {"write-id": "2"}) == (content, head.etag, dict(head.metadata))
    assert ["transcripts.json"] == keys(other, uri)


def test_quotes(connect, s3_settings, uri):
    """Stores that want the tag in quotes and stores that want it without are both told it as they need."""
    with running_gateway(s3_settings, "quoted") as amazon:
        for objects in (connect(), connect(amazon.url)):
            ours = writer(objects)
            etag = None
            for number in range(4):
                etag = ours.write(uri, NewContent(data=b"%d" % number), expected_etag=etag, write_id=str(number)).etag
            objects.delete(uri)
        assert ["transcripts.json"] * 4 == [key.rpartition("/")[2] for key in amazon.puts() if "check" not in key]


def test_somebody_else_was_faster(connect, uri, other):
    """What somebody else has stored, or deleted, since is not overwritten, and who asks is told what is there."""
    ours = writer(connect())
    etag = ours.write(uri, NewContent(data=b"one"), expected_etag=None, write_id="1").etag
    theirs = other.put_object(Bucket=uri.bucket, Key=uri.key, Body=b"theirs")["ETag"]
    for expected in (etag, None):
        with pytest.raises(ObjectReplacedError, match="was saved by somebody else since") as raised:
            ours.write(uri, NewContent(data=b"two"), expected_etag=expected, write_id="2")
        assert theirs == raised.value.found.etag
    assert b"theirs" == connect().get(uri)[1]

    other.delete_object(Bucket=uri.bucket, Key=uri.key)
    with pytest.raises(ObjectReplacedError, match="was deleted since") as raised:
        ours.write(uri, NewContent(data=b"two"), expected_etag=theirs, write_id="3")
    assert None is raised.value.found


@pytest.mark.parametrize("new", [True, False], ids=["new", "in place of one"])
def test_a_race(connect, uri, new):
    """Of several who save at once, one has saved and each other knows that it has not."""
    objects = connect()
    etag = None if new else writer(objects).write(uri, NewContent(data=b"0"), expected_etag=None, write_id="0").etag
    ours = writer(objects)
    together = threading.Barrier(EDITORS)
    outcomes = {}

    def save(name):
        together.wait()
        try:
            outcomes[name] = ours.write(
                uri, NewContent(data=name.encode() * 1000), expected_etag=etag, write_id=name
            ).etag
        except ObjectReplacedError as error:
            outcomes[name] = error.found.metadata["write-id"]

    threads = [threading.Thread(target=save, args=(f"editor-{number}",)) for number in range(EDITORS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    head, _ = objects.get(uri)
    winner = head.metadata["write-id"]
    assert {winner: head.etag} | {name: winner for name in outcomes if name != winner} == outcomes


@pytest.mark.parametrize("new", [True, False], ids=["new", "in place of one"])
@pytest.mark.parametrize("cut", [1, 4], ids=["an answer", "every answer"])
def test_a_lost_answer(connect, access, uri, new, cut):
    """A write whose answer is lost is not taken for somebody else's, though the repetition is refused."""
    direct = connect()
    etag = None if new else writer(direct).write(uri, NewContent(data=b"0"), expected_etag=None, write_id="0").etag
    with running_proxy(urlsplit(access.endpoint_url).port) as proxy:
        ours = writer(connect(proxy.url))
        assert Conditions.MET is ours.conditions(uri)
        ours._quoted = False  # what an earlier write to this server has found out
        proxy.troubles.extend([Trouble(cut_answer_after=0)] * cut)
        written = ours.write(uri, NewContent(data=b"ours"), expected_etag=etag, write_id="lost")

    assert cut == proxy.met
    assert direct.head(uri).etag == written.etag
    assert b"ours" == direct.get(uri)[1]


def test_no_answer_and_nothing_stored(connect, access, uri):
    """Where nothing was stored and nobody answers, that is no success."""
    with running_proxy(urlsplit(access.endpoint_url).port) as proxy:
        ours = writer(connect(proxy.url))
        ours.conditions(uri)
        proxy.troubles.extend([Trouble(reset_after=0)] * 4)
        with pytest.raises(StorageUnavailableError):
            ours.write(uri, NewContent(data=b"ours"), expected_etag=None, write_id="1")

    assert 4 == proxy.met


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("PreconditionFailed", 412),
        ("ConditionalRequestConflict", 409),
        ("ConcurrentModification", 409),
        ("OperationAborted", 409),
    ],
)
class TestAnswers:
    """Answers that say nothing by themselves about whose write it was."""

    def test_of_our_own_write(self, connect, s3_settings, uri, code, status):
        """The store refuses, but what it has is what we sent."""
        with running_gateway(s3_settings, "quoted") as gateway:
            gateway.answers.append(Answer(code=code, status=status, stored=True))
            written = writer(connect(gateway.url)).write(
                uri, NewContent(data=b"ours"), expected_etag=None, write_id="1"
            )
        assert connect().head(uri).etag == written.etag

    def test_of_a_write_that_came_to_nothing(self, connect, s3_settings, uri, code, status):
        """The store refuses because of somebody's write that ended without a result: it is sent again."""
        with running_gateway(s3_settings, "quoted") as gateway:
            gateway.answers.extend([Answer(code=code, status=status)] * 3)
            writer(connect(gateway.url)).write(uri, NewContent(data=b"ours"), expected_etag=None, write_id="1")
            assert 4 == len([key for key in gateway.puts() if "check" not in key])
        assert b"ours" == connect().get(uri)[1]

    def test_of_somebody_elses_write(self, connect, s3_settings, other, uri, code, status):
        """The store refuses because somebody else has just saved."""

        def save():
            other.put_object(Bucket=uri.bucket, Key=uri.key, Body=b"theirs")

        with running_gateway(s3_settings, "quoted") as gateway:
            gateway.answers.append(Answer(code=code, status=status, first=save))
            with pytest.raises(ObjectReplacedError):
                writer(connect(gateway.url)).write(uri, NewContent(data=b"ours"), expected_etag=None, write_id="1")
        assert b"theirs" == connect().get(uri)[1]


@pytest.mark.parametrize("conditions", ["ignored", "refused"])
class TestWithoutConditions:
    """A store that has no conditional writes."""

    def test_it_is_noticed_once(self, connect, s3_settings, other, uri, conditions):
        """It is found out with one request, which leaves nothing behind, and the object is stored."""
        with running_gateway(s3_settings, conditions) as gateway:
            ours = writer(connect(gateway.url))
            first = ours.write(uri, NewContent(data=b"one"), expected_etag=None, write_id="1")
            second = ours.write(uri, NewContent(data=b"two"), expected_etag=first.etag, write_id="2")
            checks = [key for key in gateway.puts() if "write-check-" in key]

        assert Conditions.IGNORED is second.conditions
        assert 1 == len(checks)
        assert ["transcripts.json"] == keys(other, uri)
        assert b"two" == connect().get(uri)[1]

    def test_what_somebody_else_saved(self, connect, s3_settings, other, uri, conditions):
        """It is still not overwritten where it was there before."""
        with running_gateway(s3_settings, conditions) as gateway:
            ours = writer(connect(gateway.url))
            first = ours.write(uri, NewContent(data=b"one"), expected_etag=None, write_id="1")
            other.put_object(Bucket=uri.bucket, Key=uri.key, Body=b"theirs")
            with pytest.raises(ObjectReplacedError):
                ours.write(uri, NewContent(data=b"two"), expected_etag=first.etag, write_id="2")
        assert b"theirs" == connect().get(uri)[1]
