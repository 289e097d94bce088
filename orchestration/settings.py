"""Where things are, and the only module here that reads the environment.

Every value has one name: the field below, `RINGTRAIL_<FIELD>` in the environment, `<field>` in
`ringtrail.toml` in the working folder. A flag of the command line wins over the environment, the
environment over the file, the file over the default.

All state of a run that is not in the warehouse file lives in `<warehouse name>.state/` beside it,
so that two warehouses in one folder share nothing:

    data/ringtrail.duckdb                     the warehouse
    data/ringtrail.duckdb.uploads.db          what was sent to the ad platforms: never delete it
    data/ringtrail.duckdb.state/dagster/      runs, events, schedules (DAGSTER_HOME)
    data/ringtrail.duckdb.state/dlt/          load packages on their way in
    data/ringtrail.duckdb.state/dbt/          the manifest, compiled SQL, logs
    data/ringtrail.duckdb.state/run.log       what the steps of command-line runs printed
    data/ringtrail.duckdb.state/serving.duckdb   the published copy of the marts
    data/ringtrail.duckdb.state/published/    the manifests of the dbt project that made that copy
    data/ringtrail.duckdb.state/caller_key.secret   made on first use when no secret is set
"""

import os
import secrets
import sys
from functools import cached_property
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from orchestration.upload_settings import UploadSettings

REPO_ROOT = Path(__file__).resolve().parents[1]
INSTANCE_CONFIG = REPO_ROOT / "orchestration" / "instance" / "dagster.yaml"
DBT_EXECUTABLE = str(Path(sys.executable).with_name("dbt"))
"""The dbt of this interpreter's environment, whether or not it is on PATH."""

MIN_SECRET_CHARACTERS = 16


class Settings(BaseSettings):
    """Everything an installation may set; see `.env.example` for a sentence on each."""

    model_config = SettingsConfigDict(
        env_prefix="RINGTRAIL_",
        env_nested_delimiter="__",
        toml_file="ringtrail.toml",
        extra="forbid",
    )

    landing_dir: str = Field(
        default=str(REPO_ROOT / "data" / "landing"),
        description="Root of the landing folder: a path or an fsspec URL.",
    )
    warehouse: Path = Field(
        default=REPO_ROOT / "data" / "ringtrail.duckdb",
        description="The DuckDB file that holds the warehouse.",
    )
    dev_warehouse: Path | None = Field(
        default=None,
        description="The copy that `ringtrail dev` makes; unset: `dev/` beside the warehouse.",
    )
    caller_secret: SecretStr | None = Field(
        default=None,
        description="Secret under which callers' numbers are hashed. Made on first use when unset.",
    )
    retention_days_caller_numbers: int | None = Field(
        default=None,
        ge=1,
        description="Clear numbers of older calls and forms are dropped. Kept when unset.",
    )
    retention_days_quarantine: int | None = Field(
        default=None,
        ge=1,
        description="The text of rows that were refused longer ago is dropped. Kept when unset.",
    )
    memory_limit: str = Field(
        default="4GB",
        pattern=r"^\d+(\.\d+)?\s?[KMGT]i?B$",
        description="What DuckDB may hold in memory; the rest goes to disk beside the file.",
    )
    ui_host: str = Field(default="127.0.0.1", description="Address that `ringtrail ui` binds.")
    ui_port: int = Field(
        default=3000, ge=1, le=65535, description="Port that `ringtrail ui` binds."
    )

    uploads: UploadSettings = Field(
        default_factory=UploadSettings,
        description="The ledger and the destinations of uploads, see `upload_settings`.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Rank the sources: arguments, environment, `ringtrail.toml`."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))

    @field_validator("landing_dir")
    @classmethod
    def _resolve_landing(cls, landing_dir: str) -> str:
        return (
            landing_dir if "://" in landing_dir else str(Path(landing_dir).expanduser().resolve())
        )

    @field_validator("warehouse")
    @classmethod
    def _resolve_warehouse(cls, warehouse: Path) -> Path:
        resolved = warehouse.expanduser().resolve()
        if resolved.is_dir():
            raise ValueError(f"warehouse must be a file, {resolved} is a folder")
        return resolved

    @field_validator("caller_secret")
    @classmethod
    def _check_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < MIN_SECRET_CHARACTERS:
            raise ValueError(f"caller_secret must have at least {MIN_SECRET_CHARACTERS} characters")
        return secret

    @cached_property
    def state_dir(self) -> Path:
        """Folder of everything that belongs to this warehouse and is not in its file."""
        return self.warehouse.with_name(self.warehouse.name + ".state")

    @cached_property
    def serving_path(self) -> Path:
        """The published copy of the marts, which BI tools read."""
        return self.state_dir / "serving.duckdb"

    @cached_property
    def dev_path(self) -> Path:
        """Where the copy goes that analysts try changes on."""
        copy = self.dev_warehouse or self.warehouse.parent / "dev" / self.warehouse.name
        return copy.expanduser().resolve()

    @cached_property
    def published_dir(self) -> Path:
        """The manifests of the dbt project that made the published copy, and stay until the next.

        The project's own move with every edit; these are what `dbt build --state` compares with.
        """
        return self.state_dir / "published"

    @cached_property
    def published_semantics(self) -> Path:
        """What can be asked of the published copy."""
        return self.published_dir / "semantic_manifest.json"

    @cached_property
    def dagster_home(self) -> Path:
        """Run history, schedules and logs of this warehouse."""
        return self.state_dir / "dagster"

    @cached_property
    def dbt_target(self) -> Path:
        """Manifest and compiled SQL of dbt."""
        return self.state_dir / "dbt" / "target"

    @cached_property
    def run_log(self) -> Path:
        """What the steps of command-line runs printed, newest last."""
        return self.state_dir / "run.log"

    @cached_property
    def caller_secret_path(self) -> Path:
        """Where the secret is kept that was made on first use."""
        return self.state_dir / "caller_key.secret"

    @cached_property
    def ledger_url(self) -> str:
        """Where it is written what was sent.

        Beside the state folder and not in it: who deletes that to begin anew must not send
        everything twice.
        """
        if self.uploads.ledger_url is not None:
            return self.uploads.ledger_url.get_secret_value()
        return f"sqlite:///{self.warehouse.with_name(self.warehouse.name + '.uploads.db')}"

    def export(self) -> None:
        """Hand these settings to the processes that follow: dbt, and Dagster's code server."""
        os.environ["RINGTRAIL_LANDING_DIR"] = self.landing_dir
        os.environ["RINGTRAIL_WAREHOUSE"] = str(self.warehouse)
        # Whatever an analyst has set: a run builds production.
        os.environ["DBT_TARGET"] = "prod"
        os.environ["RINGTRAIL_MEMORY_LIMIT"] = self.memory_limit
        os.environ["DAGSTER_HOME"] = str(self.dagster_home)
        os.environ["DBT_TARGET_PATH"] = str(self.dbt_target)
        os.environ["DBT_LOG_PATH"] = str(self.dbt_target.parent / "logs")
        os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
        os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
        os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

    def prepare_state(self) -> None:
        """Make the state folder with the Dagster instance's configuration in it."""
        self.dagster_home.mkdir(parents=True, exist_ok=True)
        self.state_dir.chmod(0o700)
        target = self.dagster_home / "dagster.yaml"
        wanted = INSTANCE_CONFIG.read_text()
        if not target.exists() or target.read_text() != wanted:
            target.write_text(wanted)

    def read_caller_secret(self) -> str:
        """Return the secret of the installation, making and keeping one on first use.

        The keys of all callers depend on it: with another secret a caller of yesterday is a
        stranger today. So it is kept beside the warehouse, readable by its owner only.
        """
        if self.caller_secret is not None:
            return self.caller_secret.get_secret_value()
        if not self.caller_secret_path.exists():
            self.state_dir.mkdir(parents=True, exist_ok=True)
            partial = self.caller_secret_path.with_suffix(".tmp")
            partial.touch(mode=0o600)
            partial.write_text(secrets.token_hex(32))
            partial.replace(self.caller_secret_path)
        return self.caller_secret_path.read_text().strip()
