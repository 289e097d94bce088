with

keyword_windows as (

    select * from {{ ref('int_keyword_windows') }}
    where window_name in ('trailing_7', 'trailing_30', 'trailing_90')

),

earnings as (

    select * from {{ ref('int_keyword_earnings') }}

),

keywords as (

    select * from {{ ref('dim_keywords') }}

),

final as (

    select
        keyword_windows.window_days,
        keyword_windows.window_start_date,
        keyword_windows.window_end_date,
        keyword_windows.channel,
        keyword_windows.platform,
        keyword_windows.campaign_id,
        keyword_windows.ad_group_id,
        keyword_windows.keyword_id,
        keywords.keyword_text,
        keywords.match_type,
        keyword_windows.currency,
        keyword_windows.spend,
        keyword_windows.impressions,
        keyword_windows.clicks,
        keyword_windows.sessions,
        cast(keyword_windows.calls as double) as calls,
        {% for end in ['low', 'high'] %}
        {{ poisson_binomial_interval(
            end,
            'cast(keyword_windows.calls as double)',
            'cast(keyword_windows.calls_variance as double)',
            'cast(keyword_windows.calls_third_moment as double)',
            'keyword_windows.calls_certain',
            'keyword_windows.calls_possible',
        ) }} as calls_{{ end }},
        {% endfor %}
        cast(keyword_windows.qualified_calls as double) as qualified_calls,
        cast(keyword_windows.revenue as double) as revenue,
        cast(keyword_windows.spend as double) / nullif(cast(keyword_windows.calls as double), 0)
            as cost_per_call,
        cast(keyword_windows.spend as double)
        / nullif(cast(keyword_windows.qualified_calls as double), 0) as cost_per_qualified_call,
        cast(keyword_windows.revenue as double) / nullif(cast(keyword_windows.spend as double), 0)
            as roas,
        earnings.conversion_rate,
        earnings.conversion_rate_low,
        earnings.conversion_rate_high

    from keyword_windows

    left join earnings
        on
            keyword_windows.window_name = earnings.window_name
            and keyword_windows.currency = earnings.currency
            and keyword_windows.channel = earnings.channel
            and keyword_windows.platform is not distinct from earnings.platform
            and keyword_windows.campaign_id is not distinct from earnings.campaign_id
            and keyword_windows.ad_group_id is not distinct from earnings.ad_group_id
            and keyword_windows.keyword_id is not distinct from earnings.keyword_id

    left join keywords
        on
            keyword_windows.platform = keywords.platform
            and keyword_windows.campaign_id is not distinct from keywords.campaign_id
            and keyword_windows.ad_group_id is not distinct from keywords.ad_group_id
            and keyword_windows.keyword_id = keywords.keyword_id

)

select * from final
