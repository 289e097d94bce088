"""A caller's number in whatever text it stands: read, found, and written over.

People and programs write one number in many ways: `+15125550100` in a CDR, `%2B1+512+555-0100` in
the query of a thank-you page, `(512) 555-0100` in a note. To erase a person all of them must go.

    written_forms(number)   a pattern of every way to write it     to forget: the number is known
    numbers_in_sql(text)    the numbers that stand in a text       to load: only keys are known

What is erased becomes `ERASED_NUMBER`, digits for digits, so that text that was valid JSON, CSV
or a URL still is, and the other fields of the row keep their meaning. Country code 999 is
assigned to nobody; the loader takes it for a caller who withheld the number.

Left out on purpose: numbers abroad written without their country code. Eight loose digits would
match prices and ids.
"""

import re
from dataclasses import dataclass, field

from ingestion.caller_keys import CallerKeys

ERASED_DIGITS = "99900000000"
ERASED_NUMBER = f"+{ERASED_DIGITS}"

_SEPARATOR = r"(?:[-. ()/+]|%2[0-9A-Fa-f]){0,3}"
"""Between two digits of one number, as typed or as a URL encodes it; no quote and no comma, for
those end a field."""

_NATIONAL = f"[2-9][0-9]{{2}}{_SEPARATOR}[0-9]{{3}}{_SEPARATOR}[0-9]{{4}}"
_UNBROKEN = "(?:%2[0-9A-Fa-f])?[0-9]{8,15}"
_SPACED = rf"(?:\+|%2[Bb])[0-9](?:{_SEPARATOR}[0-9]){{7,14}}"
_SHAPES = (_UNBROKEN, _SPACED, f"1?{_SEPARATOR}{_NATIONAL}")
_NANP_DIGITS = 10


@dataclass(frozen=True)
class Caller:
    """One person's number and its key; the number does not show in ``repr``."""

    number: str = field(repr=False)
    caller_key: str

    @classmethod
    def of(cls, number: str, keys: CallerKeys) -> "Caller":
        """Read a number as a user writes it.

        Raises:
            ValueError: if it is no international number; the message does not repeat the digits.
        """
        plain = re.sub(r"[-. ()/]", "", number.strip())
        if not re.fullmatch(r"\+[0-9]{8,15}", plain):
            raise ValueError(
                f"a caller's number is + and 8 to 15 digits, such as +15125550100: what was given"
                f" has {len(number.strip())} characters, {sum(map(str.isdigit, number))} of them"
                f" digits, and {'begins' if plain.startswith('+') else 'does not begin'} with +"
            )
        return cls(plain, keys.key_of(plain))

    @property
    def forms(self) -> str:
        """`written_forms` of the number."""
        return written_forms(self.number)


def written_forms(number: str) -> str:
    """A pattern, for Python and DuckDB alike, of every way to write an E.164 ``number``.

    >>> re.sub(written_forms("+15125550100"), ERASED_DIGITS, "?tel=%2B1%20512-555-0100&x=1")
    '?tel=%2B99900000000&x=1'
    """
    digits = number.removeprefix("+")
    if digits.startswith("1") and len(digits) == _NANP_DIGITS + 1:
        return f"(?:1{_SEPARATOR})?" + _SEPARATOR.join(digits[1:])
    return _SEPARATOR.join(digits)


def numbers_in_sql(text: str) -> str:
    """SQL of the list of E.164 numbers that may stand in ``text``, an expression of text."""
    found = ", ".join(f"regexp_extract_all({text}, '{shape}')" for shape in _SHAPES)
    digits = "regexp_replace(regexp_replace(found, '%2[0-9A-Fa-f]', '', 'g'), '[^0-9]', '', 'g')"
    return (
        f"list_transform(list_transform(flatten([{found}]), lambda found: {digits}),"
        f" lambda digits: '+' || if(length(digits) = {_NANP_DIGITS}, '1', '') || digits)"
    )
