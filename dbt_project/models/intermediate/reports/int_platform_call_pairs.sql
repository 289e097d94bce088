{#
    Reports of ad platforms beside the calls that began near them, and beside the calls of an hour
    before and after, which are there by chance alone: from both it is learned what a mark is worth.

    Each call stands in its span and those around: the join is by equality, not by time alone.
#}
{% set span = var('platform_call_seconds') %}

with

calls as (

    select * from {{ ref('int_calls') }}
    -- An ad platform has no part in a number that stands for something off the web.
    where number_kind <> 'static' or number_platform is not null

),

shifts as (

    {% for seconds in [0, 3600, -3600] %}
    select {{ seconds }} as shift_seconds
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

shifted as (

    select
        platform_calls.*,
        shifts.shift_seconds <> 0 as is_chance,
        {{ epoch_microseconds('platform_calls.started_at') }} / 1000000
        + shifts.shift_seconds as report_second

    from {{ ref('stg_landing__platform_calls') }} as platform_calls

    cross join shifts

),

bucketed_reports as (

    select
        *,
        cast(floor(report_second / {{ span }}) as bigint) as span_index

    from shifted

),

spread as (

    {% for step in [-1, 0, 1] %}
    select {{ step }} as step
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

bucketed_calls as (

    select
        calls.call_id,
        calls.duration_seconds,
        calls.caller_area_code,
        calls.number_platform,
        calls.number_campaign_id,
        {{ epoch_microseconds('calls.call_started_at') }} / 1000000 as call_second,
        cast(
            floor({{ epoch_microseconds('calls.call_started_at') }} / 1000000 / {{ span }})
            as bigint
        ) + spread.step as span_index

    from calls

    cross join spread

),

final as (

    select
        reports.platform,
        reports.platform_call_id,
        reports.is_chance,
        calls.call_id,
        cast(floor((calls.call_second - reports.report_second) / 2) as integer) as time_step,
        cast(
            floor(log2(1 + abs(reports.duration_seconds - calls.duration_seconds))) as integer
        ) as duration_step,
        case
            when reports.caller_area_code is null or calls.caller_area_code is null then 'unknown'
            when reports.caller_area_code = calls.caller_area_code then 'same'
            else 'other'
        end as area_code_fit,
        case
            when reports.campaign_id = calls.number_campaign_id then 'campaign'
            when reports.platform = calls.number_platform then 'platform'
            else 'none'
        end as number_fit

    from bucketed_reports as reports

    inner join bucketed_calls as calls
        on reports.span_index = calls.span_index

    where
        abs(calls.call_second - reports.report_second) <= {{ span }}
        and coalesce(reports.platform = calls.number_platform, true)
        and coalesce(reports.campaign_id = calls.number_campaign_id, true)

)

select * from final
