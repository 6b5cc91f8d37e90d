"""What a family may say under ``throttle``, and what is refused when the service starts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.errors import ConfigurationError
from app.workflows.family import (
    Context,
    DeadTuples,
    HealthAddress,
    LongTransactions,
    ReplicationLag,
    Throttle,
)
from app.workflows.registry.discovery import require_complete
from tests.support.families import Recording


async def well(ctx: Context) -> str | None:
    return None


def plain(ctx: Context) -> str | None:
    return None


class Checks:
    async def method(self, ctx: Context) -> str | None:
        return None


async def without_a_ctx() -> str | None:
    return None


async def of_too_many(ctx: Context, more: int) -> str | None:
    return None


@pytest.mark.parametrize("check", [well, plain, Checks().method, lambda _ctx: None, DeadTuples(5)])
def test_a_check_is_whatever_takes_a_ctx(check: Any) -> None:
    family = Recording()
    family.throttle = [Throttle(check)]  # type: ignore[misc]  # a class's, and here of one object
    require_complete("here", family)
    assert Throttle(check).name


@pytest.mark.parametrize("check", [without_a_ctx, of_too_many, None, "well", 5])
def test_a_check_that_takes_no_ctx_is_refused(check: Any) -> None:
    with pytest.raises(ConfigurationError, match="a function that takes a ctx"):
        Throttle(check)


@pytest.mark.parametrize("field", ["backoff", "every"])
@pytest.mark.parametrize("value", [timedelta(0), timedelta(seconds=-1), timedelta(days=2), 30])
def test_a_time_that_makes_no_sense_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"A throttle's {field} is a timedelta above 0"):
        Throttle(well, **{field: value})


@pytest.mark.parametrize("throttle", [Throttle(well), [well], {"a": Throttle(well)}, None, "well"])
def test_a_throttle_that_is_no_list_of_them_is_refused(throttle: Any) -> None:
    family = Recording()
    family.throttle = throttle  # type: ignore[misc]  # a class's, and here of one object
    with pytest.raises(ConfigurationError, match=re.escape("a list of Throttle(…)")):
        require_complete("here", family)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: ReplicationLag(timedelta(0)), "ReplicationLag(most=…) is a timedelta above 0"),
        (lambda: ReplicationLag(30), "ReplicationLag(most=…) is a timedelta above 0"),  # type: ignore[arg-type]
        (lambda: LongTransactions(timedelta(0)), "LongTransactions(most=…) is a timedelta above"),
        (lambda: DeadTuples(0), "DeadTuples(most=…) is a number of rows above 0"),
        (lambda: HealthAddress("example.com"), "HealthAddress(…) is a URL such as"),
        (lambda: HealthAddress("ftp://example.com"), "HealthAddress(…) is a URL such as"),
        (lambda: HealthAddress("http://example.com:99999"), "HealthAddress(…) is a URL such as"),
        (lambda: HealthAddress("https:///healthz?key=5ecret"), "HealthAddress(…) is a URL such as"),
    ],
)
def test_a_check_that_comes_with_sluice_says_what_it_cannot_be_given(
    made: Callable[[], object], says: str
) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(says)) as refused:
        made()
    assert "5ecret" not in refused.value.detail


def test_a_health_address_does_not_show_its_url() -> None:
    check = HealthAddress("https://me:5ecret@example.com:8443/healthz?key=5ecret")
    assert "5ecret" not in repr(check)
    assert check.host == "example.com:8443"
