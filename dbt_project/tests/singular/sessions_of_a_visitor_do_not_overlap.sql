{# A session ends before the visitor's next one begins, or at the same instant when events tie. #}
with

ordered as (

    select
        session_id,
        visitor_id,
        session_start_at,
        session_end_at,
        lead(session_start_at) over (
            partition by visitor_id
            order by session_start_at, session_end_at
        ) as next_session_start_at

    from {{ ref('int_sessions') }}

)

select * from ordered

where session_end_at > next_session_start_at
