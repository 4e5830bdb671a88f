"""What the settings file and the environment come to."""

import ast
from dataclasses import replace
from operator import attrgetter
from pathlib import Path

import pytest

import config
import installation
import server_config
from config import Config
from installation import ROOT

EXAMPLE = ROOT / ".env.example"
PREFERENCES_EXAMPLE = ROOT / "s3_config.json.example"

# name, where its value is found, what is written, what it means
NAMES = [
    ("WINDOW_THEME", "window_theme", "Light", "light"),
    ("UPDATE_URL", "update_url", "https://example.com/newest.json", "https://example.com/newest.json"),
    ("BACKEND_URL", "backend.url", "https://videos.example.com/", "https://videos.example.com"),
    ("AUTH_TOKEN", "backend.token", "a-token-of-twenty-chars", "a-token-of-twenty-chars"),
    ("AUTH_TOKEN", "server.token", "a-token-of-twenty-chars", "a-token-of-twenty-chars"),
    ("AUTH_VALIDATE_ENDPOINT", "backend.validate_endpoint", "/me", "/me"),
    ("PRESIGN_ENDPOINT", "backend.presign_endpoint", "/sign", "/sign"),
    ("FILE_RECORD_ENDPOINT", "backend.record_endpoint", "/record", "/record"),
    ("UPLOAD_PATIENCE_MINUTES", "backend.patience_s", "2.5", 150.0),
    ("DEFAULT_LANGUAGE", "languages.default", "fr", "fr"),
    ("SUPPORTED_LANGUAGES", "languages.supported", " en, fr ,,", ("en", "fr")),
    ("ENGINE_URL", "cluster.url", "postgresql://me@host/queue", "postgresql://me@host/queue"),
    ("FFMPEG_PATH", "ffmpeg_path", "/opt/ffmpeg", "/opt/ffmpeg"),
    ("STORAGE_TYPE", "server.storage_type", "s3", "S3"),
    ("STORAGE_LOCAL_PATH", "server.local_path", "/srv/videos", Path("/srv/videos")),
    ("STORAGE_LOCAL_MAX_SIZE_GB", "server.local_max_size_gb", "1.5", 1.5),
    ("STORAGE_QUOTAS_GB", "server.quotas_gb", " c/math/=50 ,/c/art = 0.5", {"c/math/": 50.0, "c/art/": 0.5}),
    ("STORAGE_S3_BUCKET", "server.s3.bucket", "videos", "videos"),
    ("STORAGE_S3_PREFIX", "server.s3.prefix", "course", "course"),
    ("STORAGE_S3_REGION", "server.s3.region", "eu-west-1", "eu-west-1"),
    ("STORAGE_S3_ACCESS_KEY_ID", "server.s3.access_key_id", "AKIA", "AKIA"),
    ("STORAGE_S3_SECRET_ACCESS_KEY", "server.s3.secret_access_key", "hush", "hush"),
    ("STORAGE_S3_ENDPOINT_URL", "server.s3.endpoint_url", "http://127.0.0.1:7480", "http://127.0.0.1:7480"),
    ("STORAGE_S3_MAX_SIZE_GB", "server.s3.max_size_gb", "0", 0.0),
    ("STORAGE_S3_PUT_HEADERS", "server.s3.put_headers", "x-amz-acl: private", "x-amz-acl: private"),
    ("BACKEND_METRICS", "server.metrics", "On", True),
    ("BACKEND_WORKERS", "server.workers", "4", 4),
    ("BACKEND_DRAIN_SECONDS", "server.drain_s", "2.5", 2.5),
    ("PLAYBACK", "server.playback", "Proxy", "proxy"),
    ("CDN_BASE_URL", "server.cdn_base_url", "", ""),
    ("STREAMS", "server.streams", "Private", "private"),
    ("STREAM_LIST", "server.stream_list", "OFF", False),
    ("BACKEND_LOG_FORMAT", "server.log_format", "JSON", "json"),
    ("PUBLIC_BASE_URL", "server.public_base_url", "https://cdn.example.com/", "https://cdn.example.com"),
    ("BACKEND_MAX_CONNECTIONS", "server.max_connections", "500", 500),
    ("BACKEND_MAX_CONNECTIONS_PER_CLIENT", "server.max_connections_per_client", "1000", 1000),
    (
        "EMBED_ORIGINS",
        "server.embed_origins",
        "https://a.example/, https://*.b.example:8443",
        ("'self'", "https://a.example", "https://*.b.example:8443"),
    ),
    ("BACKEND_TRUSTED_PROXIES", "server.trusted_proxies", "10.0.0.0/8, ::1", ("10.0.0.0/8", "::1")),
    ("DATASET_AUTO_SAVE_INTERVAL", "datasets.autosave_interval_s", "2.5", 2.5),
    ("DATASET_PATH", "datasets.path", "s3://course/talks.json", "s3://course/talks.json"),
    ("SOURCE_ROOTS", "sources.roots", " a=/mnt/a ; b = /mnt/b;", {"a": Path("/mnt/a"), "b": Path("/mnt/b")}),
    ("SOURCE_CACHE_GB", "sources.cache_gb", "2.5", 2.5),
    ("AWS_REGION", "aws.region", "eu-north-1", "eu-north-1"),
    ("AWS_DEFAULT_REGION", "aws.region", "eu-south-1", "eu-south-1"),
    ("AWS_ENDPOINT_URL_S3", "aws.endpoint_url", "http://127.0.0.1:7480/", "http://127.0.0.1:7480"),
    ("AWS_ENDPOINT_URL", "aws.endpoint_url", "https://minio.example", "https://minio.example"),
    ("AWS_ACCESS_KEY_ID", "aws.access_key_id", "AKIA", "AKIA"),
    ("AWS_SECRET_ACCESS_KEY", "aws.secret_access_key", "hush", "hush"),
    ("AWS_SESSION_TOKEN", "aws.session_token", "hush", "hush"),
]
SECRETS = (
    "AUTH_TOKEN",
    *("STORAGE_S3_ACCESS_KEY_ID", "STORAGE_S3_SECRET_ACCESS_KEY"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
)


def names_in_example() -> dict[str, str]:
    """Return the names and values of `.env.example`, read without the program."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def names_in_code() -> set[str]:
    """Return the names that the configuration asks the environment for."""
    calls = [
        node
        for module in (config, server_config)
        for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    readers = [
        call
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr
        in ("text", "items", "choice", "count", "gigabytes", "seconds", "roots", "networks", "origins", "quotas")
    ]
    return {call.args[0].value for call in readers if call.args and isinstance(call.args[0], ast.Constant)}


@pytest.fixture
def defaults():
    """What a configuration holds when nothing is said."""
    return replace(Config(), cache_dir=installation.cache_folder(), data_dir=installation.data_folder())


@pytest.fixture
def env_file(tmp_path):
    """A path for a settings file that is not there yet."""
    return tmp_path / ".env"


class TestNames:
    """Each name of the environment, in both places it may stand."""

    @pytest.mark.parametrize(("name", "where", "written", "meant"), NAMES, ids=[f"{n}-{w}" for n, w, _, _ in NAMES])
    def test_environment(self, env_file, name, where, written, meant):
        """A name in the environment sets its one value, and nothing is complained about."""
        loaded = Config.load(env_file=env_file, environ={name: written})
        assert meant == attrgetter(where)(loaded)
        assert () == loaded.problems

    @pytest.mark.parametrize(("name", "where", "written", "meant"), NAMES, ids=[f"{n}-{w}" for n, w, _, _ in NAMES])
    def test_env_file(self, env_file, name, where, written, meant):
        """The same name in .env means the same."""
        env_file.write_text(f"{name}={written}\n", encoding="utf-8")
        assert meant == attrgetter(where)(Config.load(env_file=env_file, environ={}))

    @pytest.mark.parametrize(("name", "where", "written", "meant"), NAMES, ids=[f"{n}-{w}" for n, w, _, _ in NAMES])
    def test_environment_wins(self, env_file, name, where, written, meant):
        """Where both say something, the environment wins over .env."""
        env_file.write_text(f"{name}=S3\n" if name == "STORAGE_TYPE" else f"{name}=7\n", encoding="utf-8")
        assert meant == attrgetter(where)(Config.load(env_file=env_file, environ={name: written}))

    @pytest.mark.parametrize(
        ("name", "where"), [(n, w) for n, w, _, _ in NAMES], ids=[f"{n}-{w}" for n, w, _, _ in NAMES]
    )
    def test_blank_is_default(self, env_file, defaults, name, where):
        """A name that is there but blank means its default."""
        assert attrgetter(where)(defaults) == attrgetter(where)(Config.load(env_file=env_file, environ={name: "  "}))

    def test_nothing_set(self, env_file, defaults):
        """Without .env and without environment everything has its default."""
        assert Config.load(env_file=env_file, environ={}) == defaults

    def test_real_environment(self, env_file, monkeypatch):
        """The process's own environment is read when none is handed in."""
        monkeypatch.setenv("FFMPEG_PATH", "/opt/ffmpeg")
        assert "/opt/ffmpeg" == Config.load(env_file=env_file).ffmpeg_path

    @pytest.mark.parametrize(
        ("environ", "expected"),
        [
            ({"AWS_REGION": "a", "AWS_DEFAULT_REGION": "b"}, "a"),
            ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "b"}, "b"),
            ({"AWS_DEFAULT_REGION": "b"}, "b"),
            ({}, "us-east-1"),
        ],
        ids=["both", "first-blank", "second", "neither"],
    )
    def test_region_order(self, env_file, environ, expected):
        """AWS_REGION comes before AWS_DEFAULT_REGION, which comes before us-east-1."""
        assert expected == Config.load(env_file=env_file, environ=environ).aws.region

    def test_the_settings_of_this_system(self, tmp_path, monkeypatch):
        """Without a `.env` beside the program, the one in the system's folder for settings is read."""
        folder = installation.config_folder()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".env").write_text("DEFAULT_LANGUAGE=fr\n", encoding="utf-8")
        monkeypatch.setattr(installation, "ROOT", tmp_path)
        assert "fr" == Config.load(environ={}).languages.default
        (tmp_path / ".env").write_text("DEFAULT_LANGUAGE=es\n", encoding="utf-8")
        assert "es" == Config.load(environ={}).languages.default

    def test_relative_storage_folder(self, env_file, tmp_path, monkeypatch):
        """A relative storage folder lies beside the program, wherever it is started."""
        monkeypatch.chdir(tmp_path)
        assert (
            ROOT / "videos"
            == Config.load(env_file=env_file, environ={"STORAGE_LOCAL_PATH": "videos"}).server.local_path
        )


class TestEnvFile:
    """How .env may be written, and what is said when it can't be read."""

    @pytest.mark.parametrize(
        "text",
        [
            b"DEFAULT_LANGUAGE=fr",
            b"\xef\xbb\xbfDEFAULT_LANGUAGE=fr\n",
            b"# x\r\nDEFAULT_LANGUAGE='fr'\r\n",
            b'export DEFAULT_LANGUAGE = "fr"  # x',
        ],
        ids=["plain", "byte-order-mark", "windows-lines", "shell"],
    )
    def test_ways_of_writing(self, env_file, text):
        """A settings file is understood as editors on all systems write it."""
        env_file.write_bytes(text)
        loaded = Config.load(env_file=env_file, environ={})
        assert ("fr", ()) == (loaded.languages.default, loaded.problems)

    def test_no_interpolation(self, env_file):
        """A token with a dollar sign is taken as it is written."""
        env_file.write_text("AUTH_TOKEN=abc${HOME}$x\n", encoding="utf-8")
        assert "abc${HOME}$x" == Config.load(env_file=env_file, environ={"HOME": "/root"}).backend.token

    def test_line_that_makes_no_sense(self, env_file):
        """A line that can't be understood is named by its number, without its text, and the others count."""
        env_file.write_text(
            'DEFAULT_LANGUAGE=fr\nAUTH_TOKEN="never closed hush\nFFMPEG_PATH=/opt/ffmpeg\n', encoding="utf-8"
        )
        loaded = Config.load(env_file=env_file, environ={})
        assert (f"Line 2 of {env_file} can't be understood: write it as NAME=value.",) == loaded.problems
        assert ("fr", "/opt/ffmpeg") == (loaded.languages.default, loaded.ffmpeg_path)

    @pytest.mark.parametrize(
        "make", [lambda p: p.write_bytes(b"AUTH_TOKEN=\xff\xfe"), lambda p: p.mkdir()], ids=["not-utf-8", "folder"]
    )
    def test_unreadable(self, env_file, make):
        """A settings file that can't be read is a problem, and the environment still counts."""
        make(env_file)
        loaded = Config.load(env_file=env_file, environ={"DEFAULT_LANGUAGE": "fr"})
        assert (f"The settings file {env_file} can't be read: save it as UTF-8 text or remove it.",) == loaded.problems
        assert "fr" == loaded.languages.default

    def test_all_problems_at_once(self, env_file):
        """Everything that is wrong is said in one go, a sentence each."""
        env_file.write_text("=\n", encoding="utf-8")
        environ = {"STORAGE_TYPE": "FTP", "STORAGE_LOCAL_MAX_SIZE_GB": "much", "STORAGE_S3_MAX_SIZE_GB": "-1"}
        assert (
            f"Line 1 of {env_file} can't be understood: write it as NAME=value.",
            "STORAGE_TYPE must be LOCAL or S3, but is 'FTP'.",
            "STORAGE_LOCAL_MAX_SIZE_GB must be a number of gigabytes, such as 10, but is 'much'.",
            "STORAGE_S3_MAX_SIZE_GB must be a number of gigabytes, such as 10, but is '-1'.",
        ) == Config.load(env_file=env_file, environ=environ).problems

    @pytest.mark.parametrize("number", ["nan", "inf", "1e999", "10 GB", "0x10", "-0.1"])
    def test_not_a_number_of_gigabytes(self, env_file, number):
        """What is not a sensible number of gigabytes is a problem and sets no limit."""
        loaded = Config.load(env_file=env_file, environ={"STORAGE_LOCAL_MAX_SIZE_GB": number})
        assert (1, None) == (len(loaded.problems), loaded.server.local_max_size_gb)

    @pytest.mark.parametrize("wrong", ["50", "=50", "/=50", "b/", "b/=", "b/=-1", "b/=much", "b/=1,b=2", "b/=1e999"])
    def test_not_a_quota(self, env_file, wrong):
        """What names no folder or no size is a problem; what is right beside it holds."""
        loaded = Config.load(env_file=env_file, environ={"STORAGE_QUOTAS_GB": f"a/=1,{wrong}"})
        assert loaded.problems[0].startswith("STORAGE_QUOTAS_GB must be FOLDER/=GIGABYTES, ")
        assert (1, 1.0) == (len(loaded.problems), loaded.server.quotas_gb["a/"])


class TestSecrets:
    """What must never show."""

    @pytest.mark.parametrize("name", SECRETS)
    def test_never_in_repr(self, env_file, name):
        """A secret shows neither in the configuration's repr nor in that of a part of it."""
        loaded = Config.load(env_file=env_file, environ={name: "hush-hush-hush"})
        assert "hush" not in repr(loaded) + repr(loaded.backend) + repr(loaded.server) + repr(loaded.server.s3)


class TestBackendApi:
    """The customer's backend as one value."""

    @pytest.mark.parametrize(
        ("environ", "expected"),
        [
            ({"BACKEND_URL": "https://x"}, False),
            ({"AUTH_TOKEN": "t"}, False),
            ({"BACKEND_URL": "https://x", "AUTH_TOKEN": "t"}, True),
        ],
        ids=["no-token", "no-address", "both"],
    )
    def test_configured(self, env_file, environ, expected):
        """The backend counts as configured when both its address and the token are known."""
        assert expected == Config.load(env_file=env_file, environ=environ).backend.configured

    @pytest.mark.parametrize("endpoint", ["/sign", "sign"])
    def test_full_url(self, env_file, endpoint):
        """Address and endpoint are joined by exactly one slash."""
        assert "https://x/a/sign" == Config.load(
            env_file=env_file, environ={"BACKEND_URL": "https://x/a/"}
        ).backend.full_url(endpoint)


class TestRoots:
    """The folders that root:NAME/path stands for."""

    def test_what_is_no_proxys_address_is_a_problem(self, env_file):
        """A name, or a network that can't be one, is said; nobody else is trusted then."""
        for written in ("proxy.example", "10.0.0.0/99", "127.0.0.1,,10.0.0"):
            loaded = Config.load(env_file=env_file, environ={"BACKEND_TRUSTED_PROXIES": written})
            assert server_config.TRUSTED_PROXIES == loaded.server.trusted_proxies
            assert loaded.problems[0].startswith("BACKEND_TRUSTED_PROXIES must be IP addresses or networks ")

    @pytest.mark.parametrize(
        "written", ["moodle.example.edu", "https://a.example/path", "https://a b", "'none'; script-src *", "https://"]
    )
    def test_what_is_no_origin_is_a_problem(self, env_file, written):
        """Nothing else gets into a page's policy, and only our own pages may show a player then."""
        loaded = Config.load(env_file=env_file, environ={"EMBED_ORIGINS": written})
        assert server_config.OWN_PAGES == loaded.server.embed_origins
        assert loaded.problems[0].startswith("EMBED_ORIGINS must be the origins of web pages ")

    def test_every_page_may_show_a_player(self, env_file):
        """An asterisk stands for all."""
        loaded = Config.load(env_file=env_file, environ={"EMBED_ORIGINS": "https://a.example, *"})
        assert (("*",), ()) == (loaded.server.embed_origins, loaded.problems)

    def test_no_proxy_at_all_may_be_trusted(self, env_file):
        """The word none empties the list, which nothing at all does not."""
        loaded = Config.load(env_file=env_file, environ={"BACKEND_TRUSTED_PROXIES": "None"})
        assert ((), ()) == (loaded.server.trusted_proxies, loaded.problems)

    @pytest.mark.parametrize(
        "written", ["lectures", "=/mnt", "a b=/mnt", "a=", "a=/mnt;a=/srv", "-a=/mnt", "a=/mnt,b=/srv"]
    )
    def test_what_is_no_root_is_a_problem(self, env_file, written):
        """One sentence names it, and the others count all the same."""
        loaded = Config.load(env_file=env_file, environ={"SOURCE_ROOTS": f"good=/mnt/good;{written}"})
        assert Path("/mnt/good") == loaded.sources.roots["good"]
        wrong = written.split(";")[-1]
        text = "SOURCE_ROOTS must be NAME=FOLDER, several with ; between them, as in lectures=/mnt/lectures, but has"
        assert (f"{text} {wrong!r}.",) == loaded.problems


class TestExamples:
    """The files that people copy."""

    def test_names_agree_with_code(self):
        """.env.example has every name the program reads, and no other."""
        assert names_in_code() == set(names_in_example())

    def test_table_is_whole(self):
        """The table of names in this file leaves none out."""
        assert names_in_code() == {name for name, _, _, _ in NAMES}

    @pytest.mark.parametrize("name", sorted(names_in_example()))
    def test_values_are_the_defaults(self, env_file, defaults, name):
        """Each value in .env.example is the default."""
        env_file.write_text(f"{name}={names_in_example()[name]}\n", encoding="utf-8")
        assert Config.load(env_file=env_file, environ={}) == defaults

    def test_whole_file(self, defaults):
        """.env.example as it stands is a settings file without a problem."""
        assert Config.load(env_file=EXAMPLE, environ={}) == defaults
