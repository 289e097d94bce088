{# Fails for each inbound call of staging that is not once in fct_calls, or has no credit. #}
with

inbound as (

    select call_id from {{ ref('stg_landing__calls') }}
    where direction = 'inbound'

),

calls as (

    select
        call_id,
        count(*) as calls

    from {{ ref('fct_calls') }}

    group by call_id

),

credited as (

    select call_id from {{ ref('fct_call_credits') }}
    group by call_id

)

select
    inbound.call_id as inbound_call_id,
    calls.call_id,
    calls.calls,
    credited.call_id as credited_call_id

from inbound

full outer join calls
    on inbound.call_id = calls.call_id

full outer join credited
    on coalesce(inbound.call_id, calls.call_id) = credited.call_id

where
    inbound.call_id is null
    or calls.call_id is null
    or credited.call_id is null
    or calls.calls <> 1
