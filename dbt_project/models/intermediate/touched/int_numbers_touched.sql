{#
    Tracking numbers whose leases, or whose evidence for calls, this build makes anew, and from when
    on: shown, tapped on a page or called their own in a session that may have changed; or declared
    anew, which may change all of their past.

    Empty in a full build.
#}
{{ reads('int_session_events', 'int_session_changes', 'stg_landing__tracking_numbers') }}
{% if is_increment() %}

with

session_events as (

    select * from {{ ref('int_session_events') }}

    where tracking_number is not null

),

session_changes as (

    select * from {{ ref('int_session_changes') }}

),

new_declarations as (

    select * from {{ ref('stg_landing__tracking_numbers') }}

    where _file_id > {{ built_up_to() }}

),

changes as (

    select
        session_events.tracking_number,
        session_events.occurred_at as changed_from_at,
        false as is_declared_anew

    from session_events

    inner join session_changes
        on session_events.session_id = session_changes.session_id

    union all

    select
        tracking_number,
        timestamp '1970-01-01' as changed_from_at,
        true as is_declared_anew

    from new_declarations

),

final as (

    select
        tracking_number,
        min(changed_from_at) as changed_from_at,
        bool_or(is_declared_anew) as is_declared_anew

    from changes

    group by tracking_number

)

select * from final

{% else %}

select
    cast(null as varchar) as tracking_number,
    cast(null as timestamp) as changed_from_at,
    cast(null as boolean) as is_declared_anew

where false

{% endif %}
