{{ config(materialized='view', tags=['delta']) }}

{#
    Pings say only that a page is still open. A call stands in every journey that it may belong to,
    from var journey_min_credit on. A view, because only visitor_journeys reads it; in an increment
    the events are those of touched visitors.
#}
with

sessions as (

    select * from {{ ref('fct_sessions') }}
    where not is_bot

),

session_events as (

    select * from {{ ref('int_session_events') }}
    where event_type <> 'ping'

),

calls as (

    select * from {{ ref('fct_calls') }}
    where not is_spam

),

call_credits as (

    select * from {{ ref('fct_call_credits') }}

),

-- A session's credit is spread over a few clicks: one of them has a twentieth of the limit.
promising as (

    select distinct
        call_id,
        session_id
    from {{ ref('fct_call_credits') }}
    where session_id is not null and credit >= {{ var('journey_min_credit') }} / 20

),

session_credits as (

    select
        call_credits.call_id,
        call_credits.session_id,
        cast(sum(cast(call_credits.credit as decimal(18, 15))) as double) as credit

    from call_credits

    inner join promising
        on
            call_credits.call_id = promising.call_id
            and call_credits.session_id = promising.session_id

    group by call_credits.call_id, call_credits.session_id

    having sum(cast(call_credits.credit as decimal(18, 15))) >= {{ var('journey_min_credit') }}

),

final as (

    select
        session_id,
        session_id as step_id,
        'session' as step_type,
        session_start_at as step_at,
        landing_page_path as page_path,
        cast(null as varchar) as tracking_number,
        cast(null as varchar) as call_id,
        cast(null as double) as credit

    from sessions

    union all

    select
        session_events.session_id,
        session_events.event_id as step_id,
        case session_events.event_type
            when 'page_view' then 'page'
            when 'number_clicked' then 'tap'
            when 'form_submit' then 'form'
            else session_events.event_type
        end as step_type,
        session_events.occurred_at as step_at,
        session_events.page_path,
        session_events.tracking_number,
        null as call_id,
        null as credit

    from session_events

    union all

    select
        session_credits.session_id,
        calls.call_id as step_id,
        'call' as step_type,
        calls.call_started_at as step_at,
        null as page_path,
        calls.to_number as tracking_number,
        calls.call_id,
        session_credits.credit

    from session_credits

    inner join calls
        on session_credits.call_id = calls.call_id

)

select * from final
