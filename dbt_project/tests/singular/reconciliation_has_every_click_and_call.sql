{# Fails for each count of the reconciliation that is not that of staging and facts. #}
with

facts as (

    select
        'clicks that the platforms listed' as measure,
        count(*) as amount

    from {{ ref('stg_landing__ad_clicks') }}

    union all

    select
        'clicks that the platforms count' as measure,
        sum(clicks) as amount

    from (
        select clicks from {{ ref('stg_landing__ad_spend') }}
        union all
        select clicks from {{ ref('int_clicks_without_spend_daily') }}
    ) as counted

    union all

    select
        'clicks seen' as measure,
        count(*) as amount

    from {{ ref('int_clicks_landed') }} as landed

    inner join {{ ref('int_sessions') }} as sessions
        on landed.session_id = sessions.session_id

    where not sessions.is_bot and (sessions.is_paid or landed.is_reported_click)

    union all

    select
        'calls that the platforms reported' as measure,
        count(*) as amount

    from {{ ref('stg_landing__platform_calls') }}

    union all

    select
        'calls on call assets or reported' as measure,
        count(*) as amount

    from {{ ref('fct_calls') }} as calls

    left join {{ ref('int_platform_calls_matched') }} as matched
        on calls.call_id = matched.call_id

    where
        not calls.is_spam
        and (calls.number_kind = 'call_asset' or matched.call_id is not null)

),

report as (

    select
        sum(listed_clicks) as listed_clicks,
        sum(platform_clicks) as platform_clicks,
        sum(our_clicks) as our_clicks,
        sum(platform_calls) as platform_calls,
        sum(our_calls) as our_calls

    from {{ ref('platform_reconciliation') }}

)

select
    facts.*,
    report.*

from facts

cross join report

where
    coalesce(facts.amount, 0) <> coalesce(
        case facts.measure
            when 'clicks that the platforms listed' then report.listed_clicks
            when 'clicks that the platforms count' then report.platform_clicks
            when 'clicks seen' then report.our_clicks
            when 'calls that the platforms reported' then report.platform_calls
            when 'calls on call assets or reported' then report.our_calls
        end,
        0
    )
