{{ config(materialized='view') }}

{# A view: int_segment_names_as_built keeps the rows, and the next increment compares the two. #}

with

campaigns as (

    select * from {{ ref('dim_campaigns') }}

),

keywords as (

    select * from {{ ref('int_keywords') }}

),

campaign_channels as (

    select * from {{ ref('int_campaign_channels') }}

),

final as (

    select
        'campaign' as named,
        platform,
        campaign_id,
        null as keyword_id,
        campaign_name as name
    from campaigns

    union all

    select
        'keyword' as named,
        platform,
        null as campaign_id,
        keyword_id,
        keyword_text as name
    from keywords

    union all

    select
        'currency' as named,
        platform,
        campaign_id,
        null as keyword_id,
        account_currency as name
    from campaign_channels

)

select * from final
