"""Click conversions and their adjustments in the Google Ads API, for accounts on its allow-list.

Since 2026-06-15 accounts that did not use `UploadClickConversions` before are turned away
(`CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE`); for them there is `google_data_manager`.

The platform's documents, as followed here:
- `partial_failure` is mandatory; at most 2,000 rows; `job_id` in [1, 2^31).
- `conversion_date_time` has a zone and is after the click. `order_id` is unique per action; a
  repeat under it is not counted again, and the answer says so.
- A gclid or one braid, never both braids; without a click id the hashed phone number, as one of at
  most five user identifiers. Consent goes with every conversion.
- Accepted is not matched: the job's counts are read back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from google.ads.googleads.v26.services.types import conversion_upload_service as types

from activation.consent import consent_refusal
from activation.identifiers import UnusableIdentifier, google_identifier
from activation.uploaders.google_ads_adjustments import ADJUSTABLE_FOR, send_adjustments
from activation.uploaders.google_ads_api import (
    MAX_ROWS,
    GoogleAdsApi,
    action_name,
    date_time,
    digits,
    set_consent,
)
from activation.uploaders.google_ads_errors import row_results
from activation.uploaders.google_ads_jobs import NOT_REPORTED_AFTER, Job, new_job_id, read_job
from activation.uploads import Answer, Limits, Operation, Result, SentRequest, Upload, Verdict

REQUEST = type(types.UploadClickConversionsRequest.pb(types.UploadClickConversionsRequest()))
"""The protobuf class beneath the client's wrapper, which costs five times as much to fill."""


@dataclass(frozen=True)
class GoogleAdsClicksUploader:
    """Sends click conversions row by row judged, and reads back what became of their job.

    Attributes:
        api: the connection.
        sends_unknown_consent: whether the law allows what nobody asked about.
        not_reported_after: how long a job may be missing from the API's summaries, which hold the
            latest seven requests of an account, before its rows are sent again under their keys.
        clock: the time now, UTC.
    """

    api: GoogleAdsApi
    sends_unknown_consent: bool = False
    not_reported_after: timedelta = NOT_REPORTED_AFTER
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)

    limits = Limits(
        batch_size=MAX_ROWS,
        deduplicates_for=None,
        supports=frozenset({Operation.CONVERT, Operation.RESTATE, Operation.RETRACT}),
        adjustable_for=ADJUSTABLE_FOR,
        is_confirmed_later=True,
    )

    def send(self, uploads: Sequence[Upload]) -> Answer:
        """See `Uploader.send`."""
        if uploads[0].operation is not Operation.CONVERT:
            return send_adjustments(self.api, uploads)
        results = {
            upload.key: Result(Verdict.REFUSED, reason)
            for upload in uploads
            if (reason := self._unsendable(upload))
        }
        sendable = [upload for upload in uploads if upload.key not in results]
        if not sendable:
            return Answer(results)
        request = _request(sendable)
        response = self.api.upload_clicks(types.UploadClickConversionsRequest.wrap(request))
        accepted = Result(Verdict.ACCEPTED, "accepted")
        results |= row_results(sendable, response, accepted)
        accepted_count = sum(result == accepted for result in results.values())
        job = Job(request.customer_id, request.job_id, accepted_count)
        return Answer(results, str(job) if accepted_count else None)

    def read_back(self, request: SentRequest) -> Answer | None:
        """See `Uploader.read_back`."""
        return read_job(self.api, request, self.clock(), self.not_reported_after)

    def _unsendable(self, upload: Upload) -> str | None:
        if reason := consent_refusal(upload, sends_unknown=self.sends_unknown_consent):
            return reason
        try:
            google_identifier(upload)
        except UnusableIdentifier as unusable:
            return unusable.reason
        return None


def _request(uploads: Sequence[Upload]) -> Any:
    request = REQUEST(
        customer_id=digits(uploads[0].account_id), partial_failure=True, job_id=new_job_id()
    )
    for upload in uploads:
        conversion = request.conversions.add(
            order_id=upload.key,
            conversion_action=action_name(upload),
            conversion_date_time=date_time(upload.occurred_at),
        )
        set_consent(conversion.consent, upload)
        if upload.value is not None:
            conversion.conversion_value = float(upload.value)
            conversion.currency_code = upload.currency or ""
        identifier = google_identifier(upload)
        if identifier.kind == "phone":
            conversion.user_identifiers.add(hashed_phone_number=identifier.value)
        else:
            setattr(conversion, identifier.kind, identifier.value)
    return request
