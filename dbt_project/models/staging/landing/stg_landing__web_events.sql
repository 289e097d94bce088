{{ config(materialized='view') }}

{#
    A view, because copying the widest feed costs more than all that is computed from it; what it
    leaves out is a short list, made once a run.
#}
with

source as (

    select * from {{ source('landing', 'web_events') }}

),

repeats as (

    select * from {{ ref('base_landing__web_event_repeats') }}

),

renamed as (

    select
        ---------- ids
        source.event_id,
        source.visitor_id,
        source.pool_id,

        ---------- strings
        source.event_type,
        source.page_url,
        source.page_referrer,
        source.user_agent,
        lower(source.device_type) as device_type,
        upper(source.geo_country) as geo_country,
        source.geo_region,
        source.geo_city,
        source.geo_zip,
        source.tracking_number,
        source.form_caller_key,
        coalesce(source.consent_ad_user_data, 'unknown') as consent_ad_user_data,
        coalesce(source.consent_ad_personalization, 'unknown') as consent_ad_personalization,

        ---------- timestamps
        source.occurred_at,
        source.received_at,

        ---------- metadata
        source._file_id,
        source._loaded_at

    from source

    left join repeats
        on
            source._file_id = repeats._file_id
            and source._source_line = repeats._source_line

    where repeats.event_id is null

)

select * from renamed
