{#
    Why a call that a platform reports is none of ours. int_platform_calls_matched decides what
    matches; here only what it left over is looked at again, by how much of it fits. How likely it is
    to be one of ours all the same is in int_platform_call_candidates.
#}
with

platform_calls as (

    select
        *,
        {{ business_date('started_at') }} as report_date

    from {{ ref('stg_landing__platform_calls') }}

),

matched as (

    select * from {{ ref('int_platform_calls_matched') }}

),

calls as (

    select * from {{ ref('int_calls') }}
    where number_kind <> 'static' or number_platform is not null

),

nobody as (

    select * from {{ ref('int_platform_call_candidates') }}
    where call_id is null

),

nearby as (

    select
        platform_calls.platform,
        platform_calls.platform_call_id,
        bool_or(
            abs(platform_calls.duration_seconds - calls.duration_seconds)
            <= {{ var('platform_call_duration_seconds') }}
            and coalesce(platform_calls.caller_area_code = calls.caller_area_code, true)
            and coalesce(platform_calls.platform = calls.number_platform, true)
            and coalesce(platform_calls.campaign_id = calls.number_campaign_id, true)
        ) as fits_any

    from platform_calls

    left join matched
        on
            platform_calls.platform = matched.platform
            and platform_calls.platform_call_id = matched.platform_call_id

    inner join calls
        on
            platform_calls.started_at
            >= calls.call_started_at - interval '{{ var("platform_call_seconds") }} seconds'
            and platform_calls.started_at
            <= calls.call_started_at + interval '{{ var("platform_call_seconds") }} seconds'

    where matched.call_id is null

    group by platform_calls.platform, platform_calls.platform_call_id

),

final as (

    select
        platform_calls.platform,
        platform_calls.platform_call_id,
        platform_calls.campaign_id,
        platform_calls.report_date,
        matched.call_id,
        case
            when matched_calls.is_spam then 'spam'
            when matched.call_id is not null then 'matched'
            when nearby.platform_call_id is null then 'no_call_in_span'
            when not nearby.fits_any then 'not_alike'
            when platform_calls.caller_area_code is null then 'no_area_code'
            else 'several_fit'
        end as cause,
        1 - nobody.probability as probability_ours

    from platform_calls

    inner join nobody
        on
            platform_calls.platform = nobody.platform
            and platform_calls.platform_call_id = nobody.platform_call_id

    left join matched
        on
            platform_calls.platform = matched.platform
            and platform_calls.platform_call_id = matched.platform_call_id

    left join calls as matched_calls
        on matched.call_id = matched_calls.call_id

    left join nearby
        on
            platform_calls.platform = nearby.platform
            and platform_calls.platform_call_id = nearby.platform_call_id

)

select * from final
