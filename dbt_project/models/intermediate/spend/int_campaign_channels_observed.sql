{{ config(materialized='view') }}

{# A view, because only int_campaign_channels reads it. #}
with

touches as (

    select * from {{ ref('int_touches') }}
    where platform is not null

),

tracking_numbers as (

    select * from {{ ref('stg_landing__tracking_numbers') }}
    where platform is not null

),

campaigns as (

    select * from {{ ref('int_campaigns') }}
    where platform is not null

),

spend_currencies as (

    select * from {{ ref('int_campaign_currencies') }}

),

observed as (

    select
        platform,
        campaign_id,
        channel,
        count(*) as touches

    from touches
    group by platform, campaign_id, channel

    union all

    select
        platform,
        campaign_id,
        channel,
        0 as touches

    from tracking_numbers

    union all

    select
        platform,
        campaign_id,
        null as channel,
        -1 as touches

    from campaigns

    union all

    select
        platform,
        campaign_id,
        null as channel,
        -1 as touches

    from spend_currencies

),

ranked as (

    select
        *,
        row_number() over (
            partition by platform, campaign_id
            order by touches desc, channel asc nulls last
        ) as channel_rank

    from observed

),

final as (

    select
        platform,
        campaign_id,
        channel

    from ranked

    where channel_rank = 1

)

select * from final
