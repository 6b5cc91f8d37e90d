"""``sluice demo`` of a pipeline of two families and a webhook."""

from __future__ import annotations

import re

import pytest

from app.cli.demo.orders.webhook_receiver import WebhookReceiver
from tests.cli.command import Sluice

RUN = "run_[0-9A-Z]{26}"


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["postgres", "qstash"])
def test_one_family_follows_the_other_and_the_webhook_is_told(sluice: Sluice, engine: str) -> None:
    asked = ["--family", "import-orders", "--engine", engine]
    ended = sluice.run("demo", *asked, SLUICE_LOG_LEVEL="error")
    assert (ended.returncode, ended.stderr) == (0, "")
    line = re.search(rf"import-orders ({RUN}) -> send-invoices ({RUN})", ended.stdout)
    assert line is not None
    assert "60 of 60  60 succeeded, 0 failed, 0 skipped" in ended.stdout
    assert "12 of 12  12 succeeded, 0 failed, 0 skipped" in ended.stdout
    assert "12 invoices over 2,807.10." in ended.stdout
    for family, run in zip(("import-orders", "send-invoices"), line.groups(), strict=True):
        assert re.search(rf"   msg_\S+  run\.succeeded  {family}  {run}\n", ended.stdout)
    assert re.search(rf"import-orders {RUN}: All orders already processed", ended.stdout)
    assert re.search(rf"send-invoices {RUN}: All customers already processed", ended.stdout)


def test_what_is_not_signed_with_its_secret_is_refused() -> None:
    receiver = WebhookReceiver("http://127.0.0.1/hook", secret="whsec_" + "c2VjcmV0" * 4)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1",
        "webhook-signature": "v1,c2lnbmF0dXJl",
    }
    assert not receiver.take(b"{}", headers)
    assert (receiver.refused, receiver.received) == (1, {})
