{#
    How far each feed has come, day by day; dimension feeds (numbers, buyers) have no days. Counted by
    quarters of an hour first: an instant's day in a zone costs more than all else here.
#}
{# Of web events the collector's clock: a browser may believe that it is next year. #}
{% set times = {
    'cdr': 'call_started_at',
    'web_events': 'received_at',
    'call_outcomes': 'occurred_at',
    'platform_calls': 'started_at',
} %}

with

calls as (

    select * from {{ ref('stg_landing__calls') }}

),

web_events as (

    select * from {{ ref('stg_landing__web_events') }}

),

ad_clicks as (

    select * from {{ ref('stg_landing__ad_clicks') }}

),

ad_spend as (

    select * from {{ ref('stg_landing__ad_spend') }}

),

call_outcomes as (

    select * from {{ ref('stg_landing__call_outcomes') }}

),

platform_calls as (

    select * from {{ ref('stg_landing__platform_calls') }}

),

timed as (

    {% for feed, rows_at in times.items() %}
    select
        '{{ feed }}' as feed,
        {{ quarter_hour(rows_at) }} as rows_at,
        count(*) as feed_rows
    from {{ 'calls' if feed == 'cdr' else feed }}
    group by rows_at
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

dated as (

    select
        feed,
        {{ business_date('rows_at') }} as feed_date,
        feed_rows
    from timed

    union all

    select
        'ad_clicks' as feed,
        click_date as feed_date,
        count(*) as feed_rows
    from ad_clicks
    group by feed_date

    union all

    select
        'ad_spend' as feed,
        spend_date as feed_date,
        count(*) as feed_rows
    from ad_spend
    group by feed_date

),

final as (

    select
        feed,
        feed_date,
        cast(sum(feed_rows) as bigint) as feed_rows

    from dated

    group by feed, feed_date

)

select * from final
