{#
    Windows end on the last day that both spend and calls have: a day of calls whose spend has not
    arrived would make every call look cheap. Two more than the report has are for the back-test of
    bids: the last days, and as many days before them as bids are fitted on.
#}

with

traffic as (

    select * from {{ ref('int_keyword_traffic_daily') }}

),

calls as (

    select * from {{ ref('int_keyword_calls_daily') }}

),

last_days as (

    select max(traffic_date) as last_date
    from traffic
    where spend > 0

    union all

    select max(call_date) as last_date
    from calls

),

ends as (

    select min(last_date) as last_date
    from last_days

),

final as (

    {% set test_days = var('bid_backtest_days') %}
    {% for window_name, window_days, days_ago in [
        ('trailing_7', 7, 0),
        ('trailing_30', 30, 0),
        ('trailing_90', 90, 0),
        ('before_backtest', 90, test_days),
        ('backtest', test_days, 0),
    ] %}
    select
        '{{ window_name }}' as window_name,
        {{ window_days }} as window_days,
        {{ plus_calendar_days('last_date', 1 - window_days - days_ago) }} as window_start_date,
        {{ plus_calendar_days('last_date', -days_ago) }} as window_end_date

    from ends

    where last_date is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from final
