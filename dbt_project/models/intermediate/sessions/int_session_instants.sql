{{ config(materialized='view', tags=['delta']) }}

{#
    Gaps are found over visitor and time alone, new sources among the few events that bring one. A
    view, because only int_session_starts reads it.
#}
with

new_sources as (

    select
        visitor_id,
        occurred_at

    from {{ ref('int_page_sources') }}

    where
        is_new_source
        and {{ var('session_splits_on_new_source') }}

),

instants as (

    select
        visitor_id,
        occurred_at,
        lag(occurred_at) over (
            partition by visitor_id
            order by occurred_at
        ) as previous_at

    from {{ web_events() }}

),

start_instants as (

    select
        visitor_id,
        occurred_at,
        true as is_after_gap

    from instants

    where
        previous_at is null
        or occurred_at > {{ plus_minutes('previous_at', var('session_idle_minutes')) }}

    union all

    select
        visitor_id,
        occurred_at,
        false as is_after_gap

    from new_sources

),

final as (

    select
        visitor_id,
        occurred_at,
        bool_or(is_after_gap) as is_after_gap

    from start_instants

    group by visitor_id, occurred_at

)

select * from final
