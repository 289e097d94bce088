"""The ledger of uploads and the destinations that are set up, as a Dagster resource.

Thin over `activation_setup`, so that a test can put platforms of its own in their place.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import dagster as dg

from activation.ledger.database import Ledger
from activation.safety import Safeguards
from activation.uploads import Limits, Uploader
from orchestration import activation_setup
from orchestration.settings import Settings
from orchestration.upload_settings import WrongSetting


class Uploads(dg.ConfigurableResource):
    """Opens the ledger for the length of a ``with`` block, and knows the platforms.

    It has no configuration, which the UI would show: the ledger's URL may hold a password.
    """

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """Yield the ledger at its newest schema; its connections are closed on exit."""
        opened = activation_setup.open_ledger(Settings())
        try:
            yield opened
        finally:
            opened.close()

    def uploaders(self) -> Mapping[str, Callable[[], Uploader]]:
        """How to make the uploader of each destination that is set up."""
        return activation_setup.uploaders(Settings())

    def safeguards(self, destination: str) -> Safeguards:
        """Bounds of a destination; unarmed unless a person armed it."""
        return activation_setup.safeguards(Settings(), destination)

    def limits(self) -> tuple[dict[str, Limits], list[WrongSetting]]:
        """What each destination demands, and why some cannot be made."""
        return activation_setup.limits(self.uploaders())

    def clock(self) -> datetime:
        """The time."""
        return datetime.now(UTC)
