"""Both painters: the local one, and a model's behind a real HTTP server on a loopback socket."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from io import BytesIO

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.errors import ConfigurationError
from app.services.errors import (
    LlmError,
    LlmRefused,
    LlmReplyInvalid,
    LlmUnavailable,
    RateLimited,
)
from app.services.images.endpoint import EndpointPainter
from app.services.images.local import LocalPainter
from app.services.images.painter import Painted
from app.services.model_choice import painter
from tests.support.network.llm_server import Server, response

KEY = "sk-image-7c1d"
LOCAL = LocalPainter()


def picture(kind: str) -> bytes:
    return filed(Image.effect_noise((40, 30), 40).convert("RGB"), kind)


def filed(image: Image.Image, kind: str) -> bytes:
    file = BytesIO()
    image.save(file, kind)
    return file.getvalue()


PNG = picture("PNG")


def answer(data: bytes | str | None, **more: object) -> bytes:
    coded = base64.b64encode(data).decode() if isinstance(data, bytes) else data
    image = {"b64_json": coded, **more}
    return response(200, json.dumps({"data": [image], "usage": {"total_tokens": 700}}).encode())


@pytest.fixture
def server(server: Server) -> Server:
    server.answers = [answer(PNG)]
    return server


@pytest.fixture
async def model(server: Server, http: httpx2.AsyncClient) -> EndpointPainter:
    return EndpointPainter(server.url, KEY, "dall-e-2", timeout=2.0, wait=0.001, http=http)


async def failure(model: EndpointPainter) -> LlmError:
    with pytest.raises(LlmError) as caught:
        await model.paint("a harbour")
    assert KEY not in f"{caught.value} {vars(caught.value)}"
    return caught.value


async def test_the_local_painter_paints_the_same_bytes_for_the_same_prompt() -> None:
    first = await LOCAL.paint("a harbour")

    assert first == await LocalPainter().paint("a harbour")
    assert first.data != (await LOCAL.paint("a harbour.")).data
    assert (first.media_type, first.suffix, LOCAL.name) == ("image/png", ".png", "local-painter")


@given(prompt=st.text(st.characters()), width=st.integers(64, 200), height=st.integers(64, 200))
async def test_the_local_painter_paints_whatever_it_is_told_in_the_size_it_is_told(
    prompt: str, width: int, height: int
) -> None:
    painted = await LOCAL.paint(prompt, width=width, height=height)

    with Image.open(BytesIO(painted.data)) as image:
        image.load()
    assert image.format == "PNG"
    assert image.size == (painted.width, painted.height) == (width, height)
    assert len(image.getcolors(1_000_000) or ()) > 50


async def test_pictures_of_different_prompts_differ() -> None:
    pictures = [await LOCAL.paint(f"Scene {n}", width=64, height=64) for n in range(50)]

    assert len({painted.data for painted in pictures}) == 50


@pytest.mark.parametrize(("width", "height"), [(63, 512), (512, 2_049), (0, 0), (-512, 512)])
async def test_a_size_out_of_bounds_is_refused_by_both(
    model: EndpointPainter, width: int, height: int
) -> None:
    for one in (LOCAL, model):
        with pytest.raises(ValueError, match=r"64 to 2,048"):
            await one.paint("x", width=width, height=height)


@pytest.mark.parametrize(
    ("kind", "media_type", "suffix"),
    [("PNG", "image/png", ".png"), ("JPEG", "image/jpeg", ".jpg"), ("WEBP", "image/webp", ".webp")],
)
async def test_a_models_image_is_known_by_its_own_bytes(
    server: Server, model: EndpointPainter, kind: str, media_type: str, suffix: str
) -> None:
    data = picture(kind)
    server.answers = [answer(data)]
    tokens: list[int] = []

    painted = await model.paint("a harbour", spent=tokens.append)

    assert painted == Painted(data, media_type, 40, 30)
    assert (painted.suffix, model.name, tokens) == (suffix, "dall-e-2", [700])


async def test_the_request_is_signed_and_asks_for_one_image_in_the_reply_itself(
    server: Server, model: EndpointPainter
) -> None:
    await model.paint("a harbour", width=256, height=128)

    [(first, headers, body)] = server.requests
    assert first == "POST /v1/images/generations HTTP/1.1"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert json.loads(body) == {
        "model": "dall-e-2",
        "prompt": "a harbour",
        "n": 1,
        "size": "256x128",
        "response_format": "b64_json",
    }


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [(512, 512, "1024x1024"), (640, 480, "1536x1024"), (480, 640, "1024x1536")],
)
async def test_gpt_image_is_asked_for_a_size_that_it_paints_and_for_nothing_it_refuses(
    server: Server, http: httpx2.AsyncClient, width: int, height: int, size: str
) -> None:
    model = EndpointPainter(server.url, KEY, "openai/gpt-image-1", http=http)

    await model.paint("a harbour", width=width, height=height)

    request = json.loads(server.requests[0][2])
    assert request["size"] == size
    assert "response_format" not in request


async def test_a_url_is_not_fetched_and_stops_the_run(
    server: Server, model: EndpointPainter
) -> None:
    server.answers = [answer(None, url=f"{server.url}/secret.png?sig=1")]

    error = await failure(model)

    assert isinstance(error, LlmRefused)
    assert error.systemic
    assert "IMAGE_MODEL" in str(error)
    assert "sig=1" not in str(error)
    assert len(server.requests) == 1


UNUSABLE = {
    "no data": response(200, b'{"data": []}'),
    "neither": answer(None),
    "not base64": answer("no!"),
    "no image": answer(b"<svg/>"),
    "a GIF": answer(picture("GIF")),
    "cut off": answer(PNG[:-200]),
    "a broken middle": answer(PNG[:300] + bytes(200) + PNG[500:]),
    "a JPEG cut off": answer(picture("JPEG")[:-300]),
    "more pixels than we open": answer(filed(Image.new("1", (4_097, 4_097)), "PNG")),
    "a bomb": answer(PNG.replace((40).to_bytes(4, "big"), (65_000).to_bytes(4, "big"), 1)),
    "not UTF-8": response(200, b'{"data": "\xff"}'),
}


@pytest.mark.parametrize("reply", UNUSABLE.values(), ids=UNUSABLE)
async def test_what_is_no_whole_image_is_not_usable(
    server: Server, model: EndpointPainter, reply: bytes
) -> None:
    server.answers = [reply]

    error = await failure(model)

    assert isinstance(error, LlmReplyInvalid)
    assert len(error.text) <= 500
    assert len(server.requests) == 1


async def test_an_enormous_reply_is_not_read_to_its_end(
    server: Server, model: EndpointPainter
) -> None:
    server.answers = [response(200, b"x" * 60_000_000)]

    error = await failure(model)

    assert isinstance(error, LlmReplyInvalid)
    assert "more than 20,000,000 bytes" in str(error)
    assert server.sent < 50_000_000


async def test_a_server_that_recovers_is_asked_again_and_one_that_does_not_is_given_up(
    server: Server, model: EndpointPainter
) -> None:
    server.answers = [response(503, b""), answer(PNG)]
    assert (await model.paint("a harbour")).data == PNG
    server.answers = [response(502, b"")]

    assert isinstance(await failure(model), LlmUnavailable)
    assert len(server.requests) == 4


async def test_a_429_is_passed_on_with_the_seconds_it_asks_for(
    server: Server, model: EndpointPainter
) -> None:
    server.answers = [response(429, b"", "Retry-After: 9")]

    error = await failure(model)

    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(seconds=9)


@pytest.mark.parametrize(
    ("status", "advice", "systemic"),
    [(401, "IMAGE_API_KEY", True), (404, "IMAGE_BASE_URL", True), (400, "IMAGE_MODEL", False)],
)
async def test_a_refusal_says_which_setting_to_check(
    server: Server, model: EndpointPainter, status: int, advice: str, systemic: bool
) -> None:
    server.answers = [response(status, f"no {KEY}".encode())]

    error = await failure(model)

    assert isinstance(error, LlmRefused)
    assert (error.answered, error.systemic) == (status, systemic)
    assert advice in str(error)
    assert "LLM_" not in str(error)


@pytest.mark.parametrize(("url", "key"), [("ftp://x", KEY), ("http://h/v1", "two words")])
def test_an_endpoint_that_cannot_be_is_a_configuration_error(url: str, key: str) -> None:
    with pytest.raises(ConfigurationError, match=r"IMAGE_(BASE_URL|API_KEY)"):
        painter(url, key, "m", 2.0)


async def test_without_an_endpoint_the_painter_is_the_local_one() -> None:
    one = painter(None, None, "unused", 2.0)
    assert one.name == "local-painter"
    await one.aclose()


async def test_a_configured_endpoint_makes_a_painter_that_asks_it(
    server: Server, no_proxy: None
) -> None:
    one = painter(server.url, f"{KEY}\n", "flux", 2.0)

    assert (await one.paint("a harbour")).data == PNG
    await one.aclose()
    assert one.name == "flux"
