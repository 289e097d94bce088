{#
    All events of the touched visitors, read once for the many models that need them. Empty in a full
    build: there those models read staging itself, as a copy of every event would cost more than it
    saves.
#}

with

web_events as (

    select * from {{ ref('stg_landing__web_events') }}

),

visitors as (

    select * from {{ ref('int_visitors_touched') }}

),

final as (

    select
        web_events.event_id,
        web_events.event_type,
        web_events.occurred_at,
        web_events.visitor_id,
        web_events.page_url,
        web_events.page_referrer,
        web_events.user_agent,
        web_events.device_type,
        web_events.geo_country,
        web_events.geo_region,
        web_events.geo_city,
        web_events.pool_id,
        web_events.tracking_number,
        web_events.form_caller_key,
        web_events.consent_ad_user_data,
        web_events.consent_ad_personalization

    from web_events

    inner join visitors
        on web_events.visitor_id = visitors.visitor_id

)

select * from final
