{#
    An ad campaign is known from whatever names it: its clicks, its spend, a number set up for it, a
    call that the platform reports. The latest name counts; ids are unique within a platform.
#}
with

ad_clicks as (

    select * from {{ ref('stg_landing__ad_clicks') }}

),

ad_spend as (

    select * from {{ ref('stg_landing__ad_spend') }}

),

tracking_numbers as (

    select * from {{ ref('stg_landing__tracking_numbers') }}

),

platform_calls as (

    select * from {{ ref('stg_landing__platform_calls') }}

),

mentions as (

    select
        platform,
        campaign_id,
        campaign_name,
        account_id,
        account_timezone,
        click_date as mentioned_on

    from ad_clicks

    union all

    select
        platform,
        campaign_id,
        campaign_name,
        account_id,
        null as account_timezone,
        spend_date as mentioned_on

    from ad_spend

    union all

    select
        platform,
        campaign_id,
        campaign_name,
        null as account_id,
        null as account_timezone,
        cast(valid_from as date) as mentioned_on

    from tracking_numbers

    union all

    select
        platform,
        campaign_id,
        null as campaign_name,
        account_id,
        null as account_timezone,
        cast(started_at as date) as mentioned_on

    from platform_calls

),

final as (

    select
        platform,
        campaign_id,
        -- max_by passes over nulls. Of two names on the last day the greater one, so that every run
        -- gives the same.
        max_by(campaign_name, (mentioned_on, campaign_name)) as campaign_name,
        -- A campaign stays in its account and an account in its zone; should a feed say otherwise,
        -- the least of them, which no later row but a lesser one can change.
        min(account_id) as account_id,
        min(account_timezone) as account_timezone,
        min(mentioned_on) as first_seen_date,
        max(mentioned_on) as last_seen_date

    from mentions

    where
        platform is not null
        and campaign_id is not null

    group by platform, campaign_id

)

select * from final
