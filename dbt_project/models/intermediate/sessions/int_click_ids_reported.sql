{{ config(materialized='view') }}

{#
    Two platforms may report one click id: a bidding tool beside the platform itself.
    A view, because only int_session_channels reads it.
#}
with

ranked as (

    select
        *,
        row_number() over (
            partition by click_id_type, click_id
            order by platform
        ) as platform_rank

    from {{ ref('stg_landing__ad_clicks') }}

),

final as (

    select
        click_id_type,
        click_id,
        platform,
        network,
        campaign_id,
        ad_group_id,
        keyword_id,
        account_timezone

    from ranked

    where platform_rank = 1

)

select * from final
