"""What became of an upload to the Google Ads API: accepted is not matched.

Every request has a job id of ours, and the API reports per job how many events succeeded, failed
and are pending, for the latest few requests. It does not say which, and it forgets. So the request
id in the ledger holds what is needed to judge: customer, job, and how many rows were accepted.

Where that leaves a doubt, the rows are sent again under their order ids (`Unsettled`): what counts
comes back as `ORDER_ID_ALREADY_IN_USE`, which settles it.

A job that failed whole says that its rows are refused only where it was their first: a repeat that
came in while the first request was still being processed is accepted, and fails as a duplicate of
what counts.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from google.ads.googleads.v26.enums.types.offline_event_upload_client_enum import (
    OfflineEventUploadClientEnum,
)
from google.ads.googleads.v26.services.types.google_ads_service import SearchGoogleAdsRequest

from activation.uploaders.google_ads_api import GoogleAdsApi
from activation.uploads import Answer, Result, SentRequest, Unsettled, Verdict

MAX_JOB_ID = 2**31 - 1
NOT_REPORTED_AFTER = timedelta(hours=24)
"""The API's summaries end with the last complete day; a job that is missing then was pushed out."""

QUERY = (
    "select offline_conversion_upload_client_summary.client,"
    " offline_conversion_upload_client_summary.job_summaries"
    " from offline_conversion_upload_client_summary"
)
OUR_CLIENT = OfflineEventUploadClientEnum.OfflineEventUploadClient.GOOGLE_ADS_API


@dataclass(frozen=True)
class Job:
    """One upload request, as the ledger remembers it in `request_id`."""

    customer_id: str
    job_id: int
    accepted_count: int

    def __str__(self) -> str:
        return f"{self.customer_id}/{self.job_id}/{self.accepted_count}"

    @classmethod
    def parse(cls, request_id: str) -> "Job":
        """Read a request id.

        >>> Job.parse("1234567890/77/3").job_id
        77
        """
        customer_id, job_id, accepted_count = request_id.split("/")
        return cls(customer_id, int(job_id), int(accepted_count))


def new_job_id() -> int:
    """Return a job id in [1, 2^31). By chance, not by content: a repeat is a job of its own."""
    return 1 + secrets.randbelow(MAX_JOB_ID)


def read_job(
    api: GoogleAdsApi, request: SentRequest, now: datetime, not_reported_after: timedelta
) -> Answer | None:
    """Return the verdict on what a job accepted, None while it is pending or not reported yet.

    Args:
        api: the connection.
        request: whose job it is.
        now: the time.
        not_reported_after: since when a job that is missing is not waited for any longer.

    Raises:
        Unsettled: some failed, or all of a job that sent rows again, or nothing was reported of
            several rows in time.
    """
    job = Job.parse(request.request_id)
    summary = _summary(api, job)
    if summary is None:
        if now - request.sent_at < not_reported_after:
            return None
        return _doubtful(request, "not_reported", {"NOT_REPORTED": len(request.keys)})
    if summary.pending_count:
        return None
    counted = summary.successful_count
    if counted >= job.accepted_count:
        return _all(request, Result(Verdict.COUNTED, "SUCCESS"))
    if counted == 0 and request.is_resent:
        raise Unsettled({"FAILED": job.accepted_count})
    if counted == 0:
        return _all(request, Result(Verdict.REFUSED, "FAILED"))
    doubt = {"SUCCESS": counted, "FAILED": job.accepted_count - counted}
    return _doubtful(request, "some_failed", doubt)


def _all(request: SentRequest, result: Result) -> Answer:
    return Answer({key: result for key in request.keys}, request.request_id)


def _doubtful(request: SentRequest, reason: str, counts: dict[str, int]) -> Answer:
    """Let the halves be sent again; one row has no halves, and is for a person."""
    if len(request.keys) > 1:
        raise Unsettled(counts)
    return _all(request, Result(Verdict.HOLD, reason))


def _summary(api: GoogleAdsApi, job: Job) -> Any | None:
    asked = SearchGoogleAdsRequest(customer_id=job.customer_id, query=QUERY)
    for row in api.search(asked):
        client = row.offline_conversion_upload_client_summary
        if client.client != OUR_CLIENT:
            continue
        for summary in client.job_summaries:
            if summary.job_id == job.job_id:
                return summary
    return None
