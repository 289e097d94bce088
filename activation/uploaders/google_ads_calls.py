"""Calls from call assets in the Google Ads API: found by the caller's number and the call's start.

The one place where a clear number goes out, because the platform matches by it: `caller_id` in
E.164. Nothing else of the person is sent, and consent is mandatory: who dials a number in an ad has
no web session to give it in, so the seed `conversion_actions` says what such callers agreed to.

The platform's documents: such conversions cannot be adjusted or retracted, and have no order id;
a repeat of call and conversion time is not counted again. The answer is final, there is no job to
read back. A website call whose click is known goes as a click conversion instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from google.ads.googleads.v26.services.types import conversion_upload_service as types

from activation.consent import consent_refusal
from activation.identifiers import UnusableIdentifier, e164
from activation.uploaders.google_ads_api import (
    MAX_ROWS,
    GoogleAdsApi,
    action_name,
    date_time,
    digits,
    set_consent,
)
from activation.uploaders.google_ads_errors import row_results
from activation.uploads import Answer, Limits, Operation, Result, SentRequest, Upload, Verdict

REQUEST = type(types.UploadCallConversionsRequest.pb(types.UploadCallConversionsRequest()))
AFTER_THE_CALL_BEGAN = timedelta(seconds=1)
"""The conversion must be after the call's start. Always the same second, for it is part of the key
by which the platform knows a repeat."""


@dataclass(frozen=True)
class GoogleAdsCallsUploader:
    """Sends call conversions, each judged at once.

    Attributes:
        api: the connection.
        sends_unknown_consent: whether the law allows what nobody asked about.
    """

    api: GoogleAdsApi
    sends_unknown_consent: bool = False

    limits = Limits(
        batch_size=MAX_ROWS,
        deduplicates_for=None,
        supports=frozenset({Operation.CONVERT}),
    )

    def send(self, uploads: Sequence[Upload]) -> Answer:
        """See `Uploader.send`."""
        results = {
            upload.key: Result(Verdict.REFUSED, reason)
            for upload in uploads
            if (reason := self._unsendable(upload))
        }
        sendable = [upload for upload in uploads if upload.key not in results]
        if not sendable:
            return Answer(results)
        request = types.UploadCallConversionsRequest.wrap(_request(sendable))
        response = self.api.upload_calls(request)
        counted = Result(Verdict.COUNTED, "SUCCESS")
        return Answer(results | row_results(sendable, response, counted))

    def read_back(self, request: SentRequest) -> Answer | None:
        """Never asked: `send` says what counts."""
        raise NotImplementedError(
            f"call conversions have no job to read back: {request.request_id}"
        )

    def _unsendable(self, upload: Upload) -> str | None:
        if upload.operation not in self.limits.supports:
            return "operation_not_supported"
        if reason := consent_refusal(upload, sends_unknown=self.sends_unknown_consent):
            return reason
        try:
            e164(upload.caller_number or "")
        except UnusableIdentifier as unusable:
            return unusable.reason if upload.caller_number else "no_identifier"
        return None


def _request(uploads: Sequence[Upload]) -> Any:
    request = REQUEST(customer_id=digits(uploads[0].account_id), partial_failure=True)
    for upload in uploads:
        conversion = request.conversions.add(
            caller_id=e164(upload.caller_number or ""),
            call_start_date_time=date_time(upload.occurred_at),
            conversion_date_time=date_time(upload.occurred_at + AFTER_THE_CALL_BEGAN),
            conversion_action=action_name(upload),
        )
        set_consent(conversion.consent, upload)
        if upload.value is not None:
            conversion.conversion_value = float(upload.value)
            conversion.currency_code = upload.currency or ""
    return request
