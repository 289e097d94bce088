{# A view: the table is the largest of the warehouse and is used as it is. #}
{{ config(materialized='view') }}

with

source as (

    select * from {{ source('ml', 'call_candidates') }}

),

final as (

    select
        call_id,
        candidate_rank,
        touch_id,
        session_id,
        visitor_id,
        platform,
        click_id,
        channel,
        campaign_id,
        ad_group_id,
        keyword_id,
        probability,
        is_remainder,
        is_null,
        model_version

    from source

    where probability > 0

)

select * from final
