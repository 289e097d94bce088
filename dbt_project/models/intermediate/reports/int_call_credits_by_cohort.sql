{{ config(materialized='incremental', touched={'int_calls_redescribed': 'call_id'}) }}

{#
    A call has no device and no first touch: it takes those of the session, else the device of the
    click, that its credit names. Decimals make the sums exact.
#}

with

credits as (

    select * from {{ ref('fct_call_credits') }}

    where {{ only_touched('call_id', 'int_calls_redescribed') }}

),

cohorts as (

    select * from {{ ref('int_visitor_cohorts') }}

),

ad_clicks as (

    select * from {{ ref('fct_ad_clicks') }}

),

sessions as (

    select
        fct_sessions.session_id,
        fct_sessions.device_type,
        cohorts.cohort_week

    from {{ ref('fct_sessions') }} as fct_sessions

    left join cohorts
        on fct_sessions.visitor_id = cohorts.visitor_id

),

final as (

    select
        credits.call_id,
        credits.channel,
        coalesce(sessions.device_type, ad_clicks.device, 'unknown') as device_type,
        sessions.cohort_week,
        cast(sum(cast(credits.credit as decimal(18, 15))) as decimal(18, 15)) as credit

    from credits

    left join sessions
        on credits.session_id = sessions.session_id

    left join ad_clicks
        on
            credits.platform = ad_clicks.platform
            -- Within the key, so that only what has no device yet is looked up.
            and case when sessions.device_type is null then credits.click_id end
            = ad_clicks.click_id

    group by
        credits.call_id,
        credits.channel,
        coalesce(sessions.device_type, ad_clicks.device, 'unknown'),
        sessions.cohort_week

)

select * from final
