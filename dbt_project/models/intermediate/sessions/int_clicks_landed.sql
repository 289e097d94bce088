{{ config(materialized='incremental', touched={'int_clicks_touched': 'click_id'}) }}

with

sessions as (

    select
        *,
        row_number() over (
            partition by click_id_type, click_id
            order by session_start_at, session_id
        ) as landing_rank

    from {{ ref('int_sessions') }}

    where
        click_id is not null
        and {{ only_touched('click_id', 'int_clicks_touched') }}
        -- A session that took its source over from the one before brought no click.
        and session_source_session_id = session_id

),

final as (

    select
        click_id_type,
        click_id,
        session_id,
        session_start_at,
        is_reported_click,
        platform,
        campaign_id,
        ad_group_id,
        keyword_id,
        device_type,
        geo_country,
        geo_region,
        geo_city,
        landing_page_url,
        site

    from sessions

    where landing_rank = 1

)

select * from final
