{# Each kind is summed up before they meet, so that none can fan out over another. #}
with

ad_clicks as (

    select * from {{ ref('int_ad_clicks') }}

),

sessions as (

    select * from {{ ref('fct_sessions') }}

),

sources as (

    select * from {{ ref('int_sessions_sourced') }}

),

calls as (

    select * from {{ ref('int_funnel_calls_daily') }}

),

counted as (

    select
        ad_clicks.click_date as funnel_date,
        coalesce(
            sources.channel,
            {{ paid_click_channel('ad_clicks.network', 'ad_clicks.click_id_type') }}
        ) as channel,
        coalesce(sessions.device_type, ad_clicks.device, 'unknown') as device_type,
        1 as clicks,
        0 as sessions,
        0 as numbers_shown,
        0 as calls,
        0 as qualified_calls

    from ad_clicks

    left join sessions
        on ad_clicks.session_id = sessions.session_id

    left join sources
        on ad_clicks.session_id = sources.session_id

    where not coalesce(sessions.is_bot, false)

    union all

    select
        {{ business_date('sessions.session_start_at') }} as funnel_date,
        sources.channel,
        coalesce(sessions.device_type, 'unknown') as device_type,
        0 as clicks,
        1 as sessions,
        case when sessions.numbers_shown > 0 then 1 else 0 end as numbers_shown,
        0 as calls,
        0 as qualified_calls

    from sessions

    inner join sources
        on sessions.session_id = sources.session_id

    where not sessions.is_bot

    union all

    select
        call_date as funnel_date,
        channel,
        device_type,
        0 as clicks,
        0 as sessions,
        0 as numbers_shown,
        calls,
        qualified_calls

    from calls

),

final as (

    select
        funnel_date,
        channel,
        device_type,
        cast(sum(clicks) as double) as clicks,
        cast(sum(sessions) as double) as sessions,
        cast(sum(numbers_shown) as double) as numbers_shown,
        cast(sum(calls) as double) as calls,
        cast(sum(qualified_calls) as double) as qualified_calls

    from counted

    group by funnel_date, channel, device_type

)

select * from final
