"""One video published twice by the program itself: addresses,
file record and what is told after an upload that did not get there.
"""

from __future__ import annotations

import requests
from json_events import events

from pipeline.published import published_files
from pipeline.transfer.manifests.placement import version_folder_in

PREFIX = "tests/again/lesson/"


def test_addresses_and_record_stay_when_a_video_is_published_again(tmp_path, backend, run, short_clip):
    """MP4, poster, thumbnails and chapters are the new ones where the old ones were; the video has one record."""
    chapters = tmp_path / "chapters.txt"
    made = tmp_path / "short-clip"

    def publish(title, *more):
        chapters.write_text(f"00:00 {title}\n")
        arguments = ("convert", short_clip, "-o", tmp_path, "--chapters", chapters, "--upload", PREFIX, "--json", *more)
        done = run(*arguments)
        assert 0 == done.returncode, done.stderr
        return events(done.stdout)[-1]["master_url"]

    def records():
        headers = {"Authorization": f"Bearer {backend.settings.token}"}
        listed = requests.get(f"{backend.url}/api/admin/files", headers=headers, timeout=60).json()["files"]
        return [record for record in listed if record["s3Keys"]["hls"] == f"{PREFIX}master.m3u8"]

    first = publish("Before", "--preset", "ultrafast")
    [record] = records()
    second = publish("Now", "--preset", "veryfast", "--fresh")
    alone = [path.name for path in published_files(made) if path.parent == made and path.suffix != ".m3u8"]
    assert {"offline_480p.mp4", "poster.jpg", "sprite.jpg", "thumbnails.vtt", "chapters.json", "chapters.vtt"} <= set(
        alone
    )
    for name in alone:
        assert (made / name).read_bytes() == requests.get(
            f"{backend.url}/objects/{PREFIX}{name}", timeout=60
        ).content, name
    master = requests.get(second, timeout=60).text
    assert (first, True, True) == (second, "" != version_folder_in(master.encode()), 'URI="chapters.json"' in master)
    assert [record] == records()


def test_another_key_is_another_stream(tmp_path, backend, run, short_clip):
    """The master is the same whatever the key is: what players fetch with the old one stays as it is,
    beside the new stream.
    """
    key, prefix = tmp_path / "key", "tests/keys/lesson/"

    def publish(content):
        key.write_bytes(content)
        encrypted = ("--encrypt", key, "--key-uri", "https://keys.example/1")
        done = run(
            "convert", short_clip, "-o", tmp_path, "--preset", "ultrafast", *encrypted, "--upload", prefix, "--json"
        )
        assert 0 == done.returncode, done.stderr

    def stored(name):
        return requests.get(f"{backend.url}/objects/{prefix}{name}", timeout=60).content

    def segments():
        return [path.relative_to(made).as_posix() for path in published_files(made) if path.suffix == ".ts"]

    made = tmp_path / "short-clip"
    publish(b"a" * 16)
    master, watched = stored("master.m3u8"), {name: (made / name).read_bytes() for name in segments()}
    publish(b"b" * 16)
    assert master == (made / "master.m3u8").read_bytes()
    place = version_folder_in(stored("master.m3u8"))
    assert place
    assert watched == {name: stored(name) for name in watched}
    for name in segments():
        assert (made / name).read_bytes() == stored(f"{place}{name}") != watched[name], name


def test_the_address_of_an_earlier_upload_is_not_told(tmp_path, run, environment, short_clip):
    """The same video to another destination, with a token that is not accepted."""
    arguments = ("convert", short_clip, "-o", tmp_path, "--preset", "ultrafast", "--json")
    assert events(run(*arguments, "--upload", "tests/told/first/").stdout)[-1]["master_url"].endswith(
        "/tests/told/first/master.m3u8"
    )
    environment["AUTH_TOKEN"] = "not-the-token-of-this-backend"
    failed = run(*arguments, "--upload", "tests/told/second/")
    assert (1, "failed", "") == (
        failed.returncode,
        *(events(failed.stdout)[-1][name] for name in ("outcome", "master_url")),
    )
