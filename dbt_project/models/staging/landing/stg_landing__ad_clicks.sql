{{
    config(
        materialized='incremental',
        touched={'stg_operations__build_window': 'this._file_id > touched.from_file_id'}
    )
}}

{# The first copy of a click counts: what new files bring can only add clicks. #}
with

source as (

    select * from {{ source('landing', 'ad_clicks') }}

    where _file_id > {{ built_up_to() }}

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
        _file_id,
        _loaded_at

    from ranked

    where
        copy_rank = 1
        and {{ not_built_before(['platform', 'click_id']) }}

)

select * from renamed
