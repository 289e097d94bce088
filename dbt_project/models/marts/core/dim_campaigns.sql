with

ad_campaigns as (

    select * from {{ ref('int_campaigns') }}

),

tracking_numbers as (

    select * from {{ ref('stg_landing__tracking_numbers') }}

),

-- A billboard's campaign is known from its number alone.
other_campaigns as (

    select
        campaign_id,
        max_by(campaign_name, (valid_from, campaign_name)) as campaign_name,
        cast(min(valid_from) as date) as first_seen_date,
        cast(max(valid_from) as date) as last_seen_date

    from tracking_numbers

    where
        platform is null
        and campaign_id is not null

    group by campaign_id

),

final as (

    select
        platform,
        campaign_id,
        campaign_name,
        account_id,
        account_timezone,
        first_seen_date,
        last_seen_date

    from ad_campaigns

    union all

    select
        null as platform,
        campaign_id,
        campaign_name,
        null as account_id,
        null as account_timezone,
        first_seen_date,
        last_seen_date

    from other_campaigns

)

select * from final
