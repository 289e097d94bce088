{{ config(materialized='view', tags=['delta']) }}

{# A view, because only int_sessions reads it. #}
with

session_events as (

    select * from {{ ref('int_session_events') }}

),

final as (

    select
        session_id,
        max(occurred_at) as session_end_at,
        count(*) as events,
        count(*) filter (where event_type = 'page_view') as page_views,
        count(*) filter (where event_type = 'number_shown') as numbers_shown,
        count(*) filter (where event_type = 'number_clicked') as tel_taps

    from session_events

    group by session_id

)

select * from final
