{{ config(materialized='view', tags=['delta']) }}

{#
    Rows of fct_call_credits: what int_call_distributions to int_call_candidates_folded would make of
    these candidates. A view, because only fct_call_credits reads it.
#}

with

calls as (

    select * from {{ ref('int_calls_as_matched') }}

),

candidates as (

    select * from {{ ref('stg_ml__call_candidates') }}

    where {{ only_touched('call_id', 'int_calls_recredited') }}

),

landed_sessions as (

    select * from {{ ref('int_sessions_sourced') }}

    where source_evidence = 'landing'

),

sourced as (

    select
        candidates.*,
        calls.call_mass,
        cast(candidates.probability as decimal(18, 15)) as mass,
        coalesce(landed_sessions.channel, candidates.channel, 'Unassigned') as source_channel,
        coalesce(landed_sessions.platform, candidates.platform) as source_platform,
        coalesce(landed_sessions.campaign_id, candidates.campaign_id) as source_campaign_id

    from candidates

    inner join calls
        on candidates.call_id = calls.call_id

    left join landed_sessions
        on
            candidates.session_id = landed_sessions.session_id
            and candidates.click_id is null

),

final as (

    select
        call_id,
        cast(candidate_rank as integer) as candidate_rank,
        case when is_null then 'unattributed' else 'probabilistic' end as attribution_layer,
        case when is_null then 'none' else 'matcher' end as attribution_method,
        case when is_null then 'Unattributed' else source_channel end as channel,
        case when not is_null then source_platform end as platform,
        case when not is_null then source_campaign_id end as campaign_id,
        case when not is_null then ad_group_id end as ad_group_id,
        case when not is_null then keyword_id end as keyword_id,
        case when not is_null then click_id end as click_id,
        case when not is_null then session_id end as session_id,
        is_remainder,
        cast(
            case when candidate_rank = 1 then mass + 1 - call_mass else mass end as double
        ) as credit,
        model_version

    from sourced

)

select * from final
