with

bids as (

    select * from {{ ref('int_keyword_bids') }}
    where window_name = 'trailing_90'

),

report_windows as (

    select * from {{ ref('int_report_windows') }}

),

keywords as (

    select * from {{ ref('dim_keywords') }}

),

described as (

    select
        *,
        verdict in ('raise', 'hold', 'lower') as is_recommended,
        {% for amount in [
            'revenue_per_click_low', 'revenue_per_click_high', 'cost_per_click',
            'affordable_cost_per_click',
        ] %}
        coalesce(cast(cast({{ amount }} as decimal(18, 2)) as varchar), '?') as {{ amount }}_text,
        {% endfor %}
        cast(cast(clicks as bigint) as varchar) as clicks_text

    from bids

),

final as (

    select
        described.platform,
        described.campaign_id,
        described.ad_group_id,
        described.keyword_id,
        described.currency,
        report_windows.window_end_date as as_of_date,
        keywords.campaign_name,
        keywords.ad_group_name,
        keywords.keyword_text,
        keywords.match_type,
        cast(described.clicks as bigint) as clicks,
        described.qualified_calls,
        described.conversion_rate,
        described.call_value as revenue_per_qualified_call,
        described.revenue_per_click,
        described.revenue_per_click_low,
        described.revenue_per_click_high,
        described.cost_per_click,
        case when described.is_recommended then described.affordable_cost_per_click end
            as max_cost_per_click,
        case when described.is_recommended then described.verdict else 'none' end
            as recommendation,
        case described.verdict
            when 'too_few_clicks'
                then
                    'Only ' || described.clicks_text || ' clicks in 90 days, fewer than '
                    || '{{ var("bid_min_clicks") }}: too few to say.'
            when 'too_uncertain'
                then
                    'A click may bring anything from ' || described.revenue_per_click_low_text
                    || ' to ' || described.revenue_per_click_high_text || ': too wide to say.'
            when 'no_cost'
                then 'The platform reports no cost for its clicks.'
            when 'lower'
                then
                    'A click costs ' || described.cost_per_click_text || ' and brings '
                    || described.revenue_per_click_high_text || ' at best; for a return of '
                    || '{{ var("target_roas") }} pay at most '
                    || described.affordable_cost_per_click_text || '.'
            when 'raise'
                then
                    'A click costs ' || described.cost_per_click_text || ' and brings '
                    || described.revenue_per_click_low_text || ' at least; a return of '
                    || '{{ var("target_roas") }} allows '
                    || described.affordable_cost_per_click_text || '.'
            else
                'A click costs ' || described.cost_per_click_text || ' and brings '
                || described.revenue_per_click_low_text || ' to '
                || described.revenue_per_click_high_text || ': within the doubt.'
        end as why

    from described

    inner join report_windows
        on described.window_name = report_windows.window_name

    left join keywords
        on
            described.platform = keywords.platform
            and described.campaign_id is not distinct from keywords.campaign_id
            and described.ad_group_id is not distinct from keywords.ad_group_id
            and described.keyword_id = keywords.keyword_id

)

select * from final
