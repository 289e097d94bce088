"""By what a platform finds the click or the person: click ids first, hashed phone numbers last.

Only what is needed goes out: a conversion that has a click id is sent without the phone number.

Nothing here ever puts a number into a message or a `repr`: an exception about a number says what is
wrong with it, not what it is.
"""

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum

from activation.uploads import Upload

GOOGLE_CLICK_IDS = ("gclid", "gbraid", "wbraid")
"""In the order of preference, which `upload_candidates` follows where a visit has several: a gclid
names one click, a braid only a group of clicks."""

PUNCTUATION = re.compile(r"[\s().\-/]")
E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class Platform(StrEnum):
    """Who hashes phone numbers in which form."""

    GOOGLE = "google"
    META = "meta"
    MICROSOFT = "microsoft"


class UnusableIdentifier(ValueError):
    """The upload has nothing that the platform could find a click or a person by.

    Attributes:
        reason: for the ledger, in lower case.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Identifier:
    """What an upload is found by.

    Attributes:
        kind: `gclid`, `msclkid`, ... or `phone`.
        value: the click id, or the hashed phone number; not shown in a `repr`.
    """

    kind: str
    value: str = field(repr=False)


def e164(number: str) -> str:
    """Return a number as `+` and digits.

    No country code is guessed: the platforms add none either, so a number without one would match
    nobody, or somebody else.

    Args:
        number: with its country code and `+`; spaces and punctuation do not matter.

    Raises:
        UnusableIdentifier: it is not an international number.

    >>> e164("+1 (800) 555-0100")
    '+18005550100'
    """
    bare = PUNCTUATION.sub("", number)
    if not E164.fullmatch(bare):
        raise UnusableIdentifier("phone_number_not_international")
    return bare


def hashed_phone(number: str, platform: str) -> str:
    """Return the SHA-256 of a phone number in hexadecimal, normalised as the platform says.

    Google's documents: `+`, country code and digits. Meta's: digits with the country code, without
    `+` and leading zeros. Microsoft's: E.164 with `+` (no published vector was found to check).

    Args:
        number: international, with `+`.
        platform: one of `Platform`.

    Raises:
        UnusableIdentifier: it is not an international number.

    >>> hashed_phone("+1 800 555 0100", "google")[:8], hashed_phone("+1 650 555 1212", "meta")[:8]
    ('fb4f73a6', 'e323ec62')
    """
    normalised = e164(number)
    if Platform(platform) is Platform.META:
        normalised = normalised.removeprefix("+")
    return hashlib.sha256(normalised.encode("ascii")).hexdigest()


def google_identifier(upload: Upload) -> Identifier:
    """Return what Google finds this conversion by: gclid over gbraid over wbraid over phone.

    Raises:
        UnusableIdentifier: there is neither a click id of Google's nor a phone number.
    """
    if upload.click_id:
        if upload.click_id_type not in GOOGLE_CLICK_IDS:
            raise UnusableIdentifier("click_id_of_another_platform")
        return Identifier(upload.click_id_type, upload.click_id)
    if upload.caller_number:
        return Identifier("phone", hashed_phone(upload.caller_number, Platform.GOOGLE))
    raise UnusableIdentifier("no_identifier")
