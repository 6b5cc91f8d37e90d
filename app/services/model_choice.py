"""Which implementation of a service a process has: chosen once, from the settings."""

from __future__ import annotations

from app.services.images.local import LocalPainter
from app.services.images.painter import Painter
from app.services.llm.writer import TextWriter
from app.services.offline.writer import LocalWriter


def text_writer(
    base_url: str | None, api_key: str | None, model: str, timeout: float
) -> TextWriter:
    """The language model at ``base_url``, or the local writer where there is none.

    ``timeout`` is in seconds, for each try. Raises ConfigurationError for a URL or a key that
    cannot be sent. The caller closes the writer.
    """
    if not base_url:
        return LocalWriter()
    # Here, as the painter's below: what calls a model brings much that the local ones do not need.
    from app.services.llm.chat import ChatClient  # noqa: PLC0415
    from app.services.llm.chat_writer import ChatWriter  # noqa: PLC0415

    return ChatWriter(ChatClient(base_url, api_key, model, timeout=timeout))


def painter(base_url: str | None, api_key: str | None, model: str, timeout: float) -> Painter:
    """The model at ``base_url``, or the local painter where there is none.

    ``timeout`` is in seconds, for each try. Raises ConfigurationError for a URL or a key that
    cannot be sent. The caller closes the painter.
    """
    if not base_url:
        return LocalPainter()
    from app.services.images.endpoint import EndpointPainter  # noqa: PLC0415

    return EndpointPainter(base_url, api_key, model, timeout=timeout)
