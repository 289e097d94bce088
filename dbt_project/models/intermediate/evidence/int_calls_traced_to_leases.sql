{{ config(materialized='incremental', touched={'int_calls_touched': 'call_id'}) }}

{# Leases of one number never overlap: a call has at most one. Bots hold numbers but never call. #}

with

calls as (

    select * from {{ ref('int_calls') }}

    where
        number_kind = 'pool'
        and {{ only_touched('call_id', 'int_calls_touched') }}

),

leases as (

    select * from {{ ref('int_number_leases') }}

),

sessions as (

    select * from {{ ref('int_sessions') }}
    where not is_bot

),

final as (

    select
        calls.call_id,
        leases.session_id,
        leases.visitor_id,
        leases.lease_start_at,
        leases.lease_end_at

    from calls

    inner join leases
        on
            calls.to_number = leases.tracking_number
            and calls.call_started_at >= leases.lease_start_at
            and calls.call_started_at < leases.lease_end_at

    inner join sessions
        on leases.session_id = sessions.session_id

)

select * from final
