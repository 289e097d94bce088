{#
    Intervals of one number should not overlap; where a feed breaks that promise, the later one
    begins by ending the earlier one, so that a call never counts twice.
#}
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
        least(
            coalesce(valid_to, timestamp '9999-12-31'),
            lead(valid_from, 1, timestamp '9999-12-31') over (
                partition by tracking_number
                order by valid_from
            )
        ) as valid_before

    from tracking_numbers

)

select * from final
