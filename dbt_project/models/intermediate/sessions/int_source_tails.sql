{{ config(tags=['delta']) }}

{#
    Hosts and utm_source texts are few beside events, so each distinct one is taken apart once:
    'a.b.co.uk' gives itself, 'b.co.uk', 'co.uk' and 'uk'. Names deeper than eight labels keep their
    last ones only where the cut falls; no public suffix is that deep.
#}
{% set deepest_label = 8 %}

with

parsed as (

    select * from {{ ref('int_web_events_parsed') }}

),

sources as (

    select lower(trim(utm_source)) as source
    from parsed

    union

    select page_host as source
    from parsed

    union

    select referrer_host as source
    from parsed

),

final as (

    {% for first_label in range(1, deepest_label + 1) %}
    select
        source,
        {{ first_label }} as first_label,
        {{ labels_from('source', first_label) }} as tail,
        {{ labels_from('source', first_label + 1) }} as shorter_tail

    from sources

    where {{ labels_from('source', first_label) }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from final
