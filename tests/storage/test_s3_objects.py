"""storage.s3_objects on a real S3 server: ranges, conditions, and a sentence for each refusal."""

import json
import socket
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fault_proxy import running_proxy
from s3_gateway import client_of

from storage import (
    BucketNotFoundError,
    CredentialsError,
    ObjectChangedError,
    ObjectNotFoundError,
    S3Access,
    S3Uri,
    StorageSettingsError,
    StorageUnreachableError,
)
from storage import (
    s3_objects as module,
)
from storage.errors import ConditionNotMetError
from storage.objects import Condition, NewContent
from storage.s3_objects import READ_BYTES, S3Objects, s3_objects

ROOT = Path(__file__).resolve().parents[2]
MEGABYTE = 1 << 20


@pytest.fixture
def access(s3_settings):
    """How the server is reached."""
    return S3Access(
        endpoint_url=s3_settings.endpoint_url,
        access_key_id=s3_settings.access_key_id,
        secret_access_key=s3_settings.secret_access_key,
    )


@pytest.fixture
def objects(access):
    """The objects of the server, without pauses."""
    made = S3Objects(access, sleep=lambda _: None)
    yield made
    made.close()


@pytest.fixture
def uri(s3_settings):
    """An address where nothing is yet, with characters in it that have to be sent encoded."""
    return S3Uri(bucket=s3_settings.bucket, key=f'{s3_settings.prefix}/Übung 1/it\'s "100%" + #?.json')


@pytest.fixture
def other(s3_settings):
    """Another program that uses the same bucket."""
    made = client_of(s3_settings)
    yield made
    made.close()


def test_what_is_stored_is_read(objects, uri):
    """An object comes back with the tag in quotes, its metadata and what it was stored with."""
    about = {"ContentType": "application/json", "CacheControl": "no-cache"}
    etag = objects.put(uri, NewContent(data=b"{}", metadata={"write-id": "a"}, stored_with=about))
    head, content = objects.get(uri)

    assert b"{}" == content
    assert etag == head.etag
    assert '""' == etag[0] + etag[-1]
    assert (2, {"write-id": "a"}, about) == (head.size_bytes, dict(head.metadata), dict(head.stored_with))
    assert head == objects.head(uri)


def test_an_empty_object(objects, uri):
    """An object without a byte is one."""
    objects.put(uri, NewContent(data=b""))

    assert b"" == objects.get(uri)[1]


@pytest.mark.parametrize("quoted", [True, False], ids=["in quotes", "without quotes"])
def test_a_condition_that_is_not_met(objects, uri, quoted):
    """Nothing is stored in place of what is not expected, however the condition is spelt."""
    objects.put(uri, NewContent(data=b"theirs"))
    with pytest.raises(ConditionNotMetError):
        objects.put(uri, NewContent(data=b"ours"), Condition(etag=None))
    with pytest.raises(ConditionNotMetError):
        objects.put(uri, NewContent(data=b"ours"), Condition(etag='"0123"', quoted=quoted))

    assert b"theirs" == objects.get(uri)[1]


def test_a_condition_of_what_is_gone(objects, uri):
    """An object that is expected and not there is not stored either."""
    with pytest.raises(ConditionNotMetError):
        objects.put(uri, NewContent(data=b"ours"), Condition(etag='"0123"'))
    with pytest.raises(ObjectNotFoundError):
        objects.head(uri)


def test_ranges(objects, uri):
    """A part of an object is read without the rest of it, and no more than there is."""
    objects.put(uri, NewContent(data=bytes(range(200))))
    opened = objects.open(uri)

    assert bytes(range(10, 20)) == b"".join(opened.chunks(10, 20))
    assert bytes(range(190, 200)) == b"".join(opened.chunks(190, 1000))
    assert b"" == b"".join(opened.chunks(200, 300))


READING = """
import json, sys, tracemalloc
from storage import S3Access, S3Uri
from storage.s3_objects import S3Objects

access, uri = json.load(sys.stdin)
opened = S3Objects(S3Access(**access)).open(S3Uri(**uri))
tracemalloc.start()
size = sum(len(block) for block in opened.chunks())
print(size, tracemalloc.get_traced_memory()[1])
"""


def test_memory(objects, access, uri):
    """A large object is never in memory as a whole: read in a process of its own, where nothing else needs memory."""
    objects.put(uri, NewContent(data=bytes(24 * MEGABYTE)))
    asked = json.dumps([asdict(access), asdict(uri)])
    reading = subprocess.run([sys.executable, "-c", READING], input=asked, capture_output=True, text=True, cwd=ROOT)
    size, peak = map(int, reading.stdout.split())

    assert 24 * MEGABYTE == size
    assert peak < 6 * READ_BYTES


def test_an_object_that_is_replaced_while_it_is_read(objects, uri):
    """What is read belongs together: the rest of another object is not taken for it."""
    objects.put(uri, NewContent(data=b"old" * 100))
    opened = objects.open(uri)
    assert b"old" == b"".join(opened.chunks(0, 3))
    objects.put(uri, NewContent(data=b"new" * 100))

    with pytest.raises(ObjectChangedError, match="was replaced while it was read"):
        b"".join(opened.chunks(3))


def test_an_answer_that_breaks_off_is_read_on(objects, access, uri, monkeypatch):
    """A connection that breaks off in the middle is opened anew, and what came already does not come again."""
    content = bytes(range(256)) * 4096 * 4
    objects.put(uri, NewContent(data=content))
    with running_proxy(urlsplit(access.endpoint_url).port) as proxy:
        cut = []

        def down(exchange):
            """Hang up after the first quarter of the first answer with a content."""
            passed = 0
            while block := exchange._server.recv(1 << 14):
                exchange._client.sendall(block)
                passed += len(block)
                if not cut and passed > len(content) // 4:
                    cut.append(passed)
                    break
            exchange._end()

        monkeypatch.setattr("fault_proxy._Exchange.down", down)
        through = S3Objects(replace(access, endpoint_url=proxy.url), sleep=lambda _: None)
        found = through.get(uri)[1]
        through.close()

    assert content == found
    assert 1 == len(cut)


def test_progress(objects, uri):
    """Who asks is told how much is on its way, up to the whole, and what is read for the signature does not count."""
    told = []
    objects.put(uri, NewContent(data=bytes(MEGABYTE), on_sent=told.append))

    assert MEGABYTE == told[-1]
    assert sorted(told) == told
    assert MEGABYTE == len(objects.get(uri)[1])


@pytest.mark.parametrize(
    ("wrong", "kind", "sentence"),
    [
        ({"access_key_id": "WRONG"}, CredentialsError, "does not accept the access key: check AWS_ACCESS_KEY_ID"),
        ({"secret_access_key": "hush"}, CredentialsError, "does not accept the access key"),
        ({"secret_access_key": ""}, CredentialsError, "belong together: set both or none"),
        (
            {"endpoint_url": "http://127.0.0.1:1"},
            StorageUnreachableError,
            "can't be reached: check AWS_",
        ),
        ({"endpoint_url": "no address"}, StorageSettingsError, "can't be used as they are set"),
    ],
    ids=["wrong key", "wrong secret", "half a key", "nobody there", "no address"],
)
def test_what_is_wrong_is_said(access, uri, monkeypatch, wrong, kind, sentence):
    """Each thing that can be wrong with the settings has its own sentence, which tells no secret."""
    monkeypatch.setattr(module, "TRIES", 1)
    with pytest.raises(kind, match=sentence) as raised:
        S3Objects(replace(access, **wrong)).head(uri)

    assert "hush" not in str(raised.value)


def test_no_keys_anywhere(access, uri, monkeypatch, tmp_path):
    """Where neither the settings nor this computer have keys, that is said."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(CredentialsError, match="There are no keys for http"):
        S3Objects(replace(access, access_key_id="", secret_access_key="")).head(uri)


def test_the_keys_of_this_computer(access, uri, monkeypatch, tmp_path):
    """Without keys in the settings, those of a profile of Amazon's programs are used, and its server's address too."""
    profile = tmp_path / "credentials"
    profile.write_text(
        f"[course]\naws_access_key_id={access.access_key_id}\naws_secret_access_key={access.secret_access_key}\n"
        f"endpoint_url={access.endpoint_url}\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profile))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_PROFILE", "course")
    objects = S3Objects(S3Access())
    objects.put(uri, NewContent(data=b"{}"))

    assert access.endpoint_url == objects.server
    assert b"{}" == objects.get(uri)[1]
    objects.close()


def test_what_is_missing(objects, uri):
    """A bucket that does not exist is told from an object that does not."""
    with pytest.raises(ObjectNotFoundError, match=r"Nothing is stored under s3://tests/"):
        objects.head(uri)
    with pytest.raises(BucketNotFoundError, match="The bucket no-such-bucket does not exist at http"):
        objects.head(S3Uri(bucket="no-such-bucket", key="a"))
    with pytest.raises(BucketNotFoundError):
        objects.put(S3Uri(bucket="no-such-bucket", key="a"), NewContent(data=b""))


def test_a_server_that_says_nothing(monkeypatch):
    """A server that takes connections and never answers is given up soon, not after the minute that data may take."""
    monkeypatch.setattr(module, "READ_S", 3600)
    monkeypatch.setattr(module, "LOOK_S", 0.1)
    monkeypatch.setattr(module, "TRIES", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        objects = S3Objects(S3Access(endpoint_url=url, access_key_id="a", secret_access_key="b"))
        with pytest.raises(StorageUnreachableError, match="can't be reached"):
            objects.head(S3Uri(bucket="course", key="a.json"))
        objects.close()


def test_one_client(access):
    """Whoever asks for the same server with the same keys has the same connections."""
    assert s3_objects(access) is s3_objects(replace(access))
    assert s3_objects(access) is not s3_objects(replace(access, region="eu-west-1"))


def test_amazons_own_server(monkeypatch):
    """Without an address, requests go to Amazon's server in the region, at the bucket's own host name."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    objects = S3Objects(S3Access(region="eu-central-1", access_key_id="a", secret_access_key="b"))
    url = objects._client.generate_presigned_url("get_object", Params={"Bucket": "course", "Key": "a.json"})
    objects.close()

    assert "" == objects.server
    assert url.startswith("https://course.s3.eu-central-1.amazonaws.com/a.json?")
