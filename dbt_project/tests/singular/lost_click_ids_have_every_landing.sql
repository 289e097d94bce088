{#
    Fails for each platform whose clicks are not those that landed or were reported without landing,
    or whose expectations do not add up to what happened.
#}
with

landings as (

    select
        platform,
        sum(case when has_click_id then 1 else 0 end) as seen_with_id,
        sum(case when has_click_id then 0 else 1 end) as seen_without_id

    from {{ ref('int_ad_landings') }}

    group by platform

),

unseen as (

    select
        platform,
        sum(not_seen) as not_seen

    from {{ ref('int_clicks_unseen') }}

    group by platform

),

report as (

    select
        platform,
        sum(seen_with_id) as seen_with_id,
        sum(seen_without_id) as seen_without_id,
        sum(not_seen) as not_seen,
        sum(expected_without_id) as expected_without_id,
        sum(expected_not_seen) as expected_not_seen

    from {{ ref('lost_click_ids') }}

    group by platform

)

select report.*

from report

full outer join landings
    on report.platform is not distinct from landings.platform

full outer join unseen
    on report.platform is not distinct from unseen.platform

where
    coalesce(report.seen_with_id, 0) <> coalesce(landings.seen_with_id, 0)
    or coalesce(report.seen_without_id, 0) <> coalesce(landings.seen_without_id, 0)
    or abs(coalesce(report.not_seen, 0) - coalesce(unseen.not_seen, 0)) > 0.00001
    or abs(report.seen_without_id - coalesce(report.expected_without_id, 0)) > 0.00001
    or abs(report.not_seen - coalesce(report.expected_not_seen, 0)) > 0.00001
