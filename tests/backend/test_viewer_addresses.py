"""backend.access.viewer_addresses and viewer_routes: who has an address finds what is not public."""

import time
from dataclasses import replace

import pytest
import requests

from backend.access.stream_rules import StreamRules, Visibility
from backend.access.viewer_addresses import AddressCheck, ViewerAddresses
from backend.server import serve_in_thread
from backend.settings import BackendSettings
from config import BackendApi, Config
from pipeline.cancel import CancelToken
from pipeline.timestamps import parse_timestamp
from pipeline.transfer.upload.uploader import Uploader

SEGMENT = b"0123456789"
PLAYLIST = "application/vnd.apple.mpegurl"
WORDS = b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n"
FILES = {
    "master.m3u8": (b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n720p/index.m3u8\n", PLAYLIST),
    "720p/index.m3u8": (b"#EXTM3U\nseg_000.ts\n", PLAYLIST),
    "720p/seg_000.ts": (SEGMENT, "video/mp2t"),
    "subtitles.vtt": (WORDS, "text/vtt"),
    "poster.jpg": (b"x", "image/jpeg"),
    "offline_480p.mp4": (SEGMENT, "video/mp4"),
}


def fill(client, names):
    """Store a stream of each visibility, each in a folder of this name, and one beside it."""
    rules = StreamRules(client.backend.settings.root, Visibility.PUBLIC)
    for visibility in Visibility:
        rules.set(f"{visibility.value}/", visibility)
        for stream in ("lesson", "other"):
            for name in names:
                body, media_type = FILES[name]
                assert 200 == client.put(f"{visibility.value}/{stream}/{name}", body, media_type).status_code
    return client


@pytest.fixture(scope="module")
def client(tmp_path_factory, client_of):
    """A client of a backend with streams, which no test changes."""
    root = tmp_path_factory.mktemp("viewers") / "root"
    with serve_in_thread(BackendSettings.from_config(Config(), root=root, token="a-token-for-viewers")) as backend:
        yield fill(client_of(backend), FILES)


@pytest.fixture
def own(fresh):
    """A client of a backend with streams, for one test that changes something."""
    return fill(fresh, ("master.m3u8", "720p/seg_000.ts"))


def addresses_of(client, prefix, **more):
    """Ask for the addresses of a stream."""
    answer = client.ask("POST", "/api/s3/viewer-url", json={"prefix": prefix, **more})
    assert 200 == answer.status_code, answer.text
    return answer.json()


def expired(client, prefix):
    """Return the addresses of a stream's page and playlist that were good until a second ago."""
    rules = StreamRules(client.backend.settings.root, Visibility.PUBLIC)
    made = ViewerAddresses(client.backend.settings.signing_secret, rules, time.time)
    found = made.stream(prefix, expires_s=int(time.time()) - 1)
    return [client.url + found.page, client.url + found.playlist]


def status(url, **more):
    """Return the status of an address."""
    return requests.get(url, timeout=60, **more).status_code


@pytest.mark.parametrize("visibility", ["unlisted", "private"])
@pytest.mark.parametrize("name", FILES)
def test_without_an_address_nothing_is_there(name, visibility, client):
    """An object that is not public is refused in the words for one that does not exist, for GET and HEAD."""
    hidden = client.get(f"/objects/{visibility}/lesson/{name}")
    missing = client.get(f"/objects/{visibility}/nothing/{name}")
    looked = requests.head(f"{client.url}/objects/{visibility}/lesson/{name}", timeout=60)

    assert (404, 404, 404) == (hidden.status_code, missing.status_code, looked.status_code)
    assert missing.text.replace("nothing", "lesson") == hidden.text
    assert set(missing.headers) == set(hidden.headers)
    assert 200 == status(f"{client.url}/objects/public/lesson/{name}")


def test_the_pages_of_everybody_have_what_is_public(client):
    """The list names public streams alone, and the others' pages are those of streams that don't exist."""
    pages = {name: client.get(f"/watch/{name}/lesson/") for name in ("public", "unlisted", "private", "nothing")}
    listed = client.get("/").text

    assert [200, 404, 404, 404] == [page.status_code for page in pages.values()]
    assert pages["nothing"].text == pages["private"].text == pages["unlisted"].text
    assert ["public", []] == [
        "public" if "/watch/public/lesson/" in listed else "",
        [name for name in ("unlisted", "private") if name in listed],
    ]


@pytest.mark.parametrize("visibility", ["unlisted", "private"])
def test_an_address_opens_one_stream(visibility, client):
    """Page and playlists lead to all of its files below the same address; of another stream there is none."""
    found = addresses_of(client, f"{visibility}/lesson/")
    root = found["playlistUrl"].removesuffix("master.m3u8")
    page = requests.get(found["pageUrl"], timeout=60)

    assert (visibility, visibility == "private") == (found["visibility"], found["expires"] is not None)
    assert root == found["pageUrl"]
    assert {name: body for name, (body, _) in FILES.items()} == {
        name: requests.get(root + name, timeout=60).content for name in FILES
    }
    assert [404, 404] == [status(root.replace("lesson", "other") + name) for name in ("master.m3u8", "")]
    path = root.removeprefix(client.url)
    assert all(f'"{path}{name}"' in page.text for name in ("master.m3u8", "subtitles.vtt", "poster.jpg"))
    assert ("All streams" in page.text, "no-store", "no-referrer", "noindex") == (
        False,
        page.headers["Cache-Control"],
        page.headers["Referrer-Policy"],
        page.headers["X-Robots-Tag"],
    )


def test_ranges_and_types_are_those_of_public_objects(client):
    """HEAD, a range, a range that is not there, an entity tag: all as without an address, but for shared caches."""
    root = addresses_of(client, "private/lesson/")["pageUrl"]
    private, public = f"{root}720p/seg_000.ts", f"{client.url}/objects/public/lesson/720p/seg_000.ts"
    for method, headers in (
        ("GET", {}),
        ("HEAD", {}),
        ("GET", {"Range": "bytes=2-4"}),
        ("GET", {"Range": "bytes=99-"}),
        ("GET", {"If-None-Match": "*"}),
    ):
        given, expected = (requests.request(method, url, headers=headers, timeout=60) for url in (private, public))
        assert (expected.status_code, expected.content.replace(b"public/", b"private/")) == (
            given.status_code,
            given.content,
        )
        for name in ("Content-Type", "Content-Length", "Content-Range", "ETag", "Accept-Ranges"):
            assert expected.headers.get(name) == given.headers.get(name), (method, headers, name)
        if given.status_code < 400:
            assert expected.headers["Cache-Control"].replace("public", "private") == given.headers["Cache-Control"]
            assert "private" in given.headers["Cache-Control"]


def test_a_private_address_ends(client):
    """When it has expired, files are refused as expired and the page says so; until then all is given."""
    begun_s = int(time.time())
    found = addresses_of(client, "private/lesson/", expiresSeconds=3600)
    told_s, ended_s = parse_timestamp(found["expires"]).timestamp(), int(time.time())
    before = [status(found[name]) for name in ("pageUrl", "playlistUrl")]
    page, file = (requests.get(url, timeout=60) for url in expired(client, "private/lesson/"))

    assert ([200, 200], True) == (before, begun_s + 3600 <= told_s <= ended_s + 3600)
    assert (403, 403) == (page.status_code, file.status_code)
    assert "This address of lesson has expired. Ask whoever gave it to you for a new one." in page.text
    assert "<Code>AccessDenied</Code><Message>Request has expired</Message>" in file.text


def test_an_unlisted_address_may_end_too(client):
    """One that was asked for with a time ends then; those without go on."""
    lasting, ending = (addresses_of(client, "unlisted/lesson/", **more) for more in ({}, {"expiresSeconds": 3600}))

    assert [True, False] == [found["expires"] is None for found in (lasting, ending)]
    assert [200, 200] == [status(found["playlistUrl"]) for found in (lasting, ending)]
    assert [403, 403] == [status(url) for url in expired(client, "unlisted/lesson/")]


@pytest.mark.parametrize(
    "change",
    [
        lambda address: address[:-1] + ("A" if address[-1] != "A" else "B"),
        lambda address: address.replace(".1", ".2", 1),
        lambda address: "1" + address[1:],
        lambda address: "0" + address[1:],
        lambda address: "3" + address[1:],
        lambda address: "9999" + address[1:],
        lambda address: address.partition(".")[0] + ".." + address.rpartition(".")[2],
        lambda address: "",
        lambda address: "a",
        lambda address: "%00",
        lambda address: "٢" + address[1:],
        lambda address: "..",
    ],
    ids=[
        "signature",
        "time",
        "above",
        "top",
        "below",
        "far below",
        "no time",
        "empty",
        "short",
        "NUL",
        "digit",
        "dots",
    ],
)
def test_a_changed_address_opens_nothing(change, client):
    """Whatever is changed of it, it is 404: for the file, and for the page."""
    found = addresses_of(client, "private/lesson/")["playlistUrl"]
    address = found.split("/")[4]
    changed = change(address)

    assert changed != address
    for name in ("master.m3u8", ""):
        target = f"/s/{requests.utils.quote(changed, safe='%')}/private/lesson/{name}"
        assert 404 == client.raw("GET", target)[0]


def test_a_new_visibility_or_a_new_address_ends_those_before(own):
    """Unlisted addresses end when the stream becomes private, all end with --new-address; others go on."""
    rules = StreamRules(own.backend.settings.root, Visibility.PUBLIC)
    unlisted = addresses_of(own, "unlisted/lesson/")["playlistUrl"]
    private = addresses_of(own, "private/lesson/")["playlistUrl"]
    rules.set("unlisted/", Visibility.PRIVATE)
    rules.set("private/", Visibility.UNLISTED)
    turned = [status(unlisted), status(private)]
    rules.set("unlisted/", Visibility.UNLISTED)
    back = status(unlisted)
    for folder in ("unlisted/", "private/"):
        rules.set(folder, Visibility.UNLISTED, new_address=True)

    assert ([404, 200], 200, [404, 404]) == (turned, back, [status(unlisted), status(private)])


def test_a_folder_within_has_a_rule_of_its_own(own):
    """An address of the folder around it does not open it."""
    StreamRules(own.backend.settings.root, Visibility.PUBLIC).set("unlisted/lesson/", Visibility.PRIVATE)
    outer = addresses_of(own, "unlisted/")["pageUrl"]

    assert [404, 200] == [status(f"{outer}{stream}/720p/seg_000.ts") for stream in ("lesson", "other")]


@pytest.mark.parametrize("visibility", ["public", "unlisted", "private"])
def test_the_download_address_works_as_it_is(visibility, client):
    """What signing answers leads to the object and, from a playlist, to what is below it; nothing else is opened."""
    url = client.presign(f"{visibility}/lesson/master.m3u8", PLAYLIST)["downloadUrl"]
    begun = client.ask(
        "POST",
        "/api/s3/multipart",
        json={"key": f"{visibility}/lesson/offline_480p.mp4", "contentType": "video/mp4", "sizeBytes": 10},
    ).json()["downloadUrl"]
    root = url.removesuffix("master.m3u8")

    assert [200, 200, 200] == [status(url), status(f"{root}720p/seg_000.ts"), status(begun)]
    if visibility != "public":
        assert 404 == status(root.replace("lesson", "other") + "master.m3u8")


def test_an_object_at_the_top_opens_itself_alone(settings, client_of):
    """Its download address is not one of everything."""
    with serve_in_thread(replace(settings, streams=Visibility.UNLISTED)) as backend:
        client = client_of(backend)
        for key in ("a.ts", "b.ts"):
            client.put(key, SEGMENT)
        url = client.presign("a.ts")["downloadUrl"]

        assert [200, 404, 404] == [status(url), status(url.removesuffix("a.ts") + "b.ts"), status(f"{url}/")]


def test_a_signed_read_url_reads_a_private_object(client):
    """What `read` answers works for the uploader's own look at what it has stored, and for nothing else."""
    key = "private/lesson/720p/seg_000.ts"
    url = client.ask("GET", "/api/s3/object", key=key).json()["url"]

    assert SEGMENT == requests.get(url, timeout=60).content
    assert 200 == requests.head(url, timeout=60).status_code
    assert 404 == status(url.replace("seg_000.ts", "index.m3u8").replace("720p", "720p"))
    assert 404 == status(url[:-1] + ("0" if url[-1] != "0" else "1"))
    assert "private" in requests.get(url, timeout=60).headers["Cache-Control"]
    upload = client.presign(key)["signedUrl"]
    assert 404 == status(upload)


def test_a_stream_is_uploaded_and_replaced_where_it_is_private(client, tmp_path):
    """The whole program stores, looks and finds its own stream again, as it does with a public one."""
    folder = tmp_path / "lesson"
    for name, (body, _) in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
    uploader = Uploader(BackendApi(url=client.url, token=client.backend.settings.token), session_id=None, delays=())
    results = [uploader.upload(folder, "private/new/", resume=again, cancel=CancelToken()) for again in (False, True)]
    found = addresses_of(client, "private/new/")

    assert [(True, {})] * 2 == [(result.complete, result.failed) for result in results]
    assert 200 == status(found["playlistUrl"])
    assert 200 == status(client.presign("private/new/master.m3u8", PLAYLIST)["downloadUrl"])


@pytest.mark.parametrize(
    "body", [{"prefix": "../a"}, {"prefix": "a/", "expiresSeconds": 0}, {"prefix": "a/", "expiresSeconds": 10**9}, {}]
)
def test_what_makes_no_sense_is_refused(body, client):
    """400, and a sentence."""
    answer = client.ask("POST", "/api/s3/viewer-url", json=body)

    assert (400, True) == (answer.status_code, bool(answer.json()["message"]))


@pytest.mark.parametrize("default", list(Visibility), ids=lambda visibility: visibility.value)
def test_the_settings_say_what_counts_without_a_rule(default, settings, client_of):
    """STREAMS is for every stream, STREAM_LIST for the list; everything at once has an address, too."""
    with serve_in_thread(replace(settings, streams=default, stream_list=False)) as backend:
        client = client_of(backend)
        client.put("a/master.m3u8", b"#EXTM3U\n", PLAYLIST)
        found = addresses_of(client, "a/")
        everything = addresses_of(client, "")["pageUrl"]
        seen = [client.get("/").status_code, client.get("/objects/a/master.m3u8").status_code]
        page = requests.get(found["pageUrl"], timeout=60)
        below = everything.replace("/watch/", "/objects/")

        assert [404, 200 if default is Visibility.PUBLIC else 404] == seen
        assert (default.value, 200, 200) == (found["visibility"], page.status_code, status(found["playlistUrl"]))
        assert 200 == status(f"{below}a/master.m3u8")
        assert "All streams" not in page.text


def test_rules_that_cannot_be_read_give_nothing_away(own):
    """503 for objects and pages; the API goes on."""
    file = StreamRules(own.backend.settings.root, Visibility.PUBLIC).file
    for leftover in file.parent.glob("streams.sqlite3-*"):
        leftover.unlink()
    file.unlink()
    file.write_bytes(b"x" * 4096)
    answers = [own.get(path) for path in ("/objects/private/lesson/master.m3u8", "/watch/private/lesson/")]

    assert [503, 503] == [answer.status_code for answer in answers]
    assert not any(str(file.parent) in answer.text for answer in answers)
    assert 200 == own.ask("GET", "/api/s3/object", key="private/lesson/master.m3u8").status_code


def test_an_address_is_for_one_backend(tmp_path):
    """The address of a backend with another secret opens nothing."""
    rules = StreamRules(tmp_path, Visibility.UNLISTED)
    rules.prepare()
    one, two = (ViewerAddresses(secret, rules, time.time) for secret in ("a" * 64, "b" * 64))
    address = one.path("a/b.ts", folder="a/").split("/")[2]

    assert (AddressCheck.GOOD, AddressCheck.WRONG) == (one.judge(address, "a/b.ts"), two.judge(address, "a/b.ts"))
