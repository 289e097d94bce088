{{ config(materialized='incremental', touched={'int_clicks_touched': 'click_id'}) }}

with

ad_clicks as (

    select * from {{ ref('int_ad_clicks') }}

    where {{ only_touched('click_id', 'int_clicks_touched') }}

),

final as (

    select
        platform,
        click_id,
        click_id_type,
        clicked_at,
        clicked_at_precision,
        click_date,
        account_timezone,
        is_reported,
        campaign_id,
        ad_group_id,
        keyword_id,
        device,
        geo_region,
        session_id

    from ad_clicks

)

select * from final
