{{ config(materialized='view') }}

with

source as (

    select * from {{ source('ml', 'call_explanations') }}

),

final as (

    select
        call_id,
        candidate_rank,
        touch_id,
        is_null,
        probability,
        match_kind,
        number_state,
        delay_seconds,
        log_number,
        log_device,
        log_delay,
        log_hour,
        log_engagement,
        log_campaign,
        log_reach,
        log_geography,
        log_line_type,
        log_tap,
        log_weight,
        model_version

    from source

)

select * from final
