{# Sessions hold every event once: their counts add up to the events of each visitor. #}
with

visitors as (

    select
        visitor_id,
        count(*) as staged_events

    from {{ ref('stg_landing__web_events') }}

    group by visitor_id

),

sessions as (

    select
        visitor_id,
        sum(events) as session_events

    from {{ ref('int_sessions') }}

    group by visitor_id

)

select
    coalesce(visitors.visitor_id, sessions.visitor_id) as visitor_id,
    visitors.staged_events,
    sessions.session_events

from visitors

full outer join sessions
    on visitors.visitor_id = sessions.visitor_id

where visitors.staged_events is distinct from sessions.session_events
