{{ config(materialized='view') }}

{#
    Where the answer is known, was the evidence right? Known is the session in whose live lease a pool
    number was dialled.
#}

with

calls as (

    select * from {{ ref('int_calls') }}
    where not is_spam

),

sourced_sessions as (

    select * from {{ ref('int_sessions_sourced') }}

),

leases as (

    select * from {{ ref('int_calls_traced_to_leases') }}

),

tap_trials as (

    select * from {{ ref('int_tap_trials') }}

),

forms as (

    select * from {{ ref('int_calls_traced_to_forms') }}

),

earlier_calls as (

    select * from {{ ref('int_calls_traced_to_earlier_calls') }}

),

known_calls as (

    select
        calls.call_id,
        leases.session_id,
        leases.visitor_id,
        sourced_sessions.channel,
        sourced_sessions.campaign_id

    from calls

    inner join leases
        on calls.call_id = leases.call_id

    inner join sourced_sessions
        on leases.session_id = sourced_sessions.session_id

),

final as (

    select * from tap_trials

    union all

    select
        known_calls.call_id,
        'form_phone' as attribution_method,
        'session' as evidence_kind,
        1 as trials,
        cast(forms.visitor_id = known_calls.visitor_id as integer) as agreements
    from known_calls
    inner join forms on known_calls.call_id = forms.call_id

    union all

    select
        known_calls.call_id,
        'caller_history' as attribution_method,
        earlier_calls.evidence_kind,
        1 as trials,
        cast(
            earlier_calls.channel = known_calls.channel
            and earlier_calls.campaign_id is not distinct from known_calls.campaign_id as integer
        ) as agreements
    from known_calls
    inner join earlier_calls on known_calls.call_id = earlier_calls.call_id

)

select * from final
