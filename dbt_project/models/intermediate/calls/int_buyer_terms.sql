{#
    The first version that we were told of holds from the beginning of time, so that a call before it
    still finds its buyer's terms.
#}
with

versions as (

    select
        *,
        lag(updated_at) over (
            partition by buyer_id
            order by updated_at
        ) as previous_version_at,
        lead(updated_at) over (
            partition by buyer_id
            order by updated_at
        ) as next_version_at

    from {{ ref('stg_landing__buyer_versions') }}

),

final as (

    select
        buyer_id,
        name as buyer_name,
        vertical,
        min_talk_seconds,
        payout as payout_amount,
        currency as payout_currency,
        duplicate_window_days,
        timezone,
        case
            when previous_version_at is null then timestamp '1970-01-01'
            else updated_at
        end as valid_from,
        next_version_at as valid_to,
        next_version_at is null as is_current,
        updated_at

    from versions

)

select * from final
