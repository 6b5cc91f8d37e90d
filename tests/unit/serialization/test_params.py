"""Params are read back as they were, or refused; secrets in them are encrypted."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import pytest
from cryptography.fernet import Fernet
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    Secret,
    SecretBytes,
    SecretStr,
    computed_field,
    field_serializer,
)

from app.errors import BadInput, ConfigurationError
from app.workflows.contract.cron import Cron
from app.workflows.family import FamilyParams
from app.workflows.registry.discovery import collect_families
from app.workflows.serialization.codec import ValueCodec
from app.workflows.serialization.params import KeptParams, Params
from app.workflows.serialization.secret_box import SecretBox, SecretsLost
from app.workflows.serialization.secret_places import MASK
from tests.support.families import Recording


class Target(FamilyParams):
    url: str
    token: SecretStr | int | None = None


class Hidden(FamilyParams):
    api_key: SecretStr
    raw: SecretBytes = SecretBytes(b"\xff\x00")
    born: Secret[date] | None = None
    targets: list[Target] = Field(default_factory=list)
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    pair: tuple[SecretStr, int] | None = None
    anything: Any = None
    share: float = 0.5

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated property
    @property
    def label(self) -> str:
        return f"{len(self.targets)} targets"


def params(kind: type[BaseModel] = Hidden, box: SecretBox | None = None) -> Params:
    return Params(kind, ValueCodec(), box or SecretBox.fresh())


FULL = Hidden(
    api_key=SecretStr("key-1"),
    born=Secret[date](date(2001, 2, 3)),
    targets=[Target(url="a", token=SecretStr("token-1")), Target(url="b", token=3)],
    headers={"X-Key": SecretStr("key-2")},
    pair=(SecretStr("key-3"), 1),
)


def test_secrets_are_read_back_and_a_mask_stands_where_they_are_shown() -> None:
    them = params()
    kept = them.keep(FULL)
    assert them.read(kept) == FULL
    assert kept.json == {
        "apiKey": MASK,
        "raw": MASK,
        "born": MASK,
        "targets": [{"url": "a", "token": MASK}, {"url": "b", "token": 3}],
        "headers": {"X-Key": MASK},
        "pair": [MASK, 1],
        "anything": None,
        "share": 0.5,
    }
    for secret in ("key-1", "token-1", "key-2", "key-3", "2001"):
        assert secret not in str(kept)


def test_params_without_a_secret_have_nothing_to_encrypt() -> None:
    assert params(Target).keep(Target(url="a", token=1)) == KeptParams({"url": "a", "token": 1})


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"share": float("nan")}, "params.share"),
        ({"share": float("-inf")}, "params.share"),
        ({"anything": [{"a": "\ud800"}]}, "params.anything.0.a"),
        ({"anything": {"a": "b\0"}}, "params.anything.a"),
        ({"anything": {"\0": 1}}, "params.anything"),
        ({"anything": (1, 2)}, "params.anything"),
        ({"anything": date(2026, 1, 1)}, "params.anything"),
        ({"anything": SecretStr("a")}, "params.anything"),
        ({"api_key": SecretStr(MASK)}, "params.apiKey"),
    ],
)
def test_what_would_not_be_the_same_is_refused_with_its_field(
    changed: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadInput) as refused:
        params().keep(FULL.model_copy(update=changed))
    assert refused.value.field == field
    assert field in refused.value.detail


class Opaque:
    """It has no form in JSON."""


class Odd(FamilyParams):
    anything: Any = None
    raw: bytes = b""
    share: float = 0.5

    @field_serializer("share")
    def _positive(self, share: float) -> float:
        if share < 0:
            raise ValueError("a share is never negative")
        return share


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"anything": [Opaque()]}, "params.anything cannot be kept: it has no form in JSON."),
        ({"raw": b"\xff"}, "params.raw cannot be kept: it holds bytes that are no text."),
        ({"share": -1.0}, "params.share cannot be kept: ValueError: a share is never negative."),
    ],
)
def test_what_has_no_form_in_json_is_told_by_its_field_and_in_no_librarys_words(
    changed: dict[str, Any], told: str
) -> None:
    with pytest.raises(BadInput) as refused:
        params(Odd).keep(Odd().model_copy(update=changed))
    assert refused.value.field == told.split(maxsplit=1)[0]
    assert refused.value.detail.startswith(told)
    assert "serializ" not in refused.value.detail


def test_a_validator_that_gives_something_else_each_time_is_refused() -> None:
    class Louder(FamilyParams):
        said: Annotated[str, AfterValidator(lambda said: said + "!")] = ""

    with pytest.raises(BadInput, match=r"params\.said is not the same once it is kept"):
        params(Louder).keep(Louder(said="hello"))


def test_a_default_is_read_as_what_callers_send() -> None:
    class Timed(FamilyParams):
        seconds: float = 600
        at: tuple[int, ...] = []  # type: ignore[assignment]  # as somebody may write it

    them = params(Timed)
    kept = them.keep(Timed())
    assert repr(them.read(kept)) == repr(Timed()) == "Timed(seconds=600.0, at=())"


def test_a_value_of_another_type_than_the_declared_one_is_told_both() -> None:
    class Pace(BaseModel):
        each: float = 1  # its own defaults are as its author wrote them

    class Timed(BaseModel):
        seconds: float = 600
        pace: Pace = Pace()

    for family_params in (Timed(), Timed(seconds=600.0)):
        with pytest.raises(BadInput) as refused:
            params(Timed).keep(family_params)
        field = "params.pace" if family_params.seconds.__class__ is float else "params.seconds"
        assert refused.value.field == field
    with pytest.raises(BadInput) as refused:
        params(Timed).keep(Timed())
    assert refused.value.detail == (
        "params.seconds is of type int, and of type float once it is kept and read back. Let the"
        " family give it a value of the type that it declares, as its default, too."
    )


def test_a_fault_in_a_secret_does_not_tell_it() -> None:
    class Long(FamilyParams):
        api_key: Annotated[SecretStr, Field(min_length=30)]

    with pytest.raises(BadInput, match=r"params\.apiKey: ") as refused:
        params(Long).named({"apiKey": "key-1"})
    assert "key-1" not in f"{refused.value!r} {refused.value.more} {refused.value.__cause__}"


def test_a_mask_that_is_sent_back_keeps_the_secret() -> None:
    them = params()
    before = them.named(
        {"apiKey": "key-1", "headers": {"X": "key-2"}, "targets": [{"url": "a", "token": "key-3"}]}
    )
    again = them.named({**before.json, "share": 0.25}, before)
    read = them.read(again)
    assert isinstance(read, Hidden)
    assert (read.api_key.get_secret_value(), read.share) == ("key-1", 0.25)
    assert read.headers == {"X": SecretStr("key-2")}
    assert read.targets == [Target(url="a", token=SecretStr("key-3"))]

    other = them.named({**before.json, "apiKey": "key-9"}, before)
    changed = them.read(other)
    assert isinstance(changed, Hidden)
    assert changed.api_key == SecretStr("key-9")
    # Another target may stand there now.
    with pytest.raises(BadInput, match=r"params\.targets\.0\.token is the mask"):
        them.named({**before.json, "targets": [{"url": "evil", "token": MASK}]}, before)


def test_a_new_key_reads_what_the_former_one_wrote_and_nobody_elses() -> None:
    old, new, made = (Fernet.generate_key().decode() for _ in range(3))
    kept = params(box=SecretBox([old], made)).keep(FULL)
    assert params(box=SecretBox([new, old], made)).read(kept) == FULL
    with pytest.raises(SecretsLost, match="SLUICE_SECRET_KEY"):
        params(box=SecretBox([new], made)).read(kept)
    by_itself = params(box=SecretBox([], made)).keep(FULL)
    assert params(box=SecretBox([new], made)).read(by_itself) == FULL


def test_a_digest_outlives_a_new_key_and_needs_the_key() -> None:
    old, new, made = (Fernet.generate_key().decode() for _ in range(3))
    assert SecretBox([old], made).digest("a") == SecretBox([new, old], made).digest("a")
    assert SecretBox([old], made).digest("a") != SecretBox([new], made).digest("a")


def test_rounds_in_which_a_key_is_changed_lose_nothing_while_some_are_in_the_one_before() -> None:
    """As docs/guides/running.md has them."""
    old, new, made = (Fernet.generate_key().decode() for _ in range(3))
    before, first, second, third = (
        SecretBox(keys, made) for keys in ([old], [old, new, old], [new, old], [new])
    )
    for reads, wrote in (
        *((before, first), (first, before)),
        *((first, second), (second, first)),
        *((second, third), (third, second)),
    ):
        assert params(box=reads).read(params(box=wrote).keep(FULL)) == FULL
    assert before.digest("a") == first.digest("a") == second.digest("a")
    with pytest.raises(SecretsLost):  # for which there is the first of them
        params(box=before).read(params(box=second).keep(FULL))


class KeyOfADict(FamilyParams):
    tokens: dict[SecretStr, int] = Field(default_factory=dict)


class Told(FamilyParams):
    api_key: SecretStr

    @field_serializer("api_key")
    def tell(self, api_key: SecretStr) -> str:
        return api_key.get_secret_value()


class ToldByType(FamilyParams):
    key: Annotated[SecretStr | None, PlainSerializer(str)] = None
    keys: list[Annotated[SecretStr, PlainSerializer(str)]] = Field(default_factory=list)


class Excluded(FamilyParams):
    region: str = Field("eu", exclude=True)


class TwoNames(BaseModel):
    region: str = Field("eu", validation_alias="inRegion", serialization_alias="region")


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    wide: TwoNames = TwoNames()


class NoNumber(FamilyParams):
    share: float = float("nan")


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (KeyOfADict, "the key of a dict"),
        (Told, r"Told\.api_key holds a secret, and a serializer"),
        (ToldByType, "a serializer of its own, which could show it"),
        (Excluded, r"Excluded\.region is excluded"),
        (TwoNames, "written as 'region' and read as 'inRegion'"),
        (Inner, "written as 'region' and read as 'inRegion'"),
        (NoNumber, r"params\.share is no number"),
    ],
)
def test_params_that_could_not_be_kept_are_refused_when_the_service_starts(
    kind: type[BaseModel], why: str
) -> None:
    family = type("Refused", (Recording,), {"params": kind})()
    with pytest.raises(ConfigurationError, match=f"refused.py: recording: .*{why}"):
        collect_families([("refused.py", family)])


def test_a_declared_schedule_may_name_a_secret() -> None:
    said = Cron("0 3 * * *", params={"apiKey": "key-1"})
    family = type("Nightly", (Recording,), {"params": Hidden, "schedule": said})()
    assert collect_families([("nightly.py", family)])
