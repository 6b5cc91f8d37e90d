"""The token of a fresh clone's demonstration: made once, and kept where the CLI finds it."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from app.embedded.private_files import ensure_secret, private_folder
from app.errors import ConfigurationError
from app.tokens import MIN_TOKEN_LENGTH


def token_file(data_dir: Path) -> Path:
    return data_dir / "demo-token"


def read_token(data_dir: Path) -> SecretStr | None:
    """The demo's token; None: there is none yet. Raises ConfigurationError for one that cannot be
    used."""
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
        private_folder(data_dir)
        while (token := read_token(data_dir)) is None:
            ensure_secret(token_file(data_dir))
    except OSError as error:
        raise ConfigurationError(
            f"The demo's token cannot be kept in {data_dir}: {error.strerror}."
            " Set SLUICE_DATA_DIR to a folder of yours, or set SLUICE_TOKENS."
        ) from None
    return token
