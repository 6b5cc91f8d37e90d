"""The token of a fresh clone's demonstration: made once, and kept where the CLI finds it."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from app.errors import ConfigurationError
from app.tokens import MIN_TOKEN_LENGTH


def token_file(data_dir: Path) -> Path:
    return data_dir / "demo-token"


def read_token(data_dir: Path) -> SecretStr | None:
    """None: there is none. Raises ConfigurationError for one that cannot be used."""
    path = token_file(data_dir)
    try:
        secret = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigurationError(f"{path} cannot be read: {reason}.") from None
    if len(secret) < MIN_TOKEN_LENGTH or not secret.isprintable():
        raise ConfigurationError(f"{path} holds no token. Delete it, and start the service anew.")
    return SecretStr(secret)


def ensure_token(data_dir: Path) -> SecretStr:
    """The token that is there, or a new one. Whoever comes first of several decides."""
    try:
        # As the embedded servers make it: root's Postgres is another user, who has to pass.
        data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        while (token := read_token(data_dir)) is None:
            _make(token_file(data_dir))
    except OSError as error:
        raise ConfigurationError(
            f"The demo's token cannot be kept in {data_dir}: {error.strerror}."
            " Set SLUICE_DATA_DIR to a folder of yours, or set SLUICE_TOKENS."
        ) from None
    return token


def _make(path: Path) -> None:
    # Written beside its place and then linked, which fails if it is taken: nobody reads half.
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, f"{secrets.token_urlsafe(32)}\n".encode())
        os.fsync(file)
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        os.close(file)
        fresh.unlink()
