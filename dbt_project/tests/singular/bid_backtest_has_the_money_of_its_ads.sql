{#
    Fails for each currency whose spend or revenue in the test days is not that of the campaigns that
    had clicks in them: sharing calls among keywords neither makes nor loses money.
#}
with

metrics as (

    select * from {{ ref('int_keyword_windows') }}
    where window_name = 'backtest'

),

campaigns as (

    select
        *,
        sum(clicks) over (partition by currency, channel, platform, campaign_id) as campaign_clicks

    from metrics

),

compared as (

    select
        currency,
        spend,
        cast(revenue as double) as revenue

    from campaigns

    where campaign_clicks > 0

    union all

    select
        currency,
        -spend as spend,
        -revenue as revenue

    from {{ ref('bid_backtest') }}

)

select
    currency,
    sum(spend) as spend,
    sum(revenue) as revenue

from compared

group by currency

having
    sum(spend) <> 0
    or abs(sum(revenue)) > 0.001
