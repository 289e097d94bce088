{{ config(materialized='view') }}

{#
    A view, as of web events: writing the wide feed out once more cost a tenth of the evidence step,
    and most readers want a few of its columns. The first copy of a click counts.
#}
with

source as (

    select * from {{ source('landing', 'ad_clicks') }}

),

repeats as (

    select * from {{ ref('base_landing__ad_click_repeats') }}

),

renamed as (

    select
        ---------- ids
        source.platform,
        source.click_id,
        lower(source.click_id_type) as click_id_type,
        source.account_id,
        source.campaign_id,
        source.ad_group_id,
        source.ad_id,
        source.keyword_id,

        ---------- strings
        coalesce(source.account_timezone, 'UTC') as account_timezone,
        source.campaign_name,
        source.ad_group_name,
        source.keyword_text,
        lower(source.match_type) as match_type,
        lower(source.device) as device,
        lower(source.network) as network,
        lower(source.click_type) as click_type,
        upper(source.geo_country) as geo_country,
        source.geo_region,
        source.geo_city,
        source.landing_url,

        ---------- timestamps
        source.clicked_at,
        source.click_date,

        ---------- metadata
        source._file_id,
        source._loaded_at

    from source

    left join repeats
        on
            source._file_id = repeats._file_id
            and source._source_line = repeats._source_line

    where repeats.click_id is null

)

select * from renamed
