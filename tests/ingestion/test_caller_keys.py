"""Keys of callers: HMAC as the rest of the world computes it, without the secret in sight."""

import hashlib
import hmac

import duckdb
import pytest

from ingestion.caller_keys import CallerKeys, caller_key_sql


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param("short", id="shorter than a block"),
        pytest.param("x" * 64, id="exactly a block"),
        pytest.param("long" * 50, id="longer than a block"),
        pytest.param("Schlüssel 🔑", id="not ASCII"),
    ],
)
def test_key_in_sql_equals_hmac_in_python(secret: str) -> None:
    number = "+15125550100"

    ((key, of_null),) = (
        duckdb.connect()
        .execute(
            f"select {caller_key_sql('number')}, {caller_key_sql('nobody')}"
            " from (select $number as number, null::varchar as nobody)",
            {"number": number, **CallerKeys.of(secret).parameters},
        )
        .fetchall()
    )

    assert key == hmac.new(secret.encode(), number.encode(), hashlib.sha256).hexdigest()
    assert of_null is None


def test_missing_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="RINGTRAIL_CALLER_SECRET"):
        CallerKeys.of("")


def test_secret_does_not_show_in_sql_or_repr() -> None:
    keys = CallerKeys.of("secret")

    assert repr(keys) == "CallerKeys()"
    assert "$caller_inner" in caller_key_sql("number")
