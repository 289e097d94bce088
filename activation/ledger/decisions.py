"""The planner's decisions, as SQL that runs inside the ledger's own database.

    candidates (what ought to count now) ─┐
    uploads    (what was and is sent)    ─┼─► decisions ─► the steps, each one statement
    platforms  (what can be corrected)   ─┘   (CLASSIFY)

A conversion without a decision stays as it is. So a second plan of the same candidates decides
nothing: every decision leads to a state that asks for none.

What the platform may already have is never rewritten: an upload in `sending` or `sent` waits for
its fate, and a `held` one that was sent for a person.

The platforms' documents: adjust only what is confirmed (an adjustment of an id that matches nothing
creates a conversion), and within what they allow (54 days at Google).
"""

from activation.ledger.tables import CONTENT, CONVERSION

CANNOT_RESTATE = (
    "restatement_unsupported",
    "restatement_too_old",
    "restatement_erased",
    "restatement_refused",
)
"""Reasons of a confirmed conversion whose value at the platform is not the one we know now."""

COUNTED_ELSEWHERE = "counted_elsewhere"

CORRECTED_BY_CLICK = ("msclkid",)
"""Microsoft's documents: an adjustment names the click. That of an erased caller is gone."""

SAME_CONVERSION = " and ".join(f"upload.{name} = candidate.{name}" for name in CONVERSION)
_SAME_CONTENT = " and ".join(
    f"upload.{name} is not distinct from candidate.{name}" for name in CONTENT
)
_SAME_VALUE = (
    "upload.value_micros is not distinct from candidate.value_micros"
    " and upload.value_currency is not distinct from candidate.value_currency"
)
# The caller's key is no part of it: whose call it was cannot change, but all keys do when an
# installation gets another secret, and that must not take back everything that was sent.
# Consent that was given since is no reason to send again; consent that was withdrawn is.
_SAME_IDENTITY = """upload.erased_at is not null or (
        upload.occurred_at = candidate.occurred_at
        and upload.click_id is not distinct from candidate.click_id
        and upload.click_id_type is not distinct from candidate.click_id_type
        and upload.identifier is not distinct from candidate.identifier
        and (coalesce(upload.consent_ad_user_data, '') <> 'granted'
            or coalesce(candidate.consent_ad_user_data, '') = 'granted')
        and (coalesce(upload.consent_ad_personalization, '') <> 'granted'
            or coalesce(candidate.consent_ad_personalization, '') = 'granted')
        and (upload.is_limited_data_use or not candidate.is_limited_data_use)
    )"""
# An erased caller leaves calls with nothing to identify them by, and like withheld ones; that is no
# reason to take back what was counted. A refund is. Of a call that its number identified the click
# is what the mart then speaks of.
_IS_WANTED = (
    "candidate.is_eligible or (upload.erased_at is not null and ("
    "candidate.reason in ('erased', 'no_identifier', 'withheld_caller')"
    " or (upload.identifier in ('phone', 'caller')"
    " and candidate.reason in ('click_after_call', 'click_too_old'))))"
)


def _may_count(upload: str) -> str:
    return (
        f"({upload}.state in ('sending', 'sent', 'confirmed', 'retraction_unsupported')"
        f" or ({upload}.state = 'held' and {upload}.first_sent_at is not null))"
    )


def same_account(spelling: str) -> str:
    """SQL of an account however it is spelled: `410-221-7781` is `4102217781`."""
    return f"lower(replace(replace({spelling}, '-', ''), ' ', ''))"


# A conversion action that is moved to another destination of its platform, or whose account is
# spelled anew, has other keys, under which the platform would count everything once more.
SET_ASIDE = f"""
update candidates as candidate
set is_eligible = false, reason = '{COUNTED_ELSEWHERE}'
where candidate.is_eligible
    and exists (
        select 1
        from uploads as other
        where other.is_current
            and other.call_id = candidate.call_id
            and other.conversion_action = candidate.conversion_action
            and {same_account("other.account_id")} = {same_account("candidate.account_id")}
            and not (
                other.destination = candidate.destination
                and other.account_id = candidate.account_id
            )
            and {_may_count("other")}
    )
    and not exists (
        select 1
        from uploads as upload
        where upload.is_current and {SAME_CONVERSION} and {_may_count("upload")}
    )
"""
"""Candidates that count already under another destination or spelling do not count again."""


def listed(values: tuple[str, ...]) -> str:
    """The values as SQL literals."""
    return ", ".join(f"'{value}'" for value in values)


CLASSIFY = f"""
create temporary table decisions as
with
corrections as (
    select
        upload_id,
        target_key,
        operation,
        state,
        first_sent_at is not null as is_under_way,
        value_micros,
        value_currency
    from uploads
    where operation <> 'convert' and state in ('planned', 'sending', 'sent', 'held')
),
erased_calls as (
    select call_id from uploads where erased_at is not null group by call_id
),
refused_restatements as (
    select target_key, value_micros, value_currency
    from uploads
    where operation = 'restate' and state = 'refused'
    group by target_key, value_micros, value_currency
),
compared as (
    select
        candidate.candidate_id,
        candidate.is_eligible,
        candidate.reason as candidate_reason,
        upload.upload_id,
        upload.state,
        upload.reason,
        upload.erased_at is not null as is_erased,
        upload.erased_at is not null and upload.click_id_type in ({listed(CORRECTED_BY_CLICK)})
            as is_uncorrectable,
        erased.call_id is not null as is_call_erased,
        upload.first_sent_at is not null as was_sent,
        {_SAME_CONTENT} as is_same_content,
        {_SAME_VALUE} as is_same_value,
        ({_IS_WANTED}) and ({_SAME_IDENTITY}) as still_counts,
        coalesce(upload.occurred_at <= platform.adjustable_since, false) as is_too_old,
        platform.can_restate,
        platform.can_retract,
        correction.upload_id as correction_id,
        correction.operation as correction_operation,
        coalesce(correction.is_under_way, false) as is_correction_under_way,
        correction.value_micros is not distinct from candidate.value_micros
        and correction.value_currency is not distinct from candidate.value_currency
            as is_correction_same_value,
        refused.target_key is not null as is_restatement_refused
    from candidates as candidate
    inner join platforms as platform on candidate.destination = platform.destination
    left join uploads as upload on upload.is_current and {SAME_CONVERSION}
    left join corrections as correction on upload.key = correction.target_key
    left join erased_calls as erased on candidate.call_id = erased.call_id
    left join refused_restatements as refused
        on upload.key = refused.target_key
        and candidate.value_micros is not distinct from refused.value_micros
        and candidate.value_currency is not distinct from refused.value_currency
),
restatable as (
    select
        *,
        case
            when not can_restate then 'restatement_unsupported'
            when is_too_old then 'restatement_too_old'
            when is_uncorrectable then 'restatement_erased'
            when is_restatement_refused then 'restatement_refused'
        end as no_restatement,
        case
            when not can_retract then 'platform_cannot_retract'
            when is_too_old then 'too_old_to_adjust'
            when is_uncorrectable then 'erased'
        end as no_retraction
    from compared
),
decided as (
    select
        *,
        case
            when upload_id is null then case
                -- Not for another action either, whose row in the seed is newer than the erasure.
                when is_call_erased then null
                when is_eligible then 'plan'
                when candidate_reason = '{COUNTED_ELSEWHERE}' then 'set_aside'
            end
            when state in ('confirmed', 'retraction_unsupported') then case
                when is_correction_under_way then null
                when not still_counts then case
                    when state = 'retraction_unsupported' then null
                    when correction_operation = 'retract' and not is_uncorrectable then null
                    when no_retraction is null then 'retract'
                    else 'cannot_retract'
                end
                when is_same_value then case
                    when correction_id is not null
                        or state = 'retraction_unsupported'
                        or reason in ({listed(CANNOT_RESTATE)})
                        then 'keep'
                end
                when correction_operation = 'restate' and not is_uncorrectable then case
                    when not is_correction_same_value then 'replace_restatement'
                end
                when no_restatement is null then 'restate'
                when state = 'confirmed' and correction_id is null and reason = no_restatement
                    then null
                else 'cannot_restate'
            end
            when is_erased then null
            when state = 'planned' or (state = 'held' and not was_sent) then case
                when not is_eligible then 'withdraw'
                when not is_same_content then 'replace'
            end
            when state = 'not_eligible' then case
                when is_eligible then 'plan_again'
                when reason <> candidate_reason then 'withdraw'
            end
            when state = 'refused' and is_eligible and not is_same_content then 'renew'
            when state = 'retracted' and is_eligible then 'renew'
        end as decision
    from restatable
)
select
    candidate_id, upload_id, correction_id, decision, is_eligible, no_restatement, no_retraction
from decided
where decision is not null
"""
"""One decision for every conversion that needs a step."""
