{{ config(materialized='view', tags=['delta']) }}

{#
    Gaps are found over visitor and time alone, and only among the few visitors who were seen for
    longer than a gap; new sources among the few events that bring one. A view, because only
    int_session_starts reads it.
#}
with

web_events as (

    select
        visitor_id,
        occurred_at

    from {{ web_events() }}

),

new_sources as (

    select
        visitor_id,
        occurred_at

    from {{ ref('int_page_sources') }}

    where
        is_new_source
        and {{ var('session_splits_on_new_source') }}

),

visitors as (

    select * from {{ ref('int_visitors_seen') }}

),

long_visitors as (

    select visitor_id from visitors

    where
        last_event_at
        > {{ plus_minutes('first_event_at', var('session_idle_minutes')) }}

),

instants as (

    select
        visitor_id,
        occurred_at,
        lag(occurred_at) over (
            partition by visitor_id
            order by occurred_at
        ) as previous_at

    from web_events

    where visitor_id in (select long_visitors.visitor_id from long_visitors)

),

start_instants as (

    select
        visitor_id,
        first_event_at as occurred_at,
        true as is_after_gap

    from visitors

    union all

    select
        visitor_id,
        occurred_at,
        true as is_after_gap

    from instants

    where occurred_at > {{ plus_minutes('previous_at', var('session_idle_minutes')) }}

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
