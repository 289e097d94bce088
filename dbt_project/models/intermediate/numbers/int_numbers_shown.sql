{#
    What the number was when the session last saw it; one that changed its kind while a page was open
    is rare, and the latest is what a call would reach.
#}
with

shown_events as (

    select * from {{ ref('int_numbers_shown_events') }}

),

final as (

    select
        session_id,
        visitor_id,
        tracking_number,
        max_by(number_kind, (shown_at, event_id)) as number_kind,
        -- max_by passes over nulls, and the last one's null is the answer here.
        nullif(max_by(coalesce(pool_id, ''), (shown_at, event_id)), '') as pool_id,
        min(shown_at) as first_shown_at,
        max(shown_at) as last_shown_at

    from shown_events

    group by session_id, visitor_id, tracking_number

)

select * from final
