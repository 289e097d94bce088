{{ config(tags=['delta']) }}

{#
    Calls of which this build makes anew what stands beside their credits: device, region, page and
    cohort. Those with other credits, and those with credit on a session that may differ from what it
    was, or of whose visitor the first touch may. A click without a session needs no look: whatever is
    reported of it recredits the calls that it may have brought.
    Empty in a full build.
#}
{{ reads('int_visitors_touched', 'int_calls_recredited', 'fct_call_credits', 'int_sessions') }}
{% if is_increment() %}

with

visitors as (

    select * from {{ ref('int_visitors_touched') }}

),

recredited as (

    select * from {{ ref('int_calls_recredited') }}

),

credits as (

    select
        call_id,
        session_id

    from {{ ref('fct_call_credits') }}

    where session_id is not null

),

sessions as (

    select
        *,
        min(case when not is_bot then session_end_at end) over (partition by visitor_id)
            as first_end_at

    from {{ ref('int_sessions') }}

    where {{ only_touched('visitor_id', 'int_visitors_touched') }}

),

changed_sessions as (

    select sessions.session_id

    from sessions

    inner join visitors
        on sessions.visitor_id = visitors.visitor_id

    -- Sessions that ended before the change are as they were, and so is a first touch among them.
    where
        sessions.session_end_at >= visitors.changed_from_at
        or coalesce(sessions.first_end_at >= visitors.changed_from_at, true)

),

final as (

    select call_id
    from recredited

    union

    select credits.call_id
    from credits
    inner join changed_sessions
        on credits.session_id = changed_sessions.session_id

)

select * from final

{% else %}

select cast(null as varchar) as call_id

where false

{% endif %}
