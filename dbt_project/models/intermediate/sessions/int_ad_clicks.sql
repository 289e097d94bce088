{{ config(materialized='incremental', touched={'int_clicks_touched': 'click_id'}) }}

with

reported as (

    select * from {{ ref('int_clicks_reported') }}

),

landed as (

    select * from {{ ref('int_clicks_landed') }}

    where
        not is_reported_click
        and {{ only_touched('click_id', 'int_clicks_touched') }}

),

campaigns as (

    select * from {{ ref('int_campaigns') }}

),

landed_only as (

    select
        landed.platform,
        landed.click_id,
        landed.click_id_type,
        landed.session_start_at as clicked_at,
        {{ day_in_zone('landed.session_start_at', "coalesce(campaigns.account_timezone, 'UTC')") }}
            as click_date,
        null as account_id,
        coalesce(campaigns.account_timezone, 'UTC') as account_timezone,
        landed.campaign_id,
        null as campaign_name,
        landed.ad_group_id,
        landed.keyword_id,
        null as keyword_text,
        landed.device_type as device,
        null as network,
        'url' as click_type,
        landed.geo_country,
        landed.geo_region,
        landed.geo_city,
        landed.landing_page_url as landing_url,
        landed.session_id,
        false as is_reported

    from landed

    left join campaigns
        on
            landed.platform = campaigns.platform
            and landed.campaign_id = campaigns.campaign_id

),

unioned as (

    select
        *,
        true as is_reported

    from reported

    union all

    select * from landed_only

),

final as (

    select
        *,
        case when clicked_at is null then 'day' else 'second' end as clicked_at_precision,
        {{ url_host('landing_url') }} as site

    from unioned

)

select * from final
