"""Whose webhooks are taken, as a setting says it."""

from __future__ import annotations

import pytest

from app.config.webhook_settings import parse_sources
from app.configured_secrets import redactor_of
from app.settings import Settings

KEY = "whsec_plJ3nmyCDGBKInavdOK15jsl"
HIDDEN = "secret-of-somebody-0123456789"


def test_each_source_has_a_scheme_a_name_for_its_events_and_secrets() -> None:
    shop, code, pay = parse_sources(
        f" shop:stripe:{KEY} , code[github/{{type}}] : github : {HIDDEN}:x,"
        f"pay[paid]:standard:{KEY},shop:stripe:{KEY}2"
    )
    assert (shop.name, shop.scheme, shop.event) == ("shop", "stripe", "shop/{type}")
    assert [one.get_secret_value() for one in shop.secrets] == [KEY, f"{KEY}2"]
    assert (code.name, code.scheme, code.event) == ("code", "github", "github/{type}")
    assert code.secrets[0].get_secret_value() == f"{HIDDEN}:x"
    assert (pay.name, pay.scheme, pay.event) == ("pay", "standard", "paid")
    assert parse_sources("") == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HIDDEN, "entry 1 is not of the form"),
        (f"shop:{HIDDEN}", "entry 1 is not of the form"),
        (f"shop:paypal:{HIDDEN}", "entry 1 is not of the form"),
        (f"Shop:stripe:{HIDDEN}", "entry 1 is not of the form"),
        (f"shop:stripe:{KEY},a b:github:{HIDDEN}", "entry 2 is not of the form"),
        (f"shop[a b]:github:{HIDDEN}", "event of entry 1"),
        (f"shop[]:github:{HIDDEN}", "event of entry 1"),
        ("shop:github:short", "secret of entry 1 needs at least 16"),
        ("shop:github:change-me-0123456789", "secret of entry 1 is one of an example"),
        (f"shop:stripe:{HIDDEN}", "secret of entry 1 must begin with whsec_"),
        ("shop:standard:whsec_c2hvcnQ=", "secret of entry 1 must be whsec_"),
        (f"shop:github:{HIDDEN},shop:stripe:{KEY}", "source of entry 2 stands twice"),
        (f"shop:github:{HIDDEN},shop[x]:github:{HIDDEN}", "source of entry 2 stands twice"),
    ],
)
def test_what_cannot_be_meant_so_is_refused_without_a_secret(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        parse_sources(text)
    assert HIDDEN not in str(refused.value)


def test_its_secrets_are_taken_out_of_every_text() -> None:
    settings = Settings.model_validate({"SLUICE_WEBHOOKS": f"code:github:{HIDDEN}"})
    assert HIDDEN not in redactor_of(settings).of(f"it said {HIDDEN}")
    assert HIDDEN not in repr(settings)
