"""URLs of servers as platforms hand them out: they work, or one sentence names what is wrong."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.connections.postgres import connect
from app.connections.postgres_url import PostgresUrl, with_database
from app.connections.redis import open_redis
from app.connections.redis_url import plain_redis_url
from app.errors import ConfigurationError
from app.settings import Settings
from tests.support.servers.choice import TestServers

SECRET = "hunter2"


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u:p@ep-x.neon.tech/db?sslmode=require&channel_binding=require",
        "postgresql+asyncpg://u:p@h/db?ssl=require",
        "postgresql+psycopg://u:p@h/db",
        "postgresql://u:p@h/db?connect_timeout=10&keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=3&tcp_user_timeout=9000",
        "postgresql://u:p@h/db?gssencmode=disable&sslsni=1&client_encoding=utf8",
        "postgresql://u:p@a:5432,b:5433/db?target_session_attrs=read-write&load_balance_hosts=random",
        "postgresql://u:p@h:6543/db?pgbouncer=true&connection_limit=1",
        "postgresql://u:p@h/db?application_name=me&options=-csearch_path%3Dapp%2Cpublic",
        "postgresql:///db?host=/var/run/postgresql&user=u",
        "postgresql://%2Fvar%2Frun%2Fpostgresql/db",
        "postgresql://u@[::1]:5432/db",
    ],
)
def test_what_platforms_hand_out_is_read_and_written_back_as_the_same(url: str) -> None:
    parsed = PostgresUrl.parse(url)
    assert PostgresUrl.parse(str(parsed)) == parsed


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30))
def test_any_password_survives_being_written_and_read(password: str) -> None:
    url = PostgresUrl(user="u", password=password, hosts=(("h", 5432),), database="d")
    assert PostgresUrl.parse(str(url)) == url


@pytest.mark.parametrize("password", ["p#w", "p[w", "p]w", "p?w", "p@w", "p:w", "p&w=1", "p%w"])
def test_a_password_works_without_being_encoded_where_it_can_be_told_apart(password: str) -> None:
    assert PostgresUrl.parse(f"postgresql://u:{password}@h:1/db").password == password
    assert plain_redis_url(f"redis://u:{password}@h:1/0").endswith("@h:1/0")


def test_every_part_is_read() -> None:
    url = PostgresUrl.parse(
        "postgres://me:p%40ss@a:1,[::1]/my%20db?connect_timeout=3&options=-c%20search_path%3Da"
        "%20--lock_timeout%3D5s&application_name=billing&sslmode=require"
    )
    assert (url.user, url.password, url.database) == ("me", "p@ss", "my db")
    assert url.hosts == (("a", 1), ("::1", None))
    assert url.settings == {"search_path": "a", "lock_timeout": "5s"}
    assert url.application_name == "billing"
    assert url.driver == {"sslmode": "require"}
    assert url.numbers == {"connect_timeout": 3}


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("postgresql://u:hunter2@h/db?foo=1", "foo"),
        ("postgresql://u:hunter2@h/db?sslmode=hunter2", "sslmode"),
        ("postgresql://u:hunter2@h/db?gssencmode=require", "gssencmode"),
        ("postgresql://u:hunter2@h/db?connect_timeout=hunter2", "connect_timeout"),
        ("postgresql://u:hunter2@h/db?options=hunter2", "options"),
        ("postgresql://u:hunter2@h:hunter2/db", "port"),
        ("postgresql://u:hun/ter2@h/db", "percent-encoded"),
        ("postgresql://u:x@hun/a?ter2=x@h/db", "percent-encoded"),
        ("postgresql://u:x@hun?ter2@h/db", "percent-encoded"),
        ("postgresql://u:hunter2@[::1/db", "]"),
        ("hunter2", "://"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_that_names_it_and_no_part_of_a_password(
    url: str, named: str
) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        PostgresUrl.parse(url)
    sentence = str(refused.value)
    assert named in sentence
    assert "hun" not in sentence
    assert "ter2" not in sentence
    assert "\n" not in sentence


@given(st.text(st.sampled_from("abXY09:/?#[]@&=%,.+ "), max_size=40))
def test_no_url_ends_in_anything_but_a_sentence(rest: str) -> None:
    for read in (PostgresUrl.parse, plain_redis_url):
        for scheme in ("postgresql", "redis"):
            with suppress(ValueError):  # but nothing else
                read(f"{scheme}://u:{rest}")


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("redis://h", "redis://h/"),
        ("rediss://default:p%23w@h:6380/3", "rediss://default:p%23w@h:6380/3"),
        ("redis://:p#w@h", "redis://:p%23w@h/"),
        ("valkey://h:1/2", "redis://h:1/2"),
        ("redis://h?db=2&protocol=3", "redis://h/?db=2&protocol=3"),
        ("unix:///run/redis.sock?db=1", "unix:///run/redis.sock?db=1"),
        ("unix://u:p@/run/redis.sock", "unix://u:p@/run/redis.sock"),
    ],
)
def test_a_redis_url_is_made_plain(url: str, plain: str) -> None:
    assert plain_redis_url(url) == plain
    open_redis(url)


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("http://h", "redis://"),
        ("redis://a:1,b:2", "several hosts"),
        ("redis://u:hunter2@h/0?foo=1", "foo"),
        ("redis://u:hunter2@h/0?db=hunter2", "db"),
        ("redis://u:hunter2@h/0?ssl_cert_reqs=none", "rediss://"),
        ("rediss://u:hunter2@h/0?ssl_ca_certs=/nowhere/ca.pem", "ssl_ca_certs"),
        ("redis://u:hunter2@h/hunter2", "database"),
        ("redis://u:hun/ter2@h/0", "percent-encoded"),
    ],
)
def test_a_redis_url_that_cannot_be_used_is_one_sentence(url: str, named: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        open_redis(url)
    assert named in refused.value.detail
    assert "hun" not in refused.value.detail
    assert refused.value.detail.startswith("REDIS_URL cannot be used: ")


def test_the_settings_refuse_with_the_same_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="foo is no parameter") as refused:
        Settings.model_validate({"DATABASE_URL": f"postgres://u:{SECRET}@h/db?foo=1"})
    assert SECRET not in str(refused.value)


async def test_the_parameters_reach_the_connection(servers: TestServers) -> None:
    parsed = PostgresUrl.parse(servers.database_url)
    more = "&" if "?" in servers.database_url else "?"
    url = (
        f"{servers.database_url}{more}application_name=billing&channel_binding=require"
        "&connect_timeout=5&keepalives_idle=7&gssencmode=disable&load_balance_hosts=random"
        "&pgbouncer=true&options=-csearch_path%3Delsewhere%20-clock_timeout%3D7s"
    ).replace("postgresql://", "postgresql+asyncpg://")
    connection = await connect(url)
    try:
        told = "SELECT current_setting($1)"
        assert await connection.fetchval(told, "application_name") == "billing"
        assert await connection.fetchval(told, "search_path") == "elsewhere"
        assert await connection.fetchval(told, "lock_timeout") == "7s"
        assert await connection.fetchval("SELECT current_database()") == parsed.database
    finally:
        await connection.close()


async def test_a_certificate_that_is_not_there_is_told_as_such(servers: TestServers) -> None:
    with pytest.raises(ConfigurationError, match="sslrootcert"):
        await connect(
            "postgresql://u:hunter2@127.0.0.1:1/db?sslmode=verify-full&sslrootcert=/no.pem"
        )


def test_another_database_of_the_same_server_keeps_the_rest() -> None:
    url = "postgresql://u:p%23@a:1,b:2/db?sslmode=require&options=-csearch_path%3Dx"
    assert with_database(url, "other") == url.replace("/db?", "/other?")
