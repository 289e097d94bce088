{{ config(tags=['delta']) }}

{#
    Visitors whose journeys this build makes anew: touched ones, and those who gain or lose a call, or
    keep it with another credit.

    Empty in a full build.
#}
{{ reads('int_visitors_touched', 'int_calls_recredited', 'fct_call_credits', 'fct_sessions') }}
{% if is_increment() %}

with

visitors as (

    select * from {{ ref('int_visitors_touched') }}

),

recredited as (

    select * from {{ ref('int_calls_recredited') }}

),

credits as (

    select * from {{ ref('fct_call_credits') }}

    where session_id is not null

),

sessions as (

    select * from {{ ref('fct_sessions') }}

),

journeys as (

    select * from {{ as_last_built('visitor_journeys') }}

),

changes as (

    select
        visitor_id,
        true as has_new_events
    from visitors

    union all

    select
        sessions.visitor_id,
        false as has_new_events
    from recredited
    inner join credits
        on recredited.call_id = credits.call_id
    inner join sessions
        on credits.session_id = sessions.session_id

    union all

    select
        journeys.visitor_id,
        false as has_new_events
    from recredited
    inner join journeys
        on recredited.call_id = journeys.call_id

),

final as (

    select
        visitor_id,
        bool_or(has_new_events) as has_new_events

    from changes

    group by visitor_id

)

select * from final

{% else %}

select
    cast(null as varchar) as visitor_id,
    cast(null as boolean) as has_new_events

where false

{% endif %}
