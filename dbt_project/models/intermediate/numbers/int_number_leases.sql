{{
    config(
        materialized='incremental',
        touched={
            'int_leases_touched':
                'this.tracking_number = touched.tracking_number'
                ~ ' and this.lease_start_at >= touched.restart_at'
        }
    )
}}

{#
    A pool number belongs to one session at a time: from the first time it is shown to a session
    until it is shown to another, or until the snippet gives it back `lease_idle_minutes` after the
    session's last event, whichever comes first. Two sessions shown a number at the same instant
    leave the first of them an empty interval, which is no lease.
#}
{{ reads('int_leases_touched') }}
with

shown_events as (

    select shown_events.*

    from {{ ref('int_numbers_shown_events') }} as shown_events

    {% if is_increment() %}
    inner join {{ ref('int_leases_touched') }} as leases_touched
        on
            shown_events.tracking_number = leases_touched.tracking_number
            and shown_events.shown_at >= leases_touched.restart_at
    {% endif %}

    where shown_events.number_kind = 'pool'

),

sessions as (

    select
        session_id,
        session_end_at

    from {{ ref('int_sessions') }}

),

followed as (

    select
        *,
        lag(session_id) over (
            partition by tracking_number
            order by shown_at, event_id
        ) as previous_session_id

    from shown_events

),

starts as (

    select
        tracking_number,
        pool_id,
        session_id,
        visitor_id,
        shown_at as lease_start_at,
        lead(shown_at) over (
            partition by tracking_number
            order by shown_at, event_id
        ) as next_lease_start_at

    from followed

    where coalesce(session_id <> previous_session_id, true)

),

final as (

    select
        starts.tracking_number,
        starts.pool_id,
        starts.session_id,
        starts.visitor_id,
        starts.lease_start_at,
        least(
            coalesce(starts.next_lease_start_at, timestamp '9999-12-31'),
            {{ plus_minutes('sessions.session_end_at', var('lease_idle_minutes')) }}
        ) as lease_end_at

    from starts

    inner join sessions
        on starts.session_id = sessions.session_id

    where coalesce(starts.lease_start_at <> starts.next_lease_start_at, true)

)

select * from final
