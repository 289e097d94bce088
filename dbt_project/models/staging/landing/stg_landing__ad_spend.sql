{% set key = [
    'platform', 'account_id', 'spend_date', 'campaign_id', 'ad_group_id', 'keyword_id', 'device'
] %}

{{
    config(
        materialized='incremental',
        unique_key='spend_date'
    )
}}

{# Platforms restate the last days: the days that new files speak of are ranked anew. #}
with

source as (

    select * from {{ source('landing', 'ad_spend') }}

    where {{ keys_of_new_files('spend_date', source('landing', 'ad_spend')) }}

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
        _file_id,
        _loaded_at

    from ranked

    where version_rank = 1

)

select * from renamed
