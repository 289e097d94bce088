{{ config(tags=['delta']) }}
{#
    The landing contract's two rules, without sorting the events themselves: only those at the
    instants where a session may begin are put in order by their ids. This takes a third of the time
    of windows over all events.

    A session is named by its visitor and first instant. Two sessions of a visitor can begin at the
    same instant, when tied events bring different sources: the later ones add their number.
#}
{% set of_visit = ['user_agent', 'device_type', 'geo_country', 'geo_region', 'geo_city'] %}
{% set carried = ['event_id', 'visitor_id', 'event_type', 'occurred_at', 'page_url'] + of_visit %}

with

session_instants as (

    select * from {{ ref('int_session_instants') }}

),

tied_events as (

    select
        {% for column in carried %}
        web_events.{{ column }},
        {% endfor %}
        session_instants.is_after_gap,
        new_sources.event_id is not null as is_new_source

    from {{ web_events() }} as web_events

    inner join session_instants
        on
            web_events.visitor_id = session_instants.visitor_id
            and web_events.occurred_at = session_instants.occurred_at

    left join {{ ref('int_page_sources') }} as new_sources
        on
            web_events.event_id = new_sources.event_id
            and new_sources.is_new_source
            and {{ var('session_splits_on_new_source') }}

),

-- Nine visitors of ten have one event here; to put theirs in order as well costs a third more.
busy_visitors as (

    select visitor_id from tied_events
    group by visitor_id
    having count(*) > 1

),

ordered_events as (

    select
        *,
        row_number() over (partition by visitor_id, occurred_at order by event_id) as event_number

    from tied_events

    where visitor_id in (select busy_visitors.visitor_id from busy_visitors)

),

openers as (

    select
        *,
        row_number() over (partition by visitor_id, occurred_at order by event_id) as start_number,
        row_number() over visitor_sessions as session_number,
        lead(occurred_at) over visitor_sessions as next_session_start_at,
        lead(event_id) over visitor_sessions as next_opening_event_id

    from ordered_events

    where is_new_source or (is_after_gap and event_number = 1)

    window visitor_sessions as (partition by visitor_id order by occurred_at, event_id)

    union all

    select
        *,
        1 as event_number,
        1 as start_number,
        1 as session_number,
        null as next_session_start_at,
        null as next_opening_event_id

    from tied_events

    where visitor_id not in (select busy_visitors.visitor_id from busy_visitors)

),

final as (

    select
        md5(
            visitor_id || '|' || cast({{ epoch_microseconds('occurred_at') }} as varchar)
            || case when start_number > 1 then '|' || cast(start_number as varchar) else '' end
        ) as session_id,
        visitor_id,
        session_number,
        occurred_at as session_start_at,
        event_id as opening_event_id,
        event_type as opening_event_type,
        next_session_start_at,
        next_opening_event_id,
        page_url as landing_page_url,
        {{ of_visit | join(',\n        ') }}

    from openers

)

select * from final
