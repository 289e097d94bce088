{#
    Would following the recommendations have earned more? Bids are fitted on the days before, then
    followed through the last days. What a lower bid would have won nobody knows, so the test assumes
    the plainest answer: a keyword that the fit says to lower is paused, its spend and its revenue
    both gone, and everything else stays as it was. Raised bids earn nothing here. Calls of the test
    days that came from clicks before them count as revenue lost, so the test leans against pausing.
#}

with

bids as (

    select * from {{ ref('int_keyword_bids') }}
    where window_name = 'before_backtest'

),

outcomes as (

    select * from {{ ref('int_keyword_cells') }}
    where window_name = 'backtest'

),

report_windows as (

    select * from {{ ref('int_report_windows') }}

),

measured as (

    select
        report_windows.window_start_date,
        report_windows.window_end_date,
        outcomes.channel,
        outcomes.platform,
        outcomes.campaign_id,
        outcomes.ad_group_id,
        outcomes.keyword_id,
        outcomes.currency,
        case
            when bids.verdict in ('raise', 'hold', 'lower') then bids.verdict
            else 'none'
        end as recommendation,
        bids.cost_per_click as fitted_cost_per_click,
        bids.affordable_cost_per_click as fitted_max_cost_per_click,
        outcomes.spend,
        cast(outcomes.revenue as double) as revenue,
        cast(outcomes.revenue as double) - cast(outcomes.spend as double) as profit

    from outcomes

    inner join report_windows
        on outcomes.window_name = report_windows.window_name

    left join bids
        on
            outcomes.currency = bids.currency
            and outcomes.channel = bids.channel
            and outcomes.platform = bids.platform
            and outcomes.campaign_id is not distinct from bids.campaign_id
            and outcomes.ad_group_id is not distinct from bids.ad_group_id
            and outcomes.keyword_id = bids.keyword_id

),

final as (

    select
        *,
        case when recommendation = 'lower' then 0 else profit end as profit_if_followed

    from measured

)

select * from final
