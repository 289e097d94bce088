{# A call has no device: it takes that of the session, else of the click, that its credit names. #}
with

ad_clicks as (

    select * from {{ ref('fct_ad_clicks') }}

),

sessions as (

    select * from {{ ref('fct_sessions') }}

),

calls as (

    select * from {{ ref('fct_calls') }}
    where not is_spam

),

credits as (

    select * from {{ ref('fct_call_credits') }}

),

credited as (

    select
        calls.call_date,
        calls.is_qualified,
        credits.channel,
        coalesce(sessions.device_type, ad_clicks.device, 'unknown') as device_type,
        cast(credits.credit as decimal(18, 15)) as credit

    from calls

    inner join credits
        on calls.call_id = credits.call_id

    left join sessions
        on credits.session_id = sessions.session_id

    left join ad_clicks
        on
            credits.platform = ad_clicks.platform
            and credits.click_id = ad_clicks.click_id

),

final as (

    select
        call_date,
        channel,
        device_type,
        sum(credit) as calls,
        sum(case when is_qualified then credit else 0 end) as qualified_calls

    from credited

    group by call_date, channel, device_type

)

select * from final
