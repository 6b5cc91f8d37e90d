# copier: if not examples
# copier: include "scaffold/service/settings.txt"
# copier: else
"""The settings of this service's own, which its providers are given. This file is yours: no update
of the template touches it. docs/guides/own-service.md says what may stand here."""

from __future__ import annotations

from pydantic import Field, SecretStr

from app.config.environment import EnvironmentSettings, WebUrl


class ServiceSettings(EnvironmentSettings):
    """The settings of the example families."""

    prefixes = ("LLM_",)

    llm_base_url: WebUrl | None = Field(
        None, alias="LLM_BASE_URL", description="OpenAI-compatible; unset: the local writer"
    )
    llm_api_key: SecretStr | None = Field(None, alias="LLM_API_KEY", description="its key")
    llm_model: str = Field("gpt-4o-mini", alias="LLM_MODEL", description="the model to ask")
    llm_timeout: float = Field(30, alias="LLM_TIMEOUT", gt=0, le=600, description="seconds a try")
    llm_batch_size: int = Field(
        50_000, alias="LLM_BATCH_SIZE", ge=1, le=50_000, description="requests of a batch, at most"
    )
    llm_batch_within: float = Field(
        60, alias="LLM_BATCH_WITHIN", ge=0, le=86_400,
        description="seconds for which a request waits for others of its batch",
    )  # fmt: skip
    llm_batch_poll: float = Field(
        30, alias="LLM_BATCH_POLL", ge=0.05, le=3_600,
        description="seconds between the first looks at a batch; they grow to twenty times as long",
    )  # fmt: skip
    image_base_url: WebUrl | None = Field(
        None, alias="IMAGE_BASE_URL", description="OpenAI-compatible; unset: the local painter"
    )
    image_api_key: SecretStr | None = Field(None, alias="IMAGE_API_KEY", description="its key")
    image_model: str = Field(
        "gpt-image-1", alias="IMAGE_MODEL", description="the model that paints"
    )
    image_timeout: float = Field(
        120, alias="IMAGE_TIMEOUT", gt=0, le=600, description="seconds a try"
    )
    posts_url: WebUrl | None = Field(
        None, alias="POSTS_URL", description="where review-post publishes"
    )
    # copier: endif
