with

source as (

    select * from {{ source('landing', 'tracking_numbers') }}

),

ranked as (

    select
        *,
        {{ newest_version(['tracking_number', 'valid_from']) }} as version_rank

    from source

),

renamed as (

    select
        ---------- ids
        tracking_number,
        pool_id,
        campaign_id,

        ---------- strings
        lower(kind) as kind,
        platform,
        channel,
        campaign_name,
        vertical,
        lower(site) as site,

        ---------- timestamps
        valid_from,
        valid_to,
        updated_at,

        ---------- metadata
        _file_id,
        _loaded_at

    from ranked

    where version_rank = 1

)

select * from renamed
