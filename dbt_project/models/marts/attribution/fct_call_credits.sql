{{ config(materialized='incremental', touched={'int_calls_recredited': 'call_id'}) }}

{# Masses become credits; what their rounding leaves is given to rank 1: a call sums to one. #}

with

candidates as (

    select * from {{ ref('int_call_candidates_folded') }}

),

as_matched as (

    select * from {{ ref('int_call_candidates_as_matched') }}

),

ranked as (

    select
        *,
        row_number() over best_first as candidate_rank,
        sum(mass) over (partition by call_id) as call_mass

    from candidates

    window
        best_first as (
            partition by call_id
            order by
                is_remainder asc,
                mass desc,
                click_id asc nulls last,
                session_id asc nulls last,
                attribution_method asc,
                platform asc nulls last,
                campaign_id asc nulls last,
                channel asc nulls last
        )

),

sessions_of_ads as (

    select
        call_id,
        session_id,
        sum(mass) as session_mass

    from candidates

    where source_evidence in ('utm', 'ad', 'landing')

    group by call_id, session_id

),

layered as (

    select
        ranked.*,
        case
            when ranked.is_null then 'unattributed'
            -- The matcher's candidates stay probabilities, however high.
            when ranked.is_remainder or ranked.attribution_method = 'matcher' then 'probabilistic'
            when ranked.mass >= {{ var('certain_from') }} and ranked.is_ad_click then 'click'
            when
                ranked.mass >= {{ var('certain_from') }}
                and ranked.session_id is null then 'campaign'
            -- Of a session that an ad brought the campaign is certain, though its click is not.
            when sessions_of_ads.session_mass >= {{ var('certain_from') }} then 'campaign'
            when
                ranked.mass >= {{ var('certain_from') }}
                and ranked.source_evidence = 'none' then 'session'
            else 'probabilistic'
        end as attribution_layer

    from ranked

    left join sessions_of_ads
        on
            ranked.call_id = sessions_of_ads.call_id
            and ranked.session_id = sessions_of_ads.session_id

),

final as (

    select
        call_id,
        cast(candidate_rank as integer) as candidate_rank,
        attribution_layer,
        case
            when is_null then 'none'
            when attribution_layer = 'campaign' and source_evidence in ('utm', 'landing') then 'utm'
            else attribution_method
        end as attribution_method,
        case when is_null then 'Unattributed' else coalesce(channel, 'Unassigned') end as channel,
        case when not is_null then platform end as platform,
        case when not is_null then campaign_id end as campaign_id,
        case when not is_null then ad_group_id end as ad_group_id,
        case when not is_null then keyword_id end as keyword_id,
        case when not is_null then click_id end as click_id,
        case when not is_null then session_id end as session_id,
        is_remainder,
        cast(
            case when candidate_rank = 1 then mass + 1 - call_mass else mass end as double
        ) as credit,
        model_version

    from layered

    union all

    select * from as_matched

)

select * from final
