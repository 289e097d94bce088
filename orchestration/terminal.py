"""What every command shares: the console, the flags that say where things are, the settings."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from orchestration.settings import Settings

WIDTH_OF_FILES = 110
"""Columns when stdout is a file or a pipe, which has no width of its own."""

console = Console(width=None if sys.stdout.isatty() else WIDTH_OF_FILES, highlight=False)
errors = Console(stderr=True, highlight=False)

Landing = Annotated[
    str | None, typer.Option(help="Landing folder: a path or an fsspec URL.", show_default=False)
]
WarehouseFile = Annotated[
    Path | None, typer.Option(help="DuckDB file of the warehouse.", show_default=False)
]


def read_settings(landing: str | None = None, warehouse: Path | None = None) -> Settings:
    """Read the settings, flags first; end the command where one is wrong, and name it."""
    flags: dict[str, Any] = {"landing_dir": landing, "warehouse": warehouse}
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"])
            # What was given may be a secret, or a table that holds one.
            is_secret = problem["loc"][0] in {"uploads", "caller_secret"}
            given = "" if is_secret else f", got {problem['input']!r}"
            errors.print(f"[red]setting {name}[/]: {problem['msg']}{given}")
        raise typer.Exit(2) from error
