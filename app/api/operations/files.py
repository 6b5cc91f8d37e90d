"""What families have kept as files: images are shown, and everything else is only handed over."""

from __future__ import annotations

import mimetypes
from typing import Annotated

from fastapi import Depends, Path
from fastapi.responses import FileResponse

from app.api.dependencies import State, bearer
from app.api.routing import Router
from app.errors import NotFound

SHOWN = {
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}
"""No SVG: it may hold scripts."""
HEADERS = {
    "Cache-Control": "private, no-cache",
    # Whatever it is: as a page it may do nothing, and no other page may embed it.
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

router = Router(prefix="/api/files", tags=["files"], dependencies=[Depends(bearer)])


@router.get(
    "/{path:path}",
    response_class=FileResponse,
    responses={200: {"description": "The file", "content": {"application/octet-stream": {}}}},
)
async def get_file(path: Annotated[str, Path(max_length=1_000)], state: State) -> FileResponse:
    """A file by its name below the folder; takes `Range`, and answers `ETag`."""
    try:
        file = await state.files.locate(path)
    except ValueError:
        raise NotFound(f"There is no file {path}.") from None
    suffix = file.suffix.lower()
    guessed = SHOWN.get(suffix) or mimetypes.guess_type(file.name)[0]
    return FileResponse(
        file,
        headers=HEADERS,
        media_type=guessed or "application/octet-stream",
        filename=file.name,
        content_disposition_type="inline" if suffix in SHOWN else "attachment",
    )
