{{ config(materialized='incremental', touched={'int_calls_touched': 'call_id'}) }}

with

calls as (

    select
        call_id,
        caller_key,
        call_started_at,
        to_number,
        coalesce(talk_seconds, 0) as talk_seconds,
        call_answered_at is not null or coalesce(talk_seconds, 0) > 0 as is_answered,
        {{ business_date('call_started_at') }} as call_date

    from {{ ref('stg_landing__calls') }}

    where
        direction = 'inbound'
        and caller_key is not null
        -- A caller is touched whole or not at all.
        and {{ only_touched('call_id', 'int_calls_touched') }}

),

spam_callers as (

    select * from {{ ref('spam_callers') }}

),

caller_days as (

    select
        caller_key,
        call_date,
        count(*) as calls,
        count(distinct to_number) as numbers_dialled,
        max(talk_seconds) as longest_talk_seconds,
        sum(case when is_answered then 1 else 0 end) as answered_calls

    from calls

    group by caller_key, call_date

),

judged as (

    select
        caller_days.caller_key,
        caller_days.call_date,
        case
            when spam_callers.caller_key is not null then 'listed_caller'
            when caller_days.calls >= {{ var('spam_calls_per_day') }} then 'calls_per_day'
            when caller_days.longest_talk_seconds >= {{ var('spam_talk_seconds') }} then null
            when
                caller_days.numbers_dialled >= {{ var('spam_numbers_per_day') }} then 'number_run'
            -- Who finds the line busy rings again too: only calls that somebody took count.
            when
                caller_days.answered_calls >= {{ var('spam_short_talks_per_day') }}
                then 'short_talks'
        end as spam_reason

    from caller_days

    left join spam_callers
        on caller_days.caller_key = spam_callers.caller_key

),

ordered as (

    select
        *,
        lag(call_started_at) over (
            partition by caller_key
            order by call_started_at, call_id
        ) as previous_call_at

    from calls

),

final as (

    select
        ordered.call_id,
        judged.spam_reason is not null as is_spam,
        judged.spam_reason,
        ordered.previous_call_at is null as is_first_time_caller,
        coalesce(
            ordered.call_started_at
            <= {{ plus_days('ordered.previous_call_at', var('repeat_window_days')) }},
            false
        ) as is_repeat_caller

    from ordered

    inner join judged
        on
            ordered.caller_key = judged.caller_key
            and ordered.call_date = judged.call_date

)

select * from final
