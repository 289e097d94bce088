{#
    Sessions whose touch this build makes anew: all of touched visitors, and those of others that
    were shown a number whose leases are made anew.

    Empty in a full build.
#}
{{ reads(
    'int_sessions',
    'int_visitors_touched',
    'int_numbers_shown_events',
    'int_leases_touched',
) }}
{% if is_increment() %}

with

sessions as (

    select * from {{ ref('int_sessions') }}

),

visitors as (

    select * from {{ ref('int_visitors_touched') }}

),

shown_events as (

    select * from {{ ref('int_numbers_shown_events') }}

),

leases_touched as (

    select * from {{ ref('int_leases_touched') }}

),

final as (

    select sessions.session_id
    from sessions
    inner join visitors
        on sessions.visitor_id = visitors.visitor_id

    union

    select shown_events.session_id
    from shown_events
    inner join leases_touched
        on
            shown_events.tracking_number = leases_touched.tracking_number
            and shown_events.shown_at >= leases_touched.restart_at

)

select * from final

{% else %}

select cast(null as varchar) as session_id

where false

{% endif %}
