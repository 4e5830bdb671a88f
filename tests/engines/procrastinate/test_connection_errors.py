"""What psycopg says when a server can't be reached, as people read it."""

import psycopg
import pytest

from pipeline.engines.procrastinate.connection_errors import USUAL_ADVICE, is_refusal, reason_and_advice

SERVER = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: '
LOGIN = "check the user, the password and the database in its address"
WAIT = "wait until it is ready"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            f"{SERVER}Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?",
            f"(Connection refused): {USUAL_ADVICE}",
        ),
        (
            "failed to resolve host 'db.invalid': [Errno -2] Name or service not known",
            f"(failed to resolve host 'db.invalid': [Errno -2] Name or service not known): {USUAL_ADVICE}",
        ),
        (
            'connection is bad: connection to server on socket "/run/.s.PGSQL.5432" failed: No such file or directory\n'
            "\tIs the server running locally and accepting connections on that socket?",
            f"(No such file or directory): {USUAL_ADVICE}",
        ),
        (
            "consuming input failed: server closed the connection unexpectedly\n"
            "\tThis probably means the server terminated abnormally",
            f"(server closed the connection unexpectedly): {USUAL_ADVICE}",
        ),
        (
            f'{SERVER}FATAL:  password authentication failed for user "me"',
            f'(password authentication failed for user "me"): {LOGIN}',
        ),
        (f"{SERVER}fe_sendauth: no password supplied", f"(fe_sendauth: no password supplied): {LOGIN}"),
        (f'{SERVER}FATAL:  database "hls" does not exist', f'(database "hls" does not exist): {LOGIN}'),
        (f"{SERVER}FATAL:  the database system is starting up", f"(the database system is starting up): {WAIT}"),
        (f"{SERVER}FATAL:  sorry, too many clients already", f"(sorry, too many clients already): {WAIT}"),
        (
            "cannot execute UPDATE in a read-only transaction\nCONTEXT:  SQL statement",
            f"(cannot execute UPDATE in a read-only transaction): {WAIT}",
        ),
        (
            f"{SERVER}server does not support SSL, but SSL was required",
            "(server does not support SSL, but SSL was required): check its address",
        ),
        (
            f"{SERVER}SSL error: certificate verify failed",
            "(SSL error: certificate verify failed): check its address",
        ),
        (
            "consuming input failed: SSL connection has been closed unexpectedly",
            f"(SSL connection has been closed unexpectedly): {USUAL_ADVICE}",
        ),
        (
            "consuming input failed: SSL SYSCALL error: Connection reset by peer",
            f"(SSL SYSCALL error: Connection reset by peer): {USUAL_ADVICE}",
        ),
        (
            f"{SERVER}SSL error: unexpected eof while reading",
            f"(SSL error: unexpected eof while reading): {USUAL_ADVICE}",
        ),
        (
            f"{SERVER}FATAL:  the database system is not yet accepting connections",
            f"(the database system is not yet accepting connections): {WAIT}",
        ),
        (
            "terminating connection due to administrator command\nSSL connection has been closed unexpectedly",
            f"(terminating connection due to administrator command): {WAIT}",
        ),
        (
            f"{SERVER}FATAL:  server login has been failing, try again later (server_login_retry)",
            f"(server login has been failing, try again later (server_login_retry)): {USUAL_ADVICE}",
        ),
        (f'{SERVER}FATAL:  role "me" is not permitted to log in', f'(role "me" is not permitted to log in): {LOGIN}'),
        ('connection is bad: invalid port number: "99999"', '(invalid port number: "99999"): check its address'),
        ("", f"(no answer): {USUAL_ADVICE}"),
    ],
)
def test_the_reason_and_what_to_do(said, expected):
    """Of several lines the first; without the address once more."""
    error = psycopg.OperationalError(said)
    assert expected == reason_and_advice(error)
    assert is_refusal(error) == expected.endswith((LOGIN, "check its address"))
