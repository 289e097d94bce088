{{ config(materialized='view', tags=['delta']) }}

{#
    A view, because only int_sessions reads it. The only session of a visitor has the visitor's
    counts; to look up the session of every event took a third of int_sessions. Two latest instants
    for each kind of consent, rather than the text at the latest one: this needs no order among
    events, and tied events are decided for the visitor, which is 'denied'.
#}
{% set consents = ['ad_user_data', 'ad_personalization'] %}

with

session_events as (

    select * from {{ ref('int_session_events') }}
    where not is_only_session

),

only_sessions as (

    select
        session_id,
        visitor_id

    from {{ ref('int_session_starts') }}

    where
        session_number = 1
        and next_session_start_at is null

),

visitors as (

    select * from {{ ref('int_visitors_seen') }}

),

counted as (

    select
        session_id,
        {% for consent in consents %}
        max(occurred_at) filter (where consent_{{ consent }} = 'granted')
            as {{ consent }}_granted_at,
        max(occurred_at) filter (where consent_{{ consent }} = 'denied')
            as {{ consent }}_denied_at,
        {% endfor %}
        max(occurred_at) as session_end_at,
        count(*) as events,
        count(*) filter (where event_type = 'page_view') as page_views,
        count(*) filter (where event_type = 'number_shown') as numbers_shown,
        count(*) filter (where event_type = 'number_clicked') as tel_taps

    from session_events

    group by session_id

    union all

    select
        only_sessions.session_id,
        {% for consent in consents %}
        visitors.{{ consent }}_granted_at,
        visitors.{{ consent }}_denied_at,
        {% endfor %}
        visitors.last_event_at as session_end_at,
        visitors.events,
        visitors.page_views,
        visitors.numbers_shown,
        visitors.tel_taps

    from only_sessions

    inner join visitors
        on only_sessions.visitor_id = visitors.visitor_id

),

final as (

    select
        session_id,
        {% for consent in consents %}
        case
            when {{ consent }}_denied_at >= {{ consent }}_granted_at then 'denied'
            when {{ consent }}_granted_at is not null then 'granted'
            when {{ consent }}_denied_at is not null then 'denied'
            else 'unknown'
        end as consent_{{ consent }},
        {% endfor %}
        session_end_at,
        events,
        page_views,
        numbers_shown,
        tel_taps

    from counted

)

select * from final
