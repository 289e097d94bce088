{{ config(materialized='incremental', touched={'int_visitors_touched': 'visitor_id'}) }}

{# The few events that tie a visitor to a call; a table, as int_session_events is dear to scan. #}

with

session_events as (

    select * from {{ ref('int_session_events') }}
    where event_type = 'number_clicked' or form_caller_key is not null

),

sessions as (

    select * from {{ ref('int_sessions') }}
    where not is_bot

),

final as (

    select
        session_events.event_id,
        session_events.event_type,
        session_events.occurred_at,
        session_events.session_id,
        session_events.visitor_id,
        session_events.tracking_number,
        session_events.form_caller_key

    from session_events

    inner join sessions
        on session_events.session_id = sessions.session_id

)

select * from final
