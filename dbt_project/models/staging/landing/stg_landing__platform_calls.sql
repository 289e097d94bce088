with

source as (

    select * from {{ source('landing', 'platform_calls') }}

),

ranked as (

    select
        *,
        {{ latest_arrival(['platform', 'platform_call_id']) }} as version_rank

    from source

),

renamed as (

    select
        ---------- ids
        platform,
        platform_call_id,
        account_id,
        campaign_id,
        ad_group_id,

        ---------- strings
        upper(caller_country) as caller_country,
        caller_area_code,
        call_type,
        status,

        ---------- numerics
        duration_seconds,

        ---------- timestamps
        started_at,

        ---------- metadata
        _file_id,
        _loaded_at

    from ranked

    where version_rank = 1

)

select * from renamed
