"""Caller keys: HMAC-SHA-256 of a caller's number, computed inside DuckDB.

A bare hash of a phone number is undone by hashing all ten billion of them, so the key needs a
secret, and DuckDB 1.5 has `sha256` but no `hmac`. HMAC is two SHA-256 over padded keys (RFC 2104),
which SQL can say:

    sha256(outer || sha256(inner || number))      inner = secret xor 36..., outer = secret xor 5c...

The two padded keys go in as prepared parameters: a secret in SQL text ends up in logs, in error
messages and in dbt's target folder.
"""

import hashlib
from dataclasses import dataclass, field

BLOCK_BYTES = 64


@dataclass(frozen=True)
class CallerKeys:
    """The padded keys of one installation's secret; they never show in ``repr``."""

    inner: bytes = field(repr=False)
    outer: bytes = field(repr=False)

    @classmethod
    def of(cls, caller_secret: str) -> "CallerKeys":
        """Pad the secret; a missing one is refused, for its keys would be anyone's."""
        if not caller_secret:
            raise ValueError("caller_secret is empty: set RINGTRAIL_CALLER_SECRET to a long text")
        key = caller_secret.encode()
        if len(key) > BLOCK_BYTES:
            key = hashlib.sha256(key).digest()
        key = key.ljust(BLOCK_BYTES, b"\0")
        return cls(bytes(b ^ 0x36 for b in key), bytes(b ^ 0x5C for b in key))

    def key_of(self, number: str) -> str:
        """The key of one number; for many, let SQL do it (`caller_key_sql`)."""
        inner = hashlib.sha256(self.inner + number.encode()).digest()
        return hashlib.sha256(self.outer + inner).hexdigest()

    @property
    def parameters(self) -> dict[str, bytes]:
        """What the expression of `caller_key_sql` needs, by parameter name."""
        return {"caller_inner": self.inner, "caller_outer": self.outer}


def caller_key_sql(number: str) -> str:
    """SQL of the key of ``number``, an expression of text; null stays null."""
    inner = f"unhex(sha256($caller_inner::blob || encode({number})))"
    return f"case when {number} is not null then sha256($caller_outer::blob || {inner}) end"
