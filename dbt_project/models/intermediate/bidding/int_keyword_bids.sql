{# One rule for the recommendation and for its back-test, so that what is tested is what is said. #}

with

earnings as (

    select * from {{ ref('int_keyword_earnings') }}

    where
        keyword_id is not null
        and window_name in ('trailing_90', 'before_backtest')

),

-- What a click costs now is what it cost last week; the back-test knows only its own window.
last_week as (

    select
        *,
        'trailing_90' as bid_window_name

    from {{ ref('int_keyword_cells') }}

    where window_name = 'trailing_7'

),

priced as (

    select
        earnings.*,
        cast(coalesce(last_week.spend, earnings.spend) as double)
        / coalesce(last_week.clicks, earnings.clicks) as cost_per_click

    from earnings

    left join last_week
        on
            earnings.window_name = last_week.bid_window_name
            and earnings.currency = last_week.currency
            and earnings.channel = last_week.channel
            and earnings.platform = last_week.platform
            and earnings.campaign_id is not distinct from last_week.campaign_id
            and earnings.ad_group_id is not distinct from last_week.ad_group_id
            and earnings.keyword_id = last_week.keyword_id

),

final as (

    select
        *,
        revenue_per_click / {{ var('target_roas') }} as affordable_cost_per_click,
        case
            when clicks < {{ var('bid_min_clicks') }} then 'too_few_clicks'
            when
                coalesce(
                    revenue_per_click_high
                    > {{ var('bid_max_interval_ratio') }} * revenue_per_click_low,
                    true
                ) then 'too_uncertain'
            when cost_per_click = 0 then 'no_cost'
            when cost_per_click > revenue_per_click_high / {{ var('target_roas') }} then 'lower'
            when cost_per_click < revenue_per_click_low / {{ var('target_roas') }} then 'raise'
            else 'hold'
        end as verdict

    from priced

)

select * from final
