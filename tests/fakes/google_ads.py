"""The Google Ads API on 127.0.0.1: click and call conversions, adjustments, and upload summaries.

    python -m tests.fakes.google_ads --port 0 --kept kept.sqlite --faults drop_answer=0.05

Rows are judged one by one and at once, but for what is accepted and fails `processing_seconds`
later, which only the summary of its job tells: a click id `unmatched.1`, and the repeat of an order
id whose first row is still being processed.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import grpc
from google.ads.googleads.v26.enums.types.offline_event_upload_client_enum import (
    OfflineEventUploadClientEnum,
)
from google.ads.googleads.v26.services.types import conversion_adjustment_upload_service as adjust
from google.ads.googleads.v26.services.types import conversion_upload_service as upload
from google.ads.googleads.v26.services.types import google_ads_service as search

from tests.fakes.faults import Fault, counted_part
from tests.fakes.google_accounts import GoogleAccounts
from tests.fakes.google_ads_failures import partial_failure, whole_failure
from tests.fakes.google_ads_rules import (
    RETRACTION,
    action_id,
    fault_of_adjustment,
    fault_of_call,
    fault_of_click,
    moment,
)
from tests.fakes.grpc_server import FakeGrpc, Turned, serve_google
from tests.fakes.kept import Conversion

SERVICES = "google.ads.googleads.v26.services"
MAX_ROWS, MAX_JOB_ID = 2_000, 2**31 - 1
REQUESTS_A_MINUTE = 100_000
"""The platform's documents give none for these services; a test may."""

REPORTED_JOBS = 7
"""The summaries hold the latest few requests only."""

FAILS_LATER = "FAILS_LATER"
"""No error of the platform's: the row is accepted, and its job will say that it failed."""

API_CLIENT = OfflineEventUploadClientEnum.OfflineEventUploadClient.GOOGLE_ADS_API
INVALID, DENIED = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.PERMISSION_DENIED
UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED


def _pb(message: Any) -> type:
    return type(message.pb(message()))


class FakeGoogleAds(FakeGrpc):
    """The platform; `kept` is its truth. A call's `click` there is the hash of its number."""

    def __init__(
        self,
        *,
        accounts: GoogleAccounts | None = None,
        processing_seconds: float = 0.0,
        requests_a_minute: int = REQUESTS_A_MINUTE,
        **options: Any,
    ) -> None:
        super().__init__(requests_a_minute=requests_a_minute, **options)
        self.accounts = accounts or GoogleAccounts()
        self.processing_seconds = processing_seconds

    def too_many_requests(self, wait_seconds: float) -> Turned:
        turned = whole_failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "RESOURCE_TEMPORARILY_EXHAUSTED")
        quota = turned.details[0].errors[0].details.quota_error_details
        quota.retry_delay.FromTimedelta(timedelta(seconds=wait_seconds))
        return turned

    def services(self) -> dict:
        clicks = _pb(upload.UploadClickConversionsRequest)
        calls = _pb(upload.UploadCallConversionsRequest)
        adjustments = _pb(adjust.UploadConversionAdjustmentsRequest)
        return {
            f"{SERVICES}.ConversionUploadService": {
                "UploadClickConversions": (clicks, self.upload_clicks),
                "UploadCallConversions": (calls, self.upload_calls),
            },
            f"{SERVICES}.ConversionAdjustmentUploadService": {
                "UploadConversionAdjustments": (adjustments, self.upload_adjustments),
            },
            f"{SERVICES}.GoogleAdsService": {
                "Search": (_pb(search.SearchGoogleAdsRequest), self.search),
            },
        }

    def upload_clicks(self, request: Any, context: grpc.ServicerContext, fault: Fault) -> Any:
        """Count click conversions row by row."""
        self._check(request, context, "TOO_MANY_CONVERSIONS_IN_REQUEST")
        if request.customer_id in self.accounts.not_on_allow_list:
            raise whole_failure(DENIED, "CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE")
        reply = _pb(upload.UploadClickConversionsResponse)()
        order_ids: set[str] = set()

        def judge(row: Any) -> str | None:
            if row.order_id and row.order_id in order_ids:
                return "DUPLICATE_ORDER_ID"
            order_ids.add(row.order_id)
            return self._count_click(request.customer_id, row)

        self._judge_rows(request, reply, fault, judge)
        return reply

    def upload_calls(self, request: Any, context: grpc.ServicerContext, fault: Fault) -> Any:
        """Count call conversions row by row."""
        self._check(request, context, "TOO_MANY_CONVERSIONS_IN_REQUEST")
        reply = _pb(upload.UploadCallConversionsResponse)()
        self._judge_rows(
            request, reply, fault, lambda row: self._count_call(request.customer_id, row)
        )
        return reply

    def upload_adjustments(self, request: Any, context: grpc.ServicerContext, fault: Fault) -> Any:
        """Retract or restate conversions row by row."""
        self._check(request, context, "TOO_MANY_ADJUSTMENTS_IN_REQUEST")
        reply = _pb(adjust.UploadConversionAdjustmentsResponse)()
        self._judge_rows(request, reply, fault, lambda row: self._adjust(request.customer_id, row))
        return reply

    def search(self, request: Any, _context: grpc.ServicerContext, fault: Fault) -> Any:
        """Answer the one query that is served: the summaries of the account's latest jobs."""
        reply = _pb(search.SearchGoogleAdsResponse)()
        if "offline_conversion_upload_client_summary" not in request.query:
            raise whole_failure(INVALID, "UNRECOGNIZED_FIELD")
        summary = reply.results.add().offline_conversion_upload_client_summary
        summary.client = API_CLIENT
        jobs = self.kept.query(
            "select received_at, answer from requests where account_id = ? and method = 'job'"
            " order by received_at desc limit ?",
            (request.customer_id, REPORTED_JOBS),
        )
        for received_at, answer in jobs:
            counts = json.loads(answer)
            job = summary.job_summaries.add(job_id=counts["job_id"])
            is_pending = received_at + self.processing_seconds > self.clock()
            if is_pending or fault is Fault.PENDING:
                job.pending_count = counts["successful"] + counts["failed"]
            else:
                job.successful_count, job.failed_count = counts["successful"], counts["failed"]
        return reply

    def _check(self, request: Any, context: grpc.ServicerContext, too_many: str) -> None:
        metadata = dict(context.invocation_metadata())
        if not metadata.get("developer-token"):
            raise whole_failure(UNAUTHENTICATED, "DEVELOPER_TOKEN_PARAMETER_MISSING")
        if not request.customer_id.isdigit():
            raise whole_failure(INVALID, "INVALID_CUSTOMER_ID")
        if error := self.accounts.request_errors.get(request.customer_id):
            raise whole_failure(grpc.StatusCode.INTERNAL, error)
        if request.customer_id in self.accounts.without_permission:
            raise whole_failure(DENIED, "USER_PERMISSION_DENIED")
        if not request.partial_failure:
            raise whole_failure(INVALID, "PARTIAL_FAILURE_MODE_REQUIRED")
        if len(_rows(request)) > MAX_ROWS:
            raise whole_failure(INVALID, too_many)
        if _has_job(request) and not 1 <= request.job_id <= MAX_JOB_ID:
            raise whole_failure(INVALID, "INVALID_JOB_ID")

    def _judge_rows(
        self, request: Any, reply: Any, fault: Fault, judge: Callable[[Any], str | None]
    ) -> None:
        errors: list[tuple[int | None, str]] = []
        triggers: list[str] = []
        failed_later = 0
        rows = _rows(request)
        with self.kept.at_once():
            for index, row in enumerate(counted_part(fault, list(rows))):
                error = judge(row)
                result = reply.results.add()
                failed_later += error == FAILS_LATER
                if error and error != FAILS_LATER:
                    errors.append((index, error))
                    triggers.append(str(row))
                else:
                    result.conversion_action = row.conversion_action
            failed = len(errors) + failed_later
            self._remember(request, successful=len(rows) - failed, failed=failed)
        preferred = f"{_family(request)}_upload_error"
        reply.partial_failure_error.CopyFrom(partial_failure(errors, preferred, triggers))

    def _remember(self, request: Any, *, successful: int, failed: int) -> None:
        job_id = request.job_id if _has_job(request) else 0
        (number,) = self.kept.query("select count(*) from requests")[0]
        self.kept.remember_request(
            f"request-{number}",
            self.clock(),
            account_id=request.customer_id,
            method="job" if job_id else "no job",
            size=successful + failed,
            answer=json.dumps({"job_id": job_id, "successful": successful, "failed": failed}),
        )

    def _count_click(self, account_id: str, row: Any) -> str | None:
        action = action_id(row)
        if row.gclid.startswith("unmatched."):
            return FAILS_LATER
        if error := fault_of_click(row, account_id, self.accounts, self.clock()):
            return error
        users = [user.hashed_phone_number for user in row.user_identifiers]
        click = next(filter(None, [row.gclid, row.gbraid, row.wbraid, *users]))
        occurred_at = moment(row.conversion_date_time).isoformat()
        if row.order_id:
            if known := self.kept.find(account_id, action, key=row.order_id):
                is_processed = known.counted_at + self.processing_seconds <= self.clock()
                return "ORDER_ID_ALREADY_IN_USE" if is_processed else FAILS_LATER
        elif self.kept.find(account_id, action, click=click, occurred_at=occurred_at):
            return "CLICK_CONVERSION_ALREADY_EXISTS"
        self._keep(account_id, row, key=row.order_id or None, click=click, occurred_at=occurred_at)
        return None

    def _count_call(self, account_id: str, row: Any) -> str | None:
        if error := fault_of_call(row, self.accounts, self.clock()):
            return error
        # The truth needs no number in the clear to tell calls apart.
        caller = hashlib.sha256(row.caller_id.encode()).hexdigest()
        started_at = moment(row.call_start_date_time).isoformat()
        if self.kept.find(account_id, action_id(row), click=caller, occurred_at=started_at):
            return "CALL_CONVERSION_ALREADY_EXISTS"
        self._keep(account_id, row, key=None, click=caller, occurred_at=started_at)
        return None

    def _keep(self, account_id: str, row: Any, **known: Any) -> None:
        counted = Conversion(
            account_id=account_id,
            action=action_id(row),
            value=row.conversion_value if row.HasField("conversion_value") else None,
            currency=row.currency_code or None,
            state="counted",
            counted_at=self.clock(),
            **known,
        )
        self.kept.count([counted])

    def _adjust(self, account_id: str, row: Any) -> str | None:
        found = self.kept.find(account_id, action_id(row), key=row.order_id)
        if error := fault_of_adjustment(row, found, self.clock()):
            return error
        changes: dict[str, Any] = {"state": "retracted"}
        if row.adjustment_type != RETRACTION:
            restated = row.restatement_value
            changes = {"value": restated.adjusted_value, "currency": restated.currency_code}
        changes["adjusted_at"] = moment(row.adjustment_date_time).isoformat()
        self.kept.change(account_id, action_id(row), row.order_id, **changes)
        return None


def _rows(request: Any) -> Any:
    return getattr(request, "conversions", None) or getattr(request, "conversion_adjustments", [])


def _family(request: Any) -> str:
    return "conversion" if hasattr(request, "conversions") else "conversion_adjustment"


def _has_job(request: Any) -> bool:
    return "job_id" in request.DESCRIPTOR.fields_by_name and request.HasField("job_id")


if __name__ == "__main__":
    serve_google(FakeGoogleAds, __doc__, requests_a_minute=REQUESTS_A_MINUTE)
