{% set key = [
    'platform', 'account_id', 'spend_date', 'campaign_id', 'ad_group_id', 'keyword_id', 'device'
] %}

with

source as (

    select * from {{ source('landing', 'ad_spend') }}

),

ranked as (

    select
        *,
        {{ newest_version(key) }} as version_rank

    from source

),

renamed as (

    select
        ---------- ids
        platform,
        account_id,
        campaign_id,
        ad_group_id,
        keyword_id,

        ---------- strings
        lower(device) as device,
        campaign_name,
        ad_group_name,
        keyword_text,
        lower(match_type) as match_type,

        ---------- numerics
        impressions,
        clicks,
        cost,
        upper(currency) as currency,

        ---------- dates and timestamps
        spend_date,
        updated_at,

        ---------- metadata
        _loaded_at

    from ranked

    where version_rank = 1

)

select * from renamed
