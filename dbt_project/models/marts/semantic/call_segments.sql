{#
    Candidates are kept one by one: grouping them first saves less than half of the rows and costs a
    hash table of all of them, and a call's own row is where every question about it ends. Credit is
    a decimal, so that its sums are exact and come out the same in every run.
#}

with

calls as (

    select * from {{ ref('fct_calls') }}
    where not is_spam

),

credits as (

    select * from {{ ref('fct_call_credits') }}

),

ad_clicks as (

    select * from {{ ref('int_ad_clicks') }}

),

sessions as (

    select * from {{ ref('fct_sessions') }}

),

campaigns as (

    select * from {{ ref('dim_campaigns') }}

),

keywords as (

    select * from {{ ref('int_keywords') }}

),

campaign_channels as (

    select * from {{ ref('int_campaign_channels') }}

),

final as (

    select
        credits.call_id,
        credits.candidate_rank,
        calls.call_date,
        {{ business_hour('calls.call_started_at') }} as call_hour,
        {{ weekday_name('calls.call_date') }} as weekday,
        calls.vertical,
        calls.buyer_id,
        calls.line_type,
        calls.caller_state,
        credits.attribution_layer,
        credits.attribution_method,
        credits.channel,
        credits.platform,
        credits.campaign_id,
        campaigns.campaign_name,
        credits.ad_group_id,
        credits.keyword_id,
        keywords.keyword_text,
        coalesce(ad_clicks.device, sessions.device_type) as device,
        coalesce(ad_clicks.geo_region, sessions.geo_region) as geo_region,
        coalesce(
            sessions.landing_page_path,
            case
                when ad_clicks.landing_url is not null
                    then {{ url_path('ad_clicks.landing_url') }}
            end
        ) as landing_page_path,
        coalesce(campaign_channels.account_currency, '{{ var("reporting_currency") }}') as currency,
        calls.revenue_currency,
        cast(credits.credit as decimal(18, 15)) as credit,
        calls.is_qualified,
        calls.revenue_amount

    from credits

    inner join calls
        on credits.call_id = calls.call_id

    left join ad_clicks
        on
            credits.platform = ad_clicks.platform
            and credits.click_id = ad_clicks.click_id

    left join sessions
        on coalesce(credits.session_id, ad_clicks.session_id) = sessions.session_id

    left join campaigns
        on
            credits.campaign_id = campaigns.campaign_id
            and credits.platform is not distinct from campaigns.platform

    left join keywords
        on
            credits.platform = keywords.platform
            and credits.keyword_id = keywords.keyword_id

    left join campaign_channels
        on
            credits.platform = campaign_channels.platform
            and credits.campaign_id is not distinct from campaign_channels.campaign_id

)

select * from final
