with

calls as (

    select
        call_id,
        caller_key,
        call_started_at,
        to_number,
        coalesce(talk_seconds, 0) as talk_seconds,
        {{ business_date('call_started_at') }} as call_date

    from {{ ref('stg_landing__calls') }}

    where
        direction = 'inbound'
        and caller_key is not null

),

caller_days as (

    select
        caller_key,
        call_date,
        count(*) as calls,
        count(distinct to_number) as numbers_dialled,
        max(talk_seconds) as longest_talk_seconds

    from calls

    group by caller_key, call_date

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
        caller_days.calls >= {{ var('spam_calls_per_day') }}
        or (
            caller_days.numbers_dialled >= {{ var('spam_numbers_per_day') }}
            and caller_days.longest_talk_seconds < {{ var('spam_talk_seconds') }}
        ) as is_spam,
        ordered.previous_call_at is null as is_first_time_caller,
        coalesce(
            ordered.call_started_at
            <= {{ plus_days('ordered.previous_call_at', var('repeat_window_days')) }},
            false
        ) as is_repeat_caller

    from ordered

    inner join caller_days
        on
            ordered.caller_key = caller_days.caller_key
            and ordered.call_date = caller_days.call_date

)

select * from final
