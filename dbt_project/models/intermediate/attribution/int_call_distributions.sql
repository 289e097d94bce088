{{ config(materialized='view', tags=['delta']) }}

{#
    How likely each candidate is before evidence that names one: the matcher's probabilities, or where
    it said nothing (no model yet, no candidate) the holder of the live lease, else 'none of these'.
    That row stands there even without probability: evidence passes on to it what nobody else takes.

    Calls that are credited as matched need none of this and are left out.

    A view, like what follows up to fct_call_credits: the rows are many and each is used once.
#}

with

as_matched as (

    select call_id from {{ ref('int_calls_as_matched') }}

),

calls_to_match as (

    select * from {{ ref('int_calls_to_match') }}

),

candidates as (

    select * from {{ ref('stg_ml__call_candidates') }}

    where
        {{ only_touched('call_id', 'int_calls_recredited') }}
        and call_id not in (select as_matched.call_id from as_matched)

),

sourced_sessions as (

    select * from {{ ref('int_sessions_sourced') }}

),

scored as (

    select
        candidates.call_id,
        case when calls_to_match.match_kind = 'pool' then 'dni_lease' else 'matcher' end
            as attribution_method,
        candidates.session_id,
        candidates.click_id,
        coalesce(landed_sessions.channel, candidates.channel) as channel,
        coalesce(landed_sessions.platform, candidates.platform) as platform,
        coalesce(landed_sessions.campaign_id, candidates.campaign_id) as campaign_id,
        candidates.ad_group_id,
        candidates.keyword_id,
        candidates.is_remainder,
        candidates.is_null,
        candidates.probability,
        candidates.candidate_rank,
        candidates.model_version

    from candidates

    inner join calls_to_match
        on candidates.call_id = calls_to_match.call_id

    -- The seed landing_sources reaches the matcher's candidates too.
    left join sourced_sessions as landed_sessions
        on
            candidates.session_id = landed_sessions.session_id
            and candidates.click_id is null
            and landed_sessions.source_evidence = 'landing'

),

unscored as (

    select * from {{ ref('int_calls_unscored') }}

),

final as (

    select * from scored

    union all

    select
        unscored.call_id,
        'dni_lease' as attribution_method,
        unscored.session_id,
        sourced_sessions.click_id,
        sourced_sessions.channel,
        sourced_sessions.platform,
        sourced_sessions.campaign_id,
        sourced_sessions.ad_group_id,
        sourced_sessions.keyword_id,
        false as is_remainder,
        unscored.session_id is null as is_null,
        unscored.probability,
        1 as candidate_rank,
        null as model_version

    from unscored

    left join sourced_sessions
        on unscored.session_id = sourced_sessions.session_id

)

select * from final
