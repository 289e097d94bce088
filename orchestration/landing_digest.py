"""A fingerprint of what lies in the landing folder, carried by runs as a tag."""

import hashlib

from ingestion.contracts import LANDING_FEEDS
from ingestion.landing import list_landing

LANDING_TAG = "ringtrail/landing_digest"


def landing_digest(landing: str) -> str:
    """Return a digest of the paths and fingerprints of the files under `landing`."""
    _, files = list_landing(landing, LANDING_FEEDS)
    listing = "\n".join(f"{file.path} {file.fingerprint}" for file in files)
    return hashlib.sha256(listing.encode()).hexdigest()
