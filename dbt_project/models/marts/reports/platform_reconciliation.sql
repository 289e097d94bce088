{#
    A click that the platform charges without listing it, and one that was seen without being listed,
    are taken for the same as far as they go: Meta lists none, Google none from the app of a phone.
#}
{% set measures = [
    'platform_clicks', 'listed_seen', 'listed_other_day', 'listed_call_asset', 'listed_no_session',
    'listed_bot', 'listed_other_platform', 'sessions_seen', 'sessions_other_day',
    'sessions_unreported', 'calls_matched', 'calls_spam', 'calls_no_call_in_span',
    'calls_not_alike', 'calls_no_area_code', 'calls_several_fit', 'calls_unreported',
] %}

with

counts as (

    select * from {{ ref('int_reconciled_counts') }}

),

expected as (

    select
        report_date,
        platform,
        campaign_id,
        sum(probability_ours) as calls_expected

    from {{ ref('int_platform_calls_explained') }}

    group by report_date, platform, campaign_id

),

pivoted as (

    select
        report_date,
        platform,
        campaign_id,
        {% for measure in measures %}
        cast(sum(case when measure = '{{ measure }}' then amount else 0 end) as bigint)
            as {{ measure }},
        {% endfor %}
        cast(sum(case when starts_with(measure, 'listed_') then amount else 0 end) as bigint)
            as listed_clicks

    from counts

    group by report_date, platform, campaign_id

),

paired as (

    select
        pivoted.*,
        pivoted.platform_clicks - pivoted.listed_clicks as unlisted_clicks,
        least(
            greatest(pivoted.platform_clicks - pivoted.listed_clicks, 0),
            pivoted.sessions_unreported
        ) as unlisted_clicks_seen,
        coalesce(expected.calls_expected, 0) as platform_calls_expected

    from pivoted

    left join expected
        on
            pivoted.report_date = expected.report_date
            and pivoted.platform = expected.platform
            and pivoted.campaign_id is not distinct from expected.campaign_id

),

final as (

    select
        report_date,
        platform,
        campaign_id,
        cast(null as varchar) as currency,

        ---------- clicks
        platform_clicks,
        listed_clicks,
        sessions_seen + sessions_other_day + sessions_unreported as our_clicks,
        platform_clicks - sessions_seen - sessions_other_day - sessions_unreported
            as clicks_difference,
        unlisted_clicks - unlisted_clicks_seen as clicks_unlisted_and_unseen,
        unlisted_clicks_seen - sessions_unreported as clicks_seen_and_uncounted,
        listed_no_session as clicks_without_session,
        listed_call_asset as clicks_on_call_assets,
        listed_bot as clicks_of_bots,
        listed_other_platform as clicks_of_other_platforms,
        listed_other_day - sessions_other_day as clicks_of_other_days,

        ---------- calls
        calls_matched + calls_spam + calls_no_call_in_span + calls_not_alike
        + calls_no_area_code + calls_several_fit as platform_calls,
        calls_matched + calls_unreported as our_calls,
        calls_spam + calls_no_call_in_span + calls_not_alike
        + calls_no_area_code + calls_several_fit - calls_unreported as calls_difference,
        calls_spam,
        calls_no_call_in_span,
        calls_not_alike,
        calls_no_area_code,
        calls_several_fit,
        -calls_unreported as calls_unreported,
        platform_calls_expected

    from paired

)

select * from final
