{#
    A report is one call or none, and a call one report or none. Each side tells the other how much
    of a pair its other pairs leave (belief propagation): exact where reports and calls form no
    ring, close where they do.
#}
{% set rounds = 8 %}

with

round_0 as (

    select
        platform,
        platform_call_id,
        call_id,
        odds,
        cast(1 as double) as left_by_report,
        cast(1 as double) as left_by_call

    from {{ ref('int_platform_call_odds') }}

    where odds > 0.000001

),

{% for round in range(rounds) %}
{% set here, there = ('left_by_report', 'platform, platform_call_id') , 'left_by_call' %}
{% if loop.index is even %}
{% set here, there = ('left_by_call', 'call_id'), 'left_by_report' %}
{% endif %}
round_{{ round + 1 }} as (

    select
        platform,
        platform_call_id,
        call_id,
        odds,
        {{ there }},
        1 / (
            1 + greatest(
                sum(odds * {{ there }}) over (partition by {{ here[1] }}) - odds * {{ there }}, 0
            )
        ) as {{ here[0] }}

    from round_{{ round }}

),

{% endfor %}
believed as (

    select
        *,
        odds * left_by_report * left_by_call as weight

    from round_{{ rounds }}

),

paired as (

    select
        platform,
        platform_call_id,
        call_id,
        weight / (1 + weight) as probability,
        sum(weight / (1 + weight)) over (partition by platform, platform_call_id) as report_share,
        sum(weight / (1 + weight)) over (partition by call_id) as call_share

    from believed

),

-- What the last round leaves above one on either side is cut off.
bounded as (

    select
        platform,
        platform_call_id,
        call_id,
        probability / greatest(report_share, call_share, 1) as probability

    from paired

),

nobody as (

    select
        reports.platform,
        reports.platform_call_id,
        cast(null as varchar) as call_id,
        1 - coalesce(sum(bounded.probability), 0) as probability

    from {{ ref('stg_landing__platform_calls') }} as reports

    left join bounded
        on
            reports.platform = bounded.platform
            and reports.platform_call_id = bounded.platform_call_id

    group by reports.platform, reports.platform_call_id

),

final as (

    select * from bounded
    union all
    select * from nobody

)

select * from final
