{{ config(materialized='view') }}

{#
    On a pool number dialled in a live lease, was the tap that of the lease's session? Numbers that
    many share have no lease: there every tap counts as right, and every tap that fell beside a call
    by chance (int_taps_after_calls) takes one back.
#}

with

calls as (

    select * from {{ ref('int_calls') }}
    where not is_spam

),

leases as (

    select * from {{ ref('int_calls_traced_to_leases') }}

),

taps as (

    select * from {{ ref('int_calls_traced_to_taps') }}

),

chance_taps as (

    select * from {{ ref('int_taps_after_calls') }}

),

known_taps as (

    select
        taps.call_id,
        'pool' as evidence_kind,
        1 as trials,
        cast(taps.session_id = leases.session_id as integer) as agreements

    from taps

    inner join leases
        on taps.call_id = leases.call_id

),

shared_taps as (

    select
        call_id,
        'shared' as evidence_kind,
        1 as trials,
        1 as agreements
    from taps

    union all

    select
        call_id,
        'shared' as evidence_kind,
        0 as trials,
        -1 as agreements
    from chance_taps

),

final as (

    select
        known_taps.call_id,
        'tel_tap' as attribution_method,
        known_taps.evidence_kind,
        known_taps.trials,
        known_taps.agreements

    from known_taps

    inner join calls
        on known_taps.call_id = calls.call_id

    union all

    select
        shared_taps.call_id,
        'tel_tap' as attribution_method,
        shared_taps.evidence_kind,
        shared_taps.trials,
        shared_taps.agreements

    from shared_taps

    inner join calls
        on
            shared_taps.call_id = calls.call_id
            and calls.number_kind in ('fallback', 'unknown')

)

select * from final
