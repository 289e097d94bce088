{#
    Ad platforms report their calls without the caller's number. One is ours when time, duration and
    area code fit and no other pairing is as good, seen from either side: a report that fits two of
    our calls says nothing about either. Reports that name the number's own campaign go first.
#}

with

calls as (

    select * from {{ ref('int_calls') }}
    -- An ad platform has no part in a number that stands for something off the web.
    where number_kind <> 'static' or number_platform is not null

),

platform_calls as (

    select * from {{ ref('stg_landing__platform_calls') }}

),

fitting as (

    select
        platform_calls.platform,
        platform_calls.platform_call_id,
        platform_calls.campaign_id,
        platform_calls.ad_group_id,
        calls.call_id,
        case
            when platform_calls.campaign_id = calls.number_campaign_id then 2
            when platform_calls.platform = calls.number_platform then 1
            else 0
        end as agreement

    from platform_calls

    inner join calls
        on
            platform_calls.started_at
            >= calls.call_started_at - interval '{{ var("platform_call_seconds") }} seconds'
            and platform_calls.started_at
            <= calls.call_started_at + interval '{{ var("platform_call_seconds") }} seconds'
            and abs(platform_calls.duration_seconds - calls.duration_seconds)
            <= {{ var('platform_call_duration_seconds') }}
            and coalesce(platform_calls.caller_area_code = calls.caller_area_code, true)
            and coalesce(platform_calls.platform = calls.number_platform, true)
            and coalesce(platform_calls.campaign_id = calls.number_campaign_id, true)

),

compared as (

    select
        *,
        max(agreement) over (partition by platform, platform_call_id) as best_of_report,
        max(agreement) over (partition by call_id) as best_of_call

    from fitting

),

counted as (

    select
        *,
        count(*) over (partition by platform, platform_call_id) as calls_that_fit,
        count(*) over (partition by call_id) as reports_that_fit

    from compared

    where agreement = best_of_report and agreement = best_of_call

),

final as (

    select
        platform,
        platform_call_id,
        call_id,
        campaign_id,
        ad_group_id

    from counted

    where calls_that_fit = 1 and reports_that_fit = 1

)

select * from final
