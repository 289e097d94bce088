with

tracking_numbers as (

    select * from {{ ref('stg_landing__tracking_numbers') }}

),

final as (

    select
        tracking_number,
        kind as number_kind,
        pool_id,
        platform,
        channel,
        campaign_id,
        campaign_name,
        vertical,
        site,
        valid_from,
        valid_to,
        row_number() over (
            partition by tracking_number
            order by valid_from desc
        ) = 1 as is_latest,
        updated_at

    from tracking_numbers

)

select * from final
