{#
    Where a feed lets two intervals of a number overlap, the later one ends the earlier one: as
    int_number_validities has it, by which calls are judged.
#}
with

tracking_numbers as (

    select * from {{ ref('stg_landing__tracking_numbers') }}

),

validities as (

    select * from {{ ref('int_number_validities') }}

),

final as (

    select
        tracking_numbers.tracking_number,
        tracking_numbers.kind as number_kind,
        tracking_numbers.pool_id,
        tracking_numbers.platform,
        tracking_numbers.channel,
        tracking_numbers.campaign_id,
        tracking_numbers.campaign_name,
        tracking_numbers.vertical,
        tracking_numbers.site,
        tracking_numbers.valid_from,
        nullif(validities.valid_before, timestamp '9999-12-31') as valid_to,
        row_number() over (
            partition by tracking_numbers.tracking_number
            order by tracking_numbers.valid_from desc
        ) = 1 as is_latest,
        tracking_numbers.updated_at

    from tracking_numbers

    inner join validities
        on
            tracking_numbers.tracking_number = validities.tracking_number
            and tracking_numbers.valid_from = validities.valid_from

)

select * from final
