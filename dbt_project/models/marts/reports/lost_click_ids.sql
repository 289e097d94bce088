{#
    What to expect is what happens on the platform's clicks as a whole: the share of its sessions that
    come without an id, whatever the page and browser, and the share of its clicks that are not seen.
#}
with

cells as (

    select * from {{ ref('int_click_sightings') }}

),

compared as (

    select
        *,
        cast(sum(seen_with_id + seen_without_id) over page as double) as page_seen,
        cast(sum(not_seen) over page as double) as page_not_seen,
        cast(sum(seen_without_id) over platform_total as double)
        / nullif(sum(seen_with_id + seen_without_id) over platform_total, 0) as without_id_share,
        cast(sum(not_seen) over platform_total as double)
        / nullif(
            cast(sum(seen_with_id + seen_without_id + not_seen) over platform_total as double), 0
        ) as not_seen_share

    from cells

    window
        page as (partition by platform, campaign_id, site, landing_page_path, device_type),
        platform_total as (partition by platform)

),

final as (

    select
        platform,
        campaign_id,
        site,
        landing_page_path,
        device_type,
        browser,
        seen_with_id + seen_without_id + cast(not_seen as double) as clicks,
        seen_with_id,
        seen_without_id,
        cast(not_seen as double) as not_seen,
        case
            when browser is not null then (seen_with_id + seen_without_id) * without_id_share
        end as expected_without_id,
        case
            when browser is null then (page_seen + page_not_seen) * not_seen_share
        end as expected_not_seen,
        cast(null as varchar) as currency

    from compared

)

select * from final
