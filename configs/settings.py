"""Typed, frozen settings: defaults, then the environment's TOML file, then environment variables.

Variables are named SCRIPTBENCH_<FIELD>; the two that every platform knows are also read bare: DATABASE_URL and PORT.
"""

import os
import secrets
import tomllib
from datetime import time
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from configs.notices import NoticeTarget

HERE = Path(__file__).parent
ROOT = HERE.parent

# NumPy reads this once, when it is imported, which is after this. Pages multiply small matrices, for which a second
# thread saves nothing, but waits for the next product by spinning: it takes the processor from whoever is on the phone.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


class SeatSettings(BaseModel):
    """So many approvals of one role at a gate; where people are named, by these logins alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: str
    count: int = Field(default=1, ge=1, le=20)
    named: tuple[str, ...] = ()


def _one_of_each(*roles: str) -> tuple[SeatSettings, ...]:
    return tuple(SeatSettings(role=role) for role in roles)


class GateSettings(BaseModel):
    """Who has to approve before a plan may start, before its results count, and before they change the standard."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: tuple[SeatSettings, ...] = _one_of_each("compliance", "manager", "trainer")
    check: tuple[SeatSettings, ...] = _one_of_each("quality")
    act: tuple[SeatSettings, ...] = _one_of_each("manager", "quality")
    #: after how many days an approval counts no more
    expires_days: int = Field(default=14, ge=1, le=365)
    #: the most days that the calls of a plan may take
    most_days: int = Field(default=56, ge=1, le=730)
    #: after how many working days of waiting for people a card is marked as late
    most_wait_days: int = Field(default=3, ge=1, le=60)


class Settings(BaseSettings):
    """Everything that differs between one installation and the next."""

    model_config = SettingsConfigDict(
        env_prefix="SCRIPTBENCH_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,  # some of it is secret
    )

    #: demo: generated secrets and a demo centre; production: secrets are handed in, nothing is made up
    environment: Literal["demo", "production"] = "demo"
    #: where the embedded database, generated secrets and locks live
    instance: Path = ROOT / "instance"
    #: SQLAlchemy URL; empty means SQLite in the instance folder
    database_url: str = Field(default="", validation_alias=AliasChoices("DATABASE_URL", "SCRIPTBENCH_DATABASE_URL"))
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65_535, validation_alias=AliasChoices("PORT", "SCRIPTBENCH_PORT"))
    #: processes that answer
    workers: int = Field(default=2, ge=1, le=64)
    #: requests that each of them answers at the same time; waiting for the disk they share its commits
    threads: int = Field(default=32, ge=1, le=256)
    #: the site's own days and shifts
    timezone: str = "Asia/Shanghai"
    #: when the morning shift ends, site-local
    noon: time = time(12, 0)
    #: when the first shift begins, site-local: what changes for many agents at once changes before it
    first_shift: time = Field(default=time(8, 0), ge=time(0, 10))
    #: signs cookies; generated in demo
    secret_key: SecretStr = SecretStr("")
    #: hashes customers and other units; changing it makes every known customer a stranger; generated in demo
    unit_key: SecretStr = SecretStr("")
    #: who approves at the board's gates, and how long that counts
    gates: GateSettings = GateSettings()
    #: cookies only over TLS; off for a plain-HTTP intranet
    secure_cookies: bool = False
    #: the largest request body, in bytes
    max_body: int = Field(default=10_000_000, ge=1_000)
    #: bytes of outcomes that a process works on at the same time; what comes on top is asked to try again
    max_intake: int = Field(default=40_000_000, ge=1_000)
    #: where calls are kept while the database is away, on this machine's own disk; none means in the instance folder
    spool: Path | None = None
    #: bytes of that disk which are held for it, and bytes that it may take
    spool_reserve: int = Field(default=64_000_000, ge=0)
    spool_limit: int = Field(default=2_000_000_000, ge=1_000_000)
    #: who is told what happens on the board, by name
    notices: dict[Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,39}$")], NoticeTarget] = {}
    #: networks of one's own that webhooks may go to; elsewhere they go to public addresses only
    notices_reach: tuple[IPv4Network | IPv6Network, ...] = ()
    #: where people find this house, https://…; notices link to it
    public_url: str = Field(default="", pattern="^(https?://[^\\s/]+(/[^\\s]*)?)?$")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        ZoneInfo(value)
        return value

    @model_validator(mode="after")
    def _secrets_in_production(self) -> Self:
        for name in ("secret_key", "unit_key"):
            if self.environment == "production" and len(getattr(self, name).get_secret_value()) < 32:
                raise ValueError(f"production needs SCRIPTBENCH_{name.upper()} of at least 32 characters.")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments first, then the environment, then `configs/<environment>.toml`."""
        given = {**env_settings(), **init_settings()}
        environment = given.get("environment", cls.model_fields["environment"].default)
        file = TomlConfigSettingsSource(settings_cls, HERE / "environments" / f"{environment}.toml")
        return init_settings, env_settings, file

    @property
    def url(self) -> str:
        """Give the database's URL, the embedded one where none is set."""
        return self.database_url or f"sqlite:///{self.instance / 'scriptbench.db'}"

    @property
    def spool_folder(self) -> Path:
        """Give the folder of what is kept while the database is away."""
        return self.spool or self.instance

    def secret(self, name: Literal["secret_key", "unit_key", "demo_password"]) -> str:
        """Give a secret: the one handed in, or in demo one that is generated once and kept in the instance folder."""
        given = getattr(self, name, SecretStr("")).get_secret_value()
        if given or self.environment != "demo":
            return str(given)
        return _generated(self.instance / name)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML document."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def catalogue_documents() -> dict[str, dict[str, Any]]:
    """Read every catalogue that comes with the product, by file name."""
    return {path.stem: read_toml(path) for path in sorted((HERE / "catalogues").glob("*.toml"))}


def template_documents() -> dict[str, dict[str, Any]]:
    """Read the templates of tests that come with the product, by the file name of their catalogue."""
    return {path.stem: read_toml(path) for path in sorted((HERE / "templates").glob("*.toml"))}


def demo_world() -> dict[str, Any]:
    """Read the demo call centre's world."""
    return read_toml(HERE / "demo.toml")


def _generated(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24 if path.name == "demo_password" else 48), encoding="utf-8")
    return path.read_text(encoding="utf-8")
