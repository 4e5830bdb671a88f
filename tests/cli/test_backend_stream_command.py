"""`backend stream`: who may watch, and where, on the command line."""

import re
from dataclasses import replace

import pytest
import requests

from backend.server import serve_in_thread
from backend.settings import BackendSettings
from backend.state.storage_root import init_root
from cli.main import EXIT_DONE, EXIT_WRONG_USAGE, run_command
from config import Config

PUBLIC_URL = "https://videos.example.com/media"


def command(root, *arguments, **server):
    """Run `backend stream` with a folder, which is a storage; return its status."""
    init_root(root)
    config = Config(server=replace(Config().server, **server))
    return run_command(["backend", "--root", str(root), "stream", *arguments], config)


def test_rules_are_set_listed_and_unset(tmp_path, capsys):
    """The list has each folder with its visibility, and what counts for all others."""
    statuses = [
        command(tmp_path, *words)
        for words in (
            ("set", "courses/math", "private"),
            ("set", "courses/", "unlisted"),
            ("list",),
            ("unset", "courses/math/"),
            ("unset", "courses/"),
            ("list",),
        )
    ]
    assert [EXIT_DONE] * 6 == statuses
    assert [
        "Prefix         Visibility",
        "courses/       unlisted",
        "courses/math/  private",
        "All others are public (STREAMS).",
        "All streams are public (STREAMS).",
    ] == capsys.readouterr().out.splitlines()


def test_a_printed_address_works_at_the_running_backend(tmp_path, capsys):
    """Page and playlist of a private stream are found there, and the snippet has the page's address."""
    settings = BackendSettings.from_config(Config(), root=tmp_path, token="a-token-of-this-test")
    with serve_in_thread(settings) as backend:
        headers = {"Authorization": "Bearer a-token-of-this-test"}
        wanted = {"key": "math/1/master.m3u8", "contentType": "application/vnd.apple.mpegurl"}
        signed = requests.post(
            f"{backend.url}/api/admin/content/aws/uploadUrl", json=wanted, headers=headers, timeout=60
        ).json()["signedUrl"]
        requests.put(signed, b"#EXTM3U\n", headers={"Content-Type": wanted["contentType"]}, timeout=60)
        command(tmp_path, "set", "math", "private")
        command(tmp_path, "url", "math/1", "--expires", "2h", public_base_url=backend.url)
        out, err = capsys.readouterr()
        visibility, page, playlist, frame, hint = out.splitlines()
        found = [requests.get(line.split()[1], timeout=60).status_code for line in (page, playlist)]
        hidden = requests.get(f"{backend.url}/objects/math/1/master.m3u8", timeout=60).status_code

    assert ([200, 200], 404, "") == (found, hidden, err)
    assert re.fullmatch(r"Visibility: private; the addresses work until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\.", visibility)
    assert f'<iframe src="{page.split()[1]}"' in frame
    assert "A page of another site can show it once EMBED_ORIGINS names that site." == hint


@pytest.mark.parametrize(
    ("default", "page", "until"),
    [
        ("public", rf"{PUBLIC_URL}/watch/a%20b/", "for good"),
        ("unlisted", rf"{PUBLIC_URL}/s/1\.\.[\w-]{{43}}/a%20b/", "for good"),
        ("private", rf"{PUBLIC_URL}/s/1\.\d+\.[\w-]{{43}}/a%20b/", r"until \d{4}-\S+Z"),
    ],
)
def test_addresses_begin_where_players_reach_the_backend(default, page, until, tmp_path, capsys):
    """Below PUBLIC_BASE_URL, by the visibility that STREAMS says."""
    site = ("https://moodle.example.com",)
    status = command(tmp_path, "url", "a b", streams=default, public_base_url=PUBLIC_URL, embed_origins=site)
    out, err = capsys.readouterr()
    lines = out.splitlines()

    assert (EXIT_DONE, 4) == (status, len(lines))
    assert (
        "hls-converter: No stream is stored at a b/ yet: nothing is found at these addresses until there is.\n" == err
    )
    assert re.fullmatch(rf"Visibility: {default}; the addresses work {until}\.", lines[0])
    assert re.fullmatch(page, lines[1].split()[1])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["set", "/", "private"], "Name a folder, such as courses/math/: for all streams there is STREAMS in .env."),
        (
            ["set", "../a", "private"],
            "'../a' can't be the prefix of streams: The path '../a' has an empty segment, '.' or '..' in it.",
        ),
        (["unset", "a"], "There is no rule for a/ itself: backend stream list shows those that are."),
        (
            ["url", "a", "--expires", "never"],
            "--expires must be a duration such as 90d or 8h, or a day such as 2027-01-31, but is 'never'.",
        ),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(arguments, sentence, tmp_path, capsys):
    """Exit 2, and a sentence."""
    assert EXIT_WRONG_USAGE == command(tmp_path, *arguments)
    assert f"hls-converter: {sentence}\n" == capsys.readouterr().err


def test_the_playlist_of_a_public_stream_is_the_cdns(tmp_path, capsys):
    """As the backend itself says it; the page is the backend's, and so is what not everybody may watch."""
    cdn = {"playback": "cdn", "cdn_base_url": "https://cdn.example.com/objects", "public_base_url": PUBLIC_URL}
    command(tmp_path, "set", "hidden", "unlisted")
    command(tmp_path, "url", "math/1", **cdn)
    command(tmp_path, "url", "hidden/1", **cdn)
    out = capsys.readouterr().out
    public, hidden = re.findall(r"Playlist: +(\S+)", out)

    assert "https://cdn.example.com/objects/math/1/master.m3u8" == public
    assert hidden.startswith(f"{PUBLIC_URL}/s/")
    assert f"{PUBLIC_URL}/watch/math/1/" == re.search(r"Page: +(\S+)", out)[1]
