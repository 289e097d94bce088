{#
    What a utm_campaign may say for a campaign: its id or any name it ever had, as ads keep the tags
    that they were made with. A text that stands for two campaigns stands for none. The rows of platform 'any' serve sessions whose source names no
    platform.
#}
with

campaigns as (

    select * from {{ ref('stg_landing__campaign_names') }}

),

aliases as (

    select
        platform,
        campaign_id,
        lower(trim(campaign_id)) as alias

    from campaigns

    union

    select
        platform,
        campaign_id,
        lower(trim(campaign_name)) as alias

    from campaigns

    where campaign_name is not null

),

final as (

    select
        platform as platform_hint,
        alias,
        min(platform) as platform,
        min(campaign_id) as campaign_id

    from aliases

    group by platform, alias

    having count(*) = 1

    union all

    select
        'any' as platform_hint,
        alias,
        min(platform) as platform,
        min(campaign_id) as campaign_id

    from aliases

    group by alias

    having count(*) = 1

)

select * from final
