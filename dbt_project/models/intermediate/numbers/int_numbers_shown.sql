{{
    config(
        materialized='incremental',
        touched={
            'int_visitors_touched': 'visitor_id',
            'int_numbers_touched':
                'this.tracking_number = touched.tracking_number and touched.is_declared_anew',
        }
    )
}}

{#
    What the number was when the session last saw it; one that changed its kind while a page was open
    is rare, and the latest is what a call would reach.
#}
with

shown_events as (

    select * from {{ ref('int_numbers_shown_events') }}

    where
        {{ only_touched('visitor_id', 'int_visitors_touched') }}
        or {{ only_touched('tracking_number', 'int_numbers_touched', 'is_declared_anew') }}

),

sessions as (

    select
        session_id,
        site

    from {{ ref('int_sessions') }}

),

grouped as (

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

),

final as (

    select
        grouped.*,
        sessions.site

    from grouped

    inner join sessions
        on grouped.session_id = sessions.session_id

)

select * from final
