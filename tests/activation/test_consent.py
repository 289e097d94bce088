"""The last gate: what consent allows to be sent."""

import pytest

from activation.consent import consent_refusal
from activation.uploads import Operation
from tests.activation.google_factories import make_upload

STATES = ["granted", "denied", "unknown"]


@pytest.mark.parametrize("user_data", STATES)
@pytest.mark.parametrize("personalization", STATES)
@pytest.mark.parametrize("sends_unknown", [False, True])
def test_only_what_is_granted_is_sent_and_unknown_by_setting(
    user_data: str, personalization: str, sends_unknown: bool
) -> None:
    upload = make_upload(consent_ad_user_data=user_data, consent_ad_personalization=personalization)
    said = {user_data, personalization}
    is_allowed = said == {"granted"} or (sends_unknown and "denied" not in said)
    refusal = "denied_consent" if "denied" in said else "unknown_consent"
    expected = None if is_allowed else refusal
    assert consent_refusal(upload, sends_unknown=sends_unknown) == expected


def test_a_word_that_nobody_knows_is_no_consent() -> None:
    upload = make_upload(consent_ad_user_data="GRANTED")
    assert consent_refusal(upload, sends_unknown=True) == "unknown_consent"


def test_limited_data_use_needs_no_consent_to_personalise_but_still_to_the_data() -> None:
    limited = make_upload(consent_ad_personalization="denied", is_limited_data_use=True)
    assert consent_refusal(limited) is None
    denied = make_upload(consent_ad_user_data="denied", is_limited_data_use=True)
    assert consent_refusal(denied) == "denied_consent"


def test_a_retraction_goes_out_although_consent_was_withdrawn() -> None:
    denied = make_upload(operation=Operation.RETRACT, consent_ad_user_data="denied")
    assert consent_refusal(denied) is None
    restated = make_upload(operation=Operation.RESTATE, consent_ad_user_data="denied")
    assert consent_refusal(restated) == "denied_consent"
