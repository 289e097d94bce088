{# Keywords, ad groups and campaigns, each beside its parent's sums, its own included. #}

{% set keys = ['channel', 'platform', 'campaign_id', 'ad_group_id', 'keyword_id'] %}
{% set levels = [('campaign', 3, 1), ('ad_group', 4, 3), ('keyword', 5, 4)] %}
{% set measures = ['clicks', 'qualified_calls', 'revenue'] %}

with

cells as (

    select * from {{ ref('int_keyword_cells') }}

),

final as (

    {% for level, depth, parent_depth in levels %}
    select
        window_name,
        currency,
        '{{ level }}' as node_level,
        {% for key in keys %}
        {{ key if loop.index <= depth else 'cast(null as varchar) as ' ~ key }},
        {% endfor %}
        {% for measure in measures %}
        cast(sum({{ measure }}) as double) as {{ measure }},
        cast(
            sum(sum({{ measure }})) over (
                partition by window_name, currency, {{ keys[:parent_depth] | join(', ') }}
            ) as double
        ) as parent_{{ measure }},
        {% endfor %}
        sum(spend) as spend

    from cells

    group by window_name, currency, {{ keys[:depth] | join(', ') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from final
