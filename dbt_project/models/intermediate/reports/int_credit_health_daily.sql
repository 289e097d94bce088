{#
    What an operator looks at each morning beside the layers: is credit concentrated or spread thin,
    are the intervals of use, is the snippet showing numbers, is the evidence as good as it was.
#}
with

calls as (

    select * from {{ ref('fct_calls') }}
    where not is_spam

),

remainders as (

    select
        call_id,
        sum(cast(credit as decimal(18, 15))) as credit

    from {{ ref('fct_call_credits') }}

    where is_remainder

    group by call_id

),

channel_calls as (

    select * from {{ ref('channel_calls_daily') }}

),

sessions as (

    select * from {{ ref('int_sessions') }}
    where not is_bot

),

reliability as (

    select * from {{ ref('int_evidence_reliability') }}

),

newest as (

    select max(call_date) as newest_date
    from calls

),

final as (

    select
        calls.call_date as health_date,
        'remainder_credit_share' as metric,
        'all' as dimension,
        cast(sum(coalesce(remainders.credit, 0)) as double) / count(*) as value

    from calls

    left join remainders
        on calls.call_id = remainders.call_id

    group by calls.call_date

    union all

    select
        call_date as health_date,
        'interval_width_share' as metric,
        channel as dimension,
        sum(calls_high - calls_low) / sum(cast(calls as decimal(18, 9))) as value

    from channel_calls

    group by call_date, channel

    having sum(cast(calls as decimal(18, 9))) > 0

    union all

    select
        {{ business_date('session_start_at') }} as health_date,
        'number_shown_share' as metric,
        site as dimension,
        avg(case when numbers_shown > 0 then 1.0 else 0.0 end) as value

    from sessions

    where site is not null

    group by {{ business_date('session_start_at') }}, site

    union all

    {% for metric in ['reliability', 'trials'] %}
    select
        newest.newest_date as health_date,
        'evidence_{{ metric }}' as metric,
        reliability.attribution_method || ' ' || reliability.evidence_kind as dimension,
        cast(reliability.{{ metric }} as double) as value

    from reliability

    cross join newest

    where newest.newest_date is not null

    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from final
