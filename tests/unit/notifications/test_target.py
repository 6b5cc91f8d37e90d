"""What of a target must stand in no log, wherever in its address the secret is."""

from __future__ import annotations

import pytest

from app.redaction.redactor import Redactor
from app.workflows.notifications.target import TargetSecrets


@pytest.mark.parametrize(
    "url",
    ["https://example.com/hooks/s3cret-of-it", "https://example.com/?token=s3cret-of-it",
     "https://example.com?token=s3cret-of-it"],
)  # fmt: skip
def test_what_is_behind_the_host_is_redacted(url: str) -> None:
    redactor = Redactor()
    redactor.learn(*TargetSecrets(url, None).told())
    assert "s3cret" not in redactor(f"POST {url} failed")


def test_the_key_is_redacted_without_its_prefix_too() -> None:
    redactor = Redactor()
    redactor.learn(*TargetSecrets("https://example.com", "whsec_0123456789abcdef").told())
    assert redactor("signed with 0123456789abcdef") == "signed with [redacted]"
