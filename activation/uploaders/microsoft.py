"""Microsoft Advertising: offline conversions and their adjustments, over SOAP.

    send  GetConversionGoalsByIds             every goal that is named exists and is active
          ApplyOfflineConversions             conversions
          ApplyOfflineConversionAdjustments   restatements and retractions
                                              -> errors by row; a row without one is taken

An upload's `account_id` is the account's number, its `conversion_action` the goal's name. The
platform's documents, as followed here:
- At most 1,000 conversions a request; their time in UTC, at most 90 days old, not in the future.
- A wrong goal name fails silently, so that the goals are asked for before every request. A goal
  takes conversions two hours after it was made: sooner it says `OfflineConversionGoalTooRecent`, or
  nothing. The service does not tell when a goal was made, so the runbook asks for the wait.
- Duplicates are conversions of the same click and time, and the first wins, without a window. There
  is no id to give. Two calls of one click in one second, or a conversion sent anew after it was
  retracted, would be such duplicates. `conversion_time` therefore gives every key its own fraction
  of the call's second. (Unconfirmed: whether Microsoft compares fractions. If it does not, such a
  second conversion counts nothing; nothing is ever counted twice.)
- Restating and retracting name the conversion by goal, click and time, those of `target_key`.

Only clicks: for a conversion with nothing but a hashed phone number the documents promise no
deduplication, and what is not deduplicated cannot be sent again after a crash.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.error import URLError

from bingads.authorization import Authentication, AuthorizationData
from bingads.exceptions import OAuthTokenRequestException
from bingads.service_client import ServiceClient
from suds import WebFault
from suds.transport import TransportError

from activation.consent import consent_refusal
from activation.uploaders import microsoft_errors as errors
from activation.uploads import (
    Answer,
    Limits,
    Operation,
    Refused,
    Result,
    SentRequest,
    TryAgain,
    Upload,
    Verdict,
)

SERVICE_URL = (
    "https://campaign.api.bingads.microsoft.com"
    "/Api/Advertiser/CampaignManagement/v13/CampaignManagementService.svc"
)
MAX_CONVERSIONS = 1_000
OLDEST_CONVERSION = timedelta(days=90)
REQUEST_SECONDS = 60
MSCLKID = re.compile(r"[A-Za-z0-9_\-]+")
ADJUSTMENT_TYPES = {Operation.RESTATE: "Restate", Operation.RETRACT: "Retract"}


@dataclass(frozen=True)
class MicrosoftUploader:
    """Sends conversions, restatements and retractions of one account a request.

    Attributes:
        authentication: of the client library, with tokens that it renews itself.
        developer_token: of the application; never logged.
        customer_id: the customer that the accounts belong to.
        service_url: of the campaign management service, or of a stand-in.
        sends_unknown_consent: whether the law allows what nobody asked about.
        request_seconds: after which an answer is no longer waited for.
        clock: the time now, UTC.
    """

    authentication: Authentication = field(repr=False)
    developer_token: str = field(repr=False)
    customer_id: str
    service_url: str = SERVICE_URL
    sends_unknown_consent: bool = False
    request_seconds: int = REQUEST_SECONDS
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)

    limits = Limits(
        batch_size=MAX_CONVERSIONS,
        # Same click, same time: the first wins, whenever the second comes.
        deduplicates_for=None,
        supports=frozenset(Operation),
        # An adjustment names the conversion's time, which must lie within 90 days too.
        adjustable_for=OLDEST_CONVERSION,
        needs_number=False,
    )

    def send(self, uploads: Sequence[Upload]) -> Answer:
        """See `Uploader.send`."""
        now = self.clock()
        results = {
            upload.key: result for upload in uploads if (result := self._unsendable(upload, now))
        }
        rows = [upload for upload in uploads if upload.key not in results]
        if not rows:
            return Answer(results)
        account = rows[0].account_id
        self._check_goals(account, {row.conversion_action for row in rows})
        operation = rows[0].operation
        if operation is Operation.CONVERT:
            sent = {"OfflineConversion": [conversion(row) for row in rows]}
            answer, known_as = self._call(
                account, "ApplyOfflineConversions", OfflineConversions=sent
            )
        else:
            sent = {"OfflineConversionAdjustment": [adjustment(row, now) for row in rows]}
            answer, known_as = self._call(
                account, "ApplyOfflineConversionAdjustments", OfflineConversionAdjustments=sent
            )
        verdicts = errors.verdicts(answer, len(rows), operation)
        results |= {row.key: verdicts[index] for index, row in enumerate(rows)}
        return Answer(results, known_as)

    def read_back(self, request: SentRequest) -> Answer | None:
        """See `Uploader.read_back`: never asked, for nothing of ours is ever only `sent`."""
        raise NotImplementedError(
            "Microsoft reports what it attributed by goal and day, not by row"
        )

    def _unsendable(self, upload: Upload, now: datetime) -> Result | None:
        if reason := consent_refusal(upload, sends_unknown=self.sends_unknown_consent):
            return Result(Verdict.REFUSED, reason)
        if reason := unusable(upload):
            return Result(Verdict.REFUSED, reason)
        happened = max(upload.occurred_at, upload.adjusted_at or upload.occurred_at)
        if happened > now:
            return Result(Verdict.LATER, "conversion_in_the_future", happened - now)
        if now - upload.occurred_at > OLDEST_CONVERSION:
            return Result(Verdict.REFUSED, "conversion_too_old")
        return None

    def _check_goals(self, account: str, names: set[str]) -> None:
        """Refuse the account where a goal is missing: its conversions would vanish silently."""
        answer, _ = self._call(
            account,
            "GetConversionGoalsByIds",
            ConversionGoalIds=None,
            ConversionGoalTypes="OfflineConversion",
        )
        goals = errors.goals(answer)
        if missing := sorted(names - goals.keys()):
            raise Refused("goal_not_found", ", ".join(missing))
        if resting := sorted(name for name in names if goals[name] != "Active"):
            raise Refused("goal_not_active", ", ".join(resting))

    def _call(self, account: str, operation: str, **arguments: Any) -> tuple[Any, str | None]:
        """Call the service; return its answer and the number under which it knows the request.

        Raises:
            TryAgain, Refused, BatchRefused: see `microsoft_errors`. They are raised outside of the
                `except`: the client's exceptions hold the request, and the request the tokens.
        """
        client = self._client
        client.authorization_data.account_id = account
        client.hp.document = None
        failure: Exception
        try:
            self._sign_in()
            answer = getattr(client, operation)(**arguments)
        except WebFault as fault:
            failure = errors.meaning_of(fault)
        except TransportError as error:
            failure = errors.meaning_of_status(error.httpcode)
        except OAuthTokenRequestException:
            failure = Refused("tokens_not_renewed")
        except NotImplementedError:
            failure = Refused("no_tokens")
        except (URLError, OSError) as error:
            failure = TryAgain(type(error).__name__)
        except Exception as error:
            # suds answers what is no envelope with bare exceptions: `Exception((503, "..."))`, or
            # whatever its XML reader met.
            failure = errors.meaning_of_bare(error)
        else:
            return answer, errors.tracking_id(client.hp.document, operation)
        raise failure

    def _sign_in(self) -> None:
        """Ask for the first access token where only a refresh token was given.

        Later ones the client asks for itself, but not the first: tokens that were never received
        are not expired to it, and it would send an empty one.
        """
        tokens = getattr(self.authentication, "oauth_tokens", None)
        if tokens is not None and not tokens.access_token and tokens.refresh_token:
            self.authentication.request_oauth_tokens_by_refresh_token(tokens.refresh_token)

    @cached_property
    def _client(self) -> ServiceClient:
        """Build the client, which reads 1.5 MB of service description: 0.4 s, once."""
        client = ServiceClient(
            "CampaignManagementService",
            13,
            AuthorizationData(
                customer_id=self.customer_id,
                developer_token=self.developer_token,
                authentication=self.authentication,
            ),
            location=self.service_url,
            timeout=self.request_seconds,
        )
        keep_client_quiet()
        return client


def unusable(upload: Upload) -> str | None:
    """Return what this upload lacks, None where it can be sent."""
    if upload.click_id_type != "msclkid" or not upload.click_id:
        return "no_msclkid"
    if not MSCLKID.fullmatch(upload.click_id):
        return "unreadable_click_id"
    if upload.operation is Operation.RESTATE and upload.value is None:
        return "restatement_without_value"
    return None


def conversion_time(upload: Upload) -> datetime:
    """Return the call's second with a fraction that belongs to the conversion's key.

    The platform knows a conversion by click and time: so two conversions differ in it, and one
    conversion has the same time whenever it is sent, restated or retracted.

    >>> upload = Upload("rt1-b", Operation.RETRACT, "rt1-a", "1", "Call", datetime(2026, 3, 8, 9))
    >>> conversion_time(upload).isoformat()
    '2026-03-08T09:00:00.928360'
    """
    digest = hashlib.sha256(upload.target_key.encode()).digest()
    microseconds = int.from_bytes(digest[:8], "big") % 1_000_000
    return upload.occurred_at.replace(microsecond=microseconds)


def conversion(upload: Upload) -> dict[str, Any]:
    """Build one `OfflineConversion`."""
    return {
        "ConversionCurrencyCode": upload.currency,
        "ConversionName": upload.conversion_action,
        "ConversionTime": _utc(conversion_time(upload)),
        "ConversionValue": None if upload.value is None else float(upload.value),
        "MicrosoftClickId": upload.click_id,
    }


def adjustment(upload: Upload, now: datetime) -> dict[str, Any]:
    """Build one `OfflineConversionAdjustment`; a retraction names no value.

    An adjustment must be later than its conversion, of which the fraction of the second is ours.
    """
    time = conversion_time(upload)
    decided_at = max(upload.adjusted_at or now, time + timedelta(seconds=1))
    built: dict[str, Any] = {
        "AdjustmentTime": _utc(decided_at),
        "AdjustmentType": ADJUSTMENT_TYPES[upload.operation],
        "ConversionName": upload.conversion_action,
        "ConversionTime": _utc(time),
        "MicrosoftClickId": upload.click_id,
    }
    if upload.operation is Operation.RESTATE and upload.value is not None:
        built["AdjustmentCurrencyCode"] = upload.currency
        built["AdjustmentValue"] = float(upload.value)
    return built


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class _OnlyCritical(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.ERROR


_ONLY_CRITICAL = _OnlyCritical()


def keep_client_quiet() -> None:
    """Let suds log nothing: it writes whole envelopes, tokens included, at DEBUG and at ERROR.

    A filter on every one of its loggers, because a parent's filters are not asked, and because a
    filter survives whoever configures logging after us.
    """
    for name in list(logging.root.manager.loggerDict):
        if name == "suds" or name.startswith("suds."):
            logging.getLogger(name).addFilter(_ONLY_CRITICAL)
