{{ config(tags=['delta']) }}

{# What stands in for the matcher where it said nothing: no model yet, or no candidate. #}

with

calls as (

    select call_id from {{ ref('int_calls') }}

    where {{ only_touched('call_id', 'int_calls_recredited') }}

),

calls_to_match as (

    select call_id from {{ ref('int_calls_to_match') }}

),

leases as (

    select * from {{ ref('int_calls_traced_to_leases') }}

),

candidates as (

    select * from {{ ref('stg_ml__call_candidates') }}

    where {{ only_touched('call_id', 'int_calls_recredited') }}

),

scored as (

    select candidates.call_id

    from candidates

    -- Candidates of a call that is no longer asked are left over from an earlier run.
    inner join calls_to_match
        on candidates.call_id = calls_to_match.call_id

    group by candidates.call_id

),

unscored as (

    select
        calls.call_id,
        leases.session_id

    from calls

    left join scored
        on calls.call_id = scored.call_id

    left join leases
        on calls.call_id = leases.call_id

    where scored.call_id is null

),

final as (

    select
        call_id,
        session_id,
        cast(1 as double) as probability

    from unscored

    where session_id is not null

    union all

    -- 'None of these' stands beside a lease without probability, for evidence to pass its rest to.
    select
        call_id,
        null as session_id,
        case when session_id is null then cast(1 as double) else 0 end as probability

    from unscored

)

select * from final
