with

spend as (

    select * from {{ ref('stg_landing__ad_spend') }}

),

final as (

    -- An account never changes its currency; should one do so, the latest row decides.
    select
        platform,
        campaign_id,
        max_by(currency, (spend_date, currency)) as currency

    from spend

    group by platform, campaign_id

)

select * from final
