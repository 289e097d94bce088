"""The steps that follow from the decisions: each one statement over all conversions."""

from activation.ledger.decisions import (
    CANNOT_RESTATE,
    COUNTED_ELSEWHERE,
    SAME_CONVERSION,
    listed,
)
from activation.ledger.tables import CONTENT, CONVERSION

CALL_GONE = "call_gone"
_CONTENT_LIST = ", ".join(CONTENT)
_CANDIDATE_CONTENT = ", ".join(f"candidate.{name}" for name in CONTENT)
_SET_CONTENT = ", ".join(f"{name} = candidate.{name}" for name in CONTENT)
_KEY_PARTS = ", ".join(f"candidate.{name}" for name in CONVERSION)


_MOVE = "version = upload.version + 1, changed_at = :now"
_OF = "from decisions as decision"
_CANDIDATE = "candidates as candidate where candidate.candidate_id = decision.candidate_id"
_INSERT = f"""
insert into uploads (
    key, {", ".join(CONVERSION)}, generation, operation, revision, target_key, is_current,
    {_CONTENT_LIST}, state, reason, step, version, changed_at, adjusted_at, attempts
)
"""


def _correction(operation: str, reason: str) -> str:
    """A correction of a confirmed conversion; what it is about is the conversion as it was sent."""
    # A correction says which conversion by the identity it was sent with, and the new value.
    content = ", ".join(
        f"candidate.{name}"
        if operation == "restate" and name.startswith("value_")
        else f"upload.{name}"
        for name in CONTENT
    )
    return f"""
    {_INSERT}
    select
        upload_key(
            {_KEY_PARTS}, cast(upload.generation as text), '{operation}',
            cast(coalesce(latest.revision, 0) + 1 as text)
        ),
        {_KEY_PARTS}, upload.generation, '{operation}', coalesce(latest.revision, 0) + 1,
        upload.key, false, {content}, 'planned', {reason}, '{operation}_planned', 1, :now, :now, 0
    from decisions as decision
    inner join candidates as candidate on decision.candidate_id = candidate.candidate_id
    inner join uploads as upload on decision.upload_id = upload.upload_id
    left join (
        select target_key, max(revision) as revision
        from uploads
        where operation <> 'convert'
        group by target_key
    ) as latest on upload.key = latest.target_key
    where decision.decision = '{operation}'
    order by decision.candidate_id
    """


def _conversion(
    decision: str,
    generation: str,
    source: str,
    standing: str = "'planned', 'eligible', 'planned'",
) -> str:
    """A conversion's first message, in this state, for this reason, by this step."""
    return f"""
    {_INSERT}
    select
        key, {", ".join(CONVERSION)}, generation, 'convert', 0, key, true,
        {_CONTENT_LIST}, {standing}, 1, :now, null, 0
    from (
        select
            upload_key({_KEY_PARTS}, cast({generation} as text), 'convert', '0') as key,
            {_KEY_PARTS}, {generation} as generation, {_CANDIDATE_CONTENT}, candidate.candidate_id
        from decisions as decision
        inner join candidates as candidate on decision.candidate_id = candidate.candidate_id
        {source}
        where decision.decision = '{decision}'
    ) as made
    order by candidate_id
    """


_CONSENT = ("consent_ad_user_data", "consent_ad_personalization", "is_limited_data_use")
_SET_CONSENT = ", ".join(f"{name} = candidate.{name}" for name in _CONSENT)
_OTHER_CONSENT = " or ".join(
    f"upload.{name} is distinct from candidate.{name}" for name in _CONSENT
)

STEPS = (
    # What may be sent again goes under the consent of now: where it was withdrawn the uploader
    # refuses, and the sender holds what the platform may have. A retraction needs none.
    f"""
    update uploads as upload
    set {_SET_CONSENT}, step = 'consent_changed', {_MOVE}
    from candidates as candidate
    where {SAME_CONVERSION}
        and upload.operation <> 'retract'
        and upload.erased_at is null
        and upload.first_sent_at is not null
        and upload.state in ('sending', 'sent', 'held')
        and ({_OTHER_CONSENT})
    """,
    # A correction that was not sent and is not wanted any more.
    f"""
    update uploads as upload
    set state = 'not_eligible', reason = 'superseded', step = 'superseded', {_MOVE}
    {_OF}
    where upload.upload_id = decision.correction_id
        and decision.decision in ('retract', 'cannot_retract', 'keep', 'restate', 'cannot_restate')
    """,
    f"""
    update uploads as upload
    set state = 'not_eligible', reason = candidate.reason, step = 'withdrawn', {_MOVE}
    {_OF}, {_CANDIDATE} and upload.upload_id = decision.upload_id
        and decision.decision = 'withdraw'
    """,
    f"""
    update uploads as upload
    set {_SET_CONTENT}, state = 'planned', reason = 'eligible', step = 'replaced', {_MOVE}
    {_OF}, {_CANDIDATE} and upload.upload_id = decision.upload_id
        and decision.decision = 'replace'
    """,
    f"""
    update uploads as upload
    set {_SET_CONTENT}, state = 'planned', reason = 'eligible', step = 'planned_again',
        not_before = null, {_MOVE}
    {_OF}, {_CANDIDATE} and upload.upload_id = decision.upload_id
        and decision.decision = 'plan_again'
    """,
    f"""
    update uploads as upload
    set state = 'confirmed', reason = 'as_counted', step = 'kept', {_MOVE}
    {_OF}
    where upload.upload_id = decision.upload_id
        and decision.decision in ('keep', 'restate')
        and (upload.state = 'retraction_unsupported' or upload.reason in ({listed(CANNOT_RESTATE)}))
    """,
    f"""
    update uploads as upload
    set state = 'confirmed', reason = decision.no_restatement, step = 'restatement_impossible',
        {_MOVE}
    {_OF}
    where upload.upload_id = decision.upload_id and decision.decision = 'cannot_restate'
    """,
    f"""
    update uploads as upload
    set state = 'retraction_unsupported', reason = decision.no_retraction,
        step = 'retraction_impossible', {_MOVE}
    {_OF}
    where upload.upload_id = decision.upload_id and decision.decision = 'cannot_retract'
    """,
    f"""
    update uploads as upload
    set value_micros = candidate.value_micros, value_currency = candidate.value_currency,
        adjusted_at = :now, step = 'replaced', {_MOVE}
    {_OF}, {_CANDIDATE} and upload.upload_id = decision.correction_id
        and decision.decision = 'replace_restatement'
    """,
    # No move of the earlier generation: it stays what it came to.
    f"""
    update uploads as upload
    set is_current = false
    {_OF}
    where upload.upload_id = decision.upload_id and decision.decision = 'renew'
    """,
    _conversion(
        "renew",
        "(upload.generation + 1)",
        "inner join uploads as upload on decision.upload_id = upload.upload_id",
    ),
    _correction(
        "retract",
        "case when decision.is_eligible then 'attribution_changed' else candidate.reason end",
    ),
    _correction("restate", "'value_changed'"),
    _conversion("plan", "1", ""),
    _conversion("set_aside", "1", "", f"'not_eligible', '{COUNTED_ELSEWHERE}', 'set_aside'"),
    # A call that is not in the marts any more: what was never sent will not be.
    f"""
    update uploads as upload
    set state = 'not_eligible', reason = '{CALL_GONE}', step = 'withdrawn', {_MOVE}
    from platforms as platform
    where upload.destination = platform.destination
        and upload.is_current
        and upload.erased_at is null
        and (upload.state = 'planned' or (upload.state = 'held' and upload.first_sent_at is null))
        and not exists (select 1 from candidates as candidate where {SAME_CONVERSION})
    """,
)
"""In an order in which none undoes another, or breaks an index: leave it."""

SUMMARY = """
select
    upload.destination,
    event.step,
    upload.operation,
    event.state,
    event.reason,
    upload.value_currency as currency,
    count(*) as uploads,
    sum(upload.value_micros) as value
from upload_events as event
inner join uploads as upload on event.upload_id = upload.upload_id
where event.event_id > :last_event_id
group by
    upload.destination,
    event.step,
    upload.operation,
    event.state,
    event.reason,
    upload.value_currency
order by 1, 2, 3, 4, 5, 6
"""
