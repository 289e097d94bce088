{{ config(materialized='view') }}

{# A view, in the published copy too: a call's factors are put together when it is asked for. #}
with

explanations as (

    select * from {{ ref('stg_ml__call_explanations') }}

),

touches as (

    select * from {{ ref('int_touches') }}

),

campaigns as (

    select * from {{ ref('dim_campaigns') }}

),

final as (

    select
        explanations.call_id,
        explanations.candidate_rank,
        explanations.is_null,
        explanations.probability,
        touches.session_id,
        touches.click_id,
        touches.platform,
        touches.channel,
        touches.campaign_id,
        campaigns.campaign_name,
        touches.device,
        touches.geo_region,
        touches.geo_city,
        touches.page_views,
        touches.click_date,
        explanations.match_kind,
        explanations.number_state,
        explanations.delay_seconds,
        explanations.log_number,
        explanations.log_device,
        explanations.log_delay,
        explanations.log_hour,
        explanations.log_engagement,
        explanations.log_campaign,
        explanations.log_reach,
        explanations.log_geography,
        explanations.log_line_type,
        explanations.log_tap,
        explanations.log_weight,
        explanations.model_version

    from explanations

    left join touches
        on explanations.touch_id = touches.touch_id

    left join campaigns
        on
            touches.platform is not distinct from campaigns.platform
            and touches.campaign_id = campaigns.campaign_id

)

select * from final
