{#
    A caller whom the buyer saw lately is not billable again. Seen means a call long enough to be
    billed, whether it was or was itself a repeat, so that the window runs from the latest of them;
    a hang-up before is no reason not to bill the talk that follows.
#}
with

calls as (

    select * from {{ ref('fct_calls') }}
    where buyer_id is not null

),

buyers as (

    select * from {{ ref('dim_buyers') }}

),

termed as (

    select
        calls.call_id,
        calls.buyer_id,
        calls.caller_key,
        calls.call_started_at,
        calls.call_date,
        calls.talk_seconds,
        calls.is_spam,
        buyers.buyer_id is not null as has_terms,
        buyers.min_talk_seconds,
        buyers.duplicate_window_days,
        buyers.payout_amount,
        buyers.payout_currency,
        coalesce(calls.talk_seconds >= coalesce(buyers.min_talk_seconds, 0), false)
            as is_long_enough

    from calls

    left join buyers
        on
            calls.buyer_id = buyers.buyer_id
            and calls.call_started_at >= buyers.valid_from
            and (calls.call_started_at < buyers.valid_to or buyers.valid_to is null)

),

ordered as (

    select
        *,
        -- A withheld caller is nobody's repeat.
        case
            when caller_key is not null
                then max(case when is_long_enough and not is_spam then call_started_at end) over (
                    partition by buyer_id, caller_key
                    order by call_started_at, call_id
                    rows between unbounded preceding and 1 preceding
                )
        end as seen_at

    from termed

),

judged as (

    select
        *,
        case
            when is_spam then 'spam'
            when not has_terms then 'unknown_buyer'
            when not is_long_enough then 'too_short'
            when
                call_started_at < {{ plus_days('seen_at', 'duplicate_window_days') }}
                then 'duplicate'
        end as not_billable_reason

    from ordered

),

final as (

    select
        call_id,
        buyer_id,
        caller_key,
        call_started_at,
        call_date,
        talk_seconds,
        min_talk_seconds,
        duplicate_window_days,
        seen_at,
        not_billable_reason is null as is_billable,
        not_billable_reason,
        cast(
            case when not_billable_reason is null then payout_amount end as decimal(18, 6)
        ) as billable_amount,
        payout_currency as billable_currency

    from judged

)

select * from final
