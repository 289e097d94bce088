{{ config(materialized='view') }}

{# The sessions of touched visitors that may differ from what they were before this build. #}

with

sessions as (

    select * from {{ ref('int_sessions') }}

),

visitors as (

    select * from {{ ref('int_visitors_touched') }}

),

final as (

    select
        sessions.session_id,
        sessions.visitor_id,
        sessions.session_start_at,
        sessions.session_end_at,
        sessions.click_id,
        sessions.click_id_type,
        visitors.changed_from_at

    from sessions

    inner join visitors
        on
            sessions.visitor_id = visitors.visitor_id
            and sessions.session_end_at >= visitors.changed_from_at

)

select * from final
