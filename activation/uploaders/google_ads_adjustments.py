"""Retractions and restatements in the Google Ads API.

The platform's documents: only of click, website and Salesforce conversions, at most 54 days old,
by `order_id` where the conversion was uploaded with one, as ours are. They name no person, so they
need no consent and no number.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from google.ads.googleads.v26.enums.types.conversion_adjustment_type import (
    ConversionAdjustmentTypeEnum,
)
from google.ads.googleads.v26.services.types import conversion_adjustment_upload_service as types

from activation.uploaders.google_ads_api import GoogleAdsApi, action_name, date_time, digits
from activation.uploaders.google_ads_errors import row_results
from activation.uploaders.google_ads_jobs import Job, new_job_id
from activation.uploads import Answer, Operation, Result, Upload, Verdict

ADJUSTABLE_FOR = timedelta(days=54)

REQUEST = type(
    types.UploadConversionAdjustmentsRequest.pb(types.UploadConversionAdjustmentsRequest())
)
TYPES = {
    Operation.RESTATE: ConversionAdjustmentTypeEnum.ConversionAdjustmentType.RESTATEMENT,
    Operation.RETRACT: ConversionAdjustmentTypeEnum.ConversionAdjustmentType.RETRACTION,
}


def send_adjustments(api: GoogleAdsApi, uploads: Sequence[Upload]) -> Answer:
    """Send retractions or restatements of one account; see `Uploader.send`."""
    results = {
        upload.key: Result(Verdict.REFUSED, "restatement_without_value")
        for upload in uploads
        if upload.operation is Operation.RESTATE and upload.value is None
    }
    sendable = [upload for upload in uploads if upload.key not in results]
    if not sendable:
        return Answer(results)
    customer_id = digits(uploads[0].account_id)
    request = REQUEST(customer_id=customer_id, partial_failure=True, job_id=new_job_id())
    for upload in sendable:
        _fill(request.conversion_adjustments.add(), upload)
    response = api.upload_adjustments(types.UploadConversionAdjustmentsRequest.wrap(request))
    accepted = Result(Verdict.ACCEPTED, "accepted")
    results |= row_results(sendable, response, accepted)
    accepted_count = sum(result == accepted for result in results.values())
    job = Job(customer_id, request.job_id, accepted_count)
    return Answer(results, str(job) if accepted_count else None)


def _fill(adjustment: Any, upload: Upload) -> None:
    if upload.adjusted_at is None:
        raise ValueError(f"{upload.operation} {upload.key} does not say when it was decided")
    adjustment.order_id = upload.target_key
    adjustment.conversion_action = action_name(upload)
    adjustment.adjustment_type = TYPES[upload.operation]
    # A second restatement of a conversion needs a later time, or it is taken for a repeat.
    adjustment.adjustment_date_time = date_time(upload.adjusted_at)
    if upload.value is not None and upload.operation is Operation.RESTATE:
        adjustment.restatement_value.adjusted_value = float(upload.value)
        adjustment.restatement_value.currency_code = upload.currency or ""
