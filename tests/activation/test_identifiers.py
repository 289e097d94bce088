"""Phone numbers as each platform hashes them, by the examples that the platforms publish."""

import pytest

from activation.identifiers import UnusableIdentifier, google_identifier, hashed_phone
from tests.activation.google_factories import CALLER_NUMBER, make_phone_upload, make_upload

GOOGLE = "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30"
META = "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"


@pytest.mark.parametrize(
    ("number", "platform", "published"),
    [
        pytest.param("+18005550100", "google", GOOGLE, id="Google's utility library"),
        pytest.param("+1 (800) 555-0100", "google", GOOGLE, id="Google, with punctuation"),
        pytest.param("+1 (650) 555-1212", "meta", META, id="Meta's customer information page"),
        pytest.param("+18005550100", "microsoft", GOOGLE, id="Microsoft: E.164, so Google's form"),
    ],
)
def test_hashes_are_those_that_the_platforms_publish(
    number: str, platform: str, published: str
) -> None:
    assert hashed_phone(number, platform) == published


@pytest.mark.parametrize(
    "number", ["8005550100", "+0800555", "+1800555010x", "", "+1234567890123456"]
)
def test_no_country_code_is_guessed_and_no_number_is_quoted(number: str) -> None:
    with pytest.raises(UnusableIdentifier) as unusable:
        hashed_phone(number, "google")
    assert str(unusable.value) == "phone_number_not_international"


@pytest.mark.parametrize("kind", ["gclid", "gbraid", "wbraid"])
def test_a_click_id_is_preferred_to_the_number(kind: str) -> None:
    upload = make_upload(click_id="abc", click_id_type=kind, caller_number=CALLER_NUMBER)
    identifier = google_identifier(upload)
    assert (identifier.kind, identifier.value) == (kind, "abc")


def test_the_number_serves_where_there_is_no_click_and_stays_out_of_every_repr() -> None:
    upload = make_phone_upload(caller_key="somebody")
    identifier = google_identifier(upload)
    assert (identifier.kind, identifier.value) == ("phone", GOOGLE)
    for shown in (repr(upload), repr(identifier)):
        assert CALLER_NUMBER not in shown
        assert GOOGLE not in shown
