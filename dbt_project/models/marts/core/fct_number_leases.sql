{{
    config(
        materialized='incremental',
        touched={
            'int_leases_touched':
                'this.tracking_number = touched.tracking_number'
                ~ ' and this.lease_start_at >= touched.restart_at'
        },
        unique_key=['tracking_number', 'lease_start_at']
    )
}}

{#
    A call counts for the last lease of its number and session that had begun when the phone rang,
    also when that lease had ended: a page left open is dialled later.

    An increment writes the leases made anew and those whose number of calls is another than it was.
#}
{{ reads('int_leases_touched') }}
with

leases as (

    select * from {{ ref('int_number_leases') }}

),

calls as (

    select * from {{ ref('int_calls') }}

),

winners as (

    select * from {{ ref('int_call_winners') }}
    where session_id is not null

),

call_leases as (

    select
        calls.call_id,
        leases.tracking_number,
        max(leases.lease_start_at) as lease_start_at

    from winners

    inner join calls
        on winners.call_id = calls.call_id

    inner join leases
        on
            calls.to_number = leases.tracking_number
            and winners.session_id = leases.session_id
            and calls.call_started_at >= leases.lease_start_at

    group by calls.call_id, leases.tracking_number

),

lease_calls as (

    select
        tracking_number,
        lease_start_at,
        count(*) as calls

    from call_leases

    group by tracking_number, lease_start_at

),

final as (

    select
        leases.tracking_number,
        leases.pool_id,
        leases.session_id,
        leases.visitor_id,
        leases.lease_start_at,
        leases.lease_end_at,
        coalesce(lease_calls.calls, 0) as calls

    from leases

    left join lease_calls
        on
            leases.tracking_number = lease_calls.tracking_number
            and leases.lease_start_at = lease_calls.lease_start_at

    {% if is_increment() %}
    left join {{ ref('int_leases_touched') }} as leases_touched
        on
            leases.tracking_number = leases_touched.tracking_number
            and leases.lease_start_at >= leases_touched.restart_at

    left join {{ this }} as last_built
        on
            leases.tracking_number = last_built.tracking_number
            and leases.lease_start_at = last_built.lease_start_at

    where
        leases_touched.tracking_number is not null
        or coalesce(lease_calls.calls, 0) is distinct from last_built.calls
    {% endif %}

)

select * from final
