{{ config(materialized='view', tags=['delta']) }}

{#
    The tail: candidates below var min_candidate_credit, and those that evidence has pushed out of the
    max_candidates best, become one remainder per method and campaign. The matcher has folded its own
    tail already; here it is what sank below the line when evidence took most of the call.
#}

with

candidates as (

    select
        *,
        not is_null and (
            is_remainder
            or mass < {{ var('min_candidate_credit') }}
            or candidate_rank > {{ var('max_candidates') }}
        ) as is_folded

    from {{ ref('int_call_candidates_weighed') }}

),

sourced_sessions as (

    select * from {{ ref('int_sessions_sourced') }}

),

final as (

    select
        candidates.call_id,
        candidates.attribution_method,
        candidates.channel,
        candidates.platform,
        candidates.campaign_id,
        candidates.ad_group_id,
        candidates.keyword_id,
        candidates.click_id,
        candidates.session_id,
        sourced_sessions.source_evidence,
        -- The id on an unpaid link is no ad click; one that the matcher gave to a session is.
        candidates.click_id is not null and coalesce(
            candidates.click_id <> sourced_sessions.click_id
            or sourced_sessions.source_evidence = 'click',
            true
        ) as is_ad_click,
        false as is_remainder,
        candidates.is_null,
        candidates.mass,
        candidates.model_version

    from candidates

    left join sourced_sessions
        on candidates.session_id = sourced_sessions.session_id

    where not candidates.is_folded

    union all

    select
        call_id,
        attribution_method,
        channel,
        platform,
        campaign_id,
        null as ad_group_id,
        null as keyword_id,
        null as click_id,
        null as session_id,
        null as source_evidence,
        false as is_ad_click,
        true as is_remainder,
        false as is_null,
        sum(mass) as mass,
        max(model_version) as model_version

    from candidates

    where is_folded

    group by call_id, attribution_method, channel, platform, campaign_id

)

select * from final
