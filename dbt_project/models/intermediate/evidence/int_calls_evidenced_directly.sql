{{ config(materialized='incremental', touched={'int_calls_touched': 'call_id'}) }}

{# What is known of a call without looking at the caller's other calls or asking the matcher. #}

with

numbers as (

    select * from {{ ref('int_calls_traced_to_numbers') }}

),

taps as (

    select * from {{ ref('int_calls_traced_to_taps') }}
    where tapping_sessions = 1

),

leases as (

    select * from {{ ref('int_calls_traced_to_leases') }}

),

forms as (

    select * from {{ ref('int_calls_traced_to_forms') }}

),

visitors as (

    select
        call_id,
        2 as evidence_order,
        visitor_id
    from taps

    union all

    select
        call_id,
        3 as evidence_order,
        visitor_id
    from leases

    union all

    select
        call_id,
        4 as evidence_order,
        visitor_id
    from forms

),

combined as (

    select
        call_id,
        1 as evidence_order,
        null as visitor_id,
        channel,
        platform,
        campaign_id,
        ad_group_id

    from numbers

    union all

    select
        call_id,
        evidence_order,
        visitor_id,
        null as channel,
        null as platform,
        null as campaign_id,
        null as ad_group_id

    from visitors

),

ranked as (

    select
        *,
        min(evidence_order) over (partition by call_id) as strongest_order

    from combined

),

final as (

    select
        call_id,
        evidence_order,
        visitor_id,
        channel,
        platform,
        campaign_id,
        ad_group_id

    from ranked

    where
        evidence_order = strongest_order
        and {{ only_touched('call_id', 'int_calls_touched') }}

)

select * from final
