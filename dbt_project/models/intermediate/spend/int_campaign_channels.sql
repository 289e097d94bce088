{#
    Spend and platforms' call reports name a campaign but no channel. A campaign's channel is the one
    that most of its clicks and sessions have, else that of its tracking numbers, else the platform's
    usual one (seed platform_channels).
#}

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

platform_channels as (

    select * from {{ ref('platform_channels') }}

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
        ranked.platform,
        ranked.campaign_id,
        coalesce(ranked.channel, platform_channels.channel, 'Paid Other') as channel,
        spend_currencies.currency as account_currency

    from ranked

    left join platform_channels
        on ranked.platform = platform_channels.platform

    left join spend_currencies
        on
            ranked.platform = spend_currencies.platform
            and ranked.campaign_id is not distinct from spend_currencies.campaign_id

    where ranked.channel_rank = 1

)

select * from final
