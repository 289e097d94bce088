{{ config(materialized='view') }}

{#
    Every piece of evidence that names a source, in the order of its strength. Live leases are not
    here: for a pool number the probabilities of all sessions that were ever shown it come from
    int_call_distributions, as evidence of order 3.
#}

with

session_evidence as (

    select * from {{ ref('int_call_session_evidence') }}

),

source_evidence as (

    select * from {{ ref('int_call_source_evidence') }}

),

final as (

    select
        call_id,
        evidence_order,
        attribution_method,
        session_id,
        click_id,
        channel,
        platform,
        campaign_id,
        ad_group_id,
        keyword_id,
        credit,
        model_version

    from session_evidence

    union all

    select
        call_id,
        evidence_order,
        attribution_method,
        null as session_id,
        null as click_id,
        channel,
        platform,
        campaign_id,
        ad_group_id,
        null as keyword_id,
        credit,
        model_version

    from source_evidence

)

select * from final
