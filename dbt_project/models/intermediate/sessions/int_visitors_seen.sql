{{ config(tags=['delta']) }}
{#
    Grouping all events by visitor is dear, and two models need it: where sessions begin, and counts.
    Nine visitors of ten have one session: its counts are theirs, without asking of each event to
    which session it belongs.
#}
{% set consents = ['ad_user_data', 'ad_personalization'] %}

with

web_events as (

    select * from {{ web_events() }}

),

final as (

    select
        visitor_id,
        min(occurred_at) as first_event_at,
        max(occurred_at) as last_event_at,
        min(occurred_at) filter (where event_type = 'page_view') as first_page_view_at,
        min(occurred_at) filter (where event_type <> 'page_view') as first_other_event_at,
        {% for consent in consents %}
        max(occurred_at) filter (where consent_{{ consent }} = 'granted')
            as {{ consent }}_granted_at,
        max(occurred_at) filter (where consent_{{ consent }} = 'denied')
            as {{ consent }}_denied_at,
        {% endfor %}
        count(*) as events,
        count(*) filter (where event_type = 'page_view') as page_views,
        count(*) filter (where event_type = 'number_shown') as numbers_shown,
        count(*) filter (where event_type = 'number_clicked') as tel_taps

    from web_events

    group by visitor_id

)

select * from final
