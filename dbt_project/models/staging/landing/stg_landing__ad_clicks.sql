with

source as (

    select * from {{ source('landing', 'ad_clicks') }}

),

ranked as (

    select
        *,
        {{ first_copy(['platform', 'click_id']) }} as copy_rank

    from source

),

renamed as (

    select
        ---------- ids
        platform,
        click_id,
        lower(click_id_type) as click_id_type,
        account_id,
        campaign_id,
        ad_group_id,
        ad_id,
        keyword_id,

        ---------- strings
        coalesce(account_timezone, 'UTC') as account_timezone,
        campaign_name,
        ad_group_name,
        keyword_text,
        lower(match_type) as match_type,
        lower(device) as device,
        lower(network) as network,
        lower(click_type) as click_type,
        upper(geo_country) as geo_country,
        geo_region,
        geo_city,
        landing_url,

        ---------- timestamps
        clicked_at,
        click_date,

        ---------- metadata
        _loaded_at

    from ranked

    where copy_rank = 1

)

select * from renamed
