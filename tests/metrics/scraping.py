"""What a scrape says, as numbers."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from tests.support.http import api, bearer
from tests.support.patience import PATIENCE
from tests.support.service import Sluice

SECRET = "secret-of-whoever-scrapes-0123"
PROMTOOL = shutil.which("promtool")
WITHOUT = "promtool is not installed: sudo apt-get install -y prometheus"


@dataclass(frozen=True)
class Scrape:
    text: str
    samples: Mapping[tuple[str, frozenset[tuple[str, str]]], float]

    @classmethod
    def of(cls, text: str) -> Scrape:
        found = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        return cls(text, found)

    def value(self, name: str, **labels: str) -> float:
        return self.samples[name, frozenset(labels.items())]

    def by(self, label: str, name: str, **labels: str) -> dict[str, float]:
        """What is not 0, by the values of one label."""
        return {
            dict(its)[label]: value
            for (told, its), value in self.samples.items()
            if told == name and labels.items() <= dict(its).items() and value
        }


async def scraped(sluice: Sluice) -> Scrape:
    """By the API, anew."""
    metrics = sluice.service.metrics
    assert metrics is not None
    metrics.service.forget()
    async with api(sluice, SECRET) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return Scrape.of(answer.text)


async def scraped_at(port: int) -> Scrape:
    async with httpx2.AsyncClient(headers=bearer(SECRET)) as client:
        answer = await client.get(f"http://127.0.0.1:{port}/metrics")
    assert answer.status_code == 200, answer.text
    return Scrape.of(answer.text)


def added(scrapes: Iterable[Scrape], label: str, name: str, **labels: str) -> dict[str, float]:
    """Over several processes."""
    found: dict[str, float] = {}
    for scrape in scrapes:
        for of, value in scrape.by(label, name, **labels).items():
            found[of] = found.get(of, 0) + value
    return found


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await true():
            await asyncio.sleep(0.05)
