{{ config(materialized='view') }}

{#
    Evidence that names a web session, with the credit that its kind has earned where the answer is
    known. Live leases are not here: for pool numbers the probabilities of all sessions that were
    ever shown the number come from int_call_distributions.
#}

with

calls as (

    select * from {{ ref('int_calls') }}

),

taps as (

    select * from {{ ref('int_calls_traced_to_taps') }}

),

forms as (

    select * from {{ ref('int_calls_traced_to_forms') }}

),

earlier_calls as (

    select * from {{ ref('int_calls_traced_to_earlier_calls') }}
    where evidence_kind = 'session'

),

reliability as (

    select * from {{ ref('stg_ml__evidence_reliability') }}

),

sourced_sessions as (

    select * from {{ ref('int_sessions_sourced') }}

),

combined as (

    select
        taps.call_id,
        2 as evidence_order,
        'tel_tap' as attribution_method,
        case when calls.number_kind = 'pool' then 'pool' else 'shared' end as evidence_kind,
        taps.session_id,
        taps.tapping_sessions as sessions_named

    from taps

    inner join calls
        on taps.call_id = calls.call_id

    union all

    select
        call_id,
        4 as evidence_order,
        'form_phone' as attribution_method,
        'session' as evidence_kind,
        session_id,
        1 as sessions_named

    from forms

    union all

    select
        call_id,
        5 as evidence_order,
        'caller_history' as attribution_method,
        'session' as evidence_kind,
        session_id,
        1 as sessions_named

    from earlier_calls

),

final as (

    select
        combined.call_id,
        combined.evidence_order,
        combined.attribution_method,
        sourced_sessions.source_evidence,
        sourced_sessions.channel,
        sourced_sessions.platform,
        sourced_sessions.campaign_id,
        sourced_sessions.ad_group_id,
        sourced_sessions.keyword_id,
        sourced_sessions.click_id,
        combined.session_id,
        -- Sessions that tapped the same number within the span are equally likely.
        reliability.reliability / combined.sessions_named as credit,
        reliability.model_version

    from combined

    inner join reliability
        on
            combined.attribution_method = reliability.attribution_method
            and combined.evidence_kind = reliability.evidence_kind

    inner join sourced_sessions
        on combined.session_id = sourced_sessions.session_id

)

select * from final
