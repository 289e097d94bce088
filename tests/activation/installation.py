"""An installation of two armed destinations of a few lines each, as the assets see it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from activation.ledger.database import Ledger
from activation.safety import Safeguards
from activation.uploads import Uploader
from orchestration.resources.uploads import Uploads
from tests.activation.candidates import NOW
from tests.activation.platforms import Clock, SmallPlatform

PLATFORMS: dict[str, SmallPlatform] = {}
"""What is set up, by destination: a resource of Dagster's holds plain values only."""

CLOCK = Clock(NOW)


class SmallUploads(Uploads):
    """The ledger in `folder`, and `PLATFORMS`, armed or not."""

    folder: str
    is_armed: bool = False

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        opened = Ledger(f"sqlite:///{self.folder}/uploads.db")
        yield opened
        opened.close()

    def uploaders(self) -> Mapping[str, Callable[[], Uploader]]:
        return {name: (lambda made=made: made) for name, made in PLATFORMS.items()}

    def safeguards(self, destination: str) -> Safeguards:
        return Safeguards(is_armed=self.is_armed)

    def clock(self) -> datetime:
        return CLOCK()
