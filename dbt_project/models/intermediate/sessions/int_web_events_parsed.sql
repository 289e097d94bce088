{{ config(tags=['delta']) }}
{#
    Parsing a URL costs more than reading it, and most events bring no source: searches for plain
    text go first, and only rows that pass them meet a regular expression.

    Events that are no page view are looked at only at a visitor's first instant: a beacon that
    overtook (or outlived) its page view knows the same page and referrer.
    A link that carries several click ids counts for the first of these types.
#}
{% set click_id_types = ['gclid', 'gbraid', 'wbraid', 'msclkid', 'ttclid', 'fbclid'] %}
{% set tags = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] %}

with

visitors_without_opening_page_view as (

    select
        visitor_id,
        min(occurred_at) as first_event_at

    from {{ web_events() }}

    group by visitor_id

    having
        min(occurred_at) filter (where event_type <> 'page_view')
        <= coalesce(
            min(occurred_at) filter (where event_type = 'page_view'),
            timestamp '9999-12-31'
        )

),

looked_at as (

    select * from {{ web_events() }}

    where event_type = 'page_view'

    union all

    select web_events.* from {{ web_events() }} as web_events

    inner join visitors_without_opening_page_view as unopened
        on
            web_events.visitor_id = unopened.visitor_id
            and web_events.occurred_at = unopened.first_event_at

    where web_events.event_type <> 'page_view'

),

gated as (

    select
        event_id,
        visitor_id,
        occurred_at,
        event_type = 'page_view' as is_page_view,
        case
            when
                contains(page_url, 'clid=')
                or contains(page_url, 'clkid=')
                or contains(page_url, 'braid=')
                or contains(page_url, 'utm_')
                then split_part(page_url, '#', 1)
        end as tagged_url,
        page_url,
        case
            when split_part(page_referrer, '/', 3) <> split_part(page_url, '/', 3)
                then page_referrer
        end as other_referrer

    from looked_at

),

extracted as (

    select
        event_id,
        visitor_id,
        occurred_at,
        is_page_view,
        {% for parameter in click_id_types + tags %}
        {{ query_parameter('tagged_url', parameter) }} as {{ parameter }},
        {% endfor %}
        {{ url_host('page_url') }} as page_host,
        {{ url_host('other_referrer') }} as referrer_host

    from gated

    where coalesce(tagged_url, other_referrer) is not null

),

final as (

    select
        event_id,
        visitor_id,
        occurred_at,
        is_page_view,
        {{ percent_decoded('coalesce(' ~ click_id_types | join(', ') ~ ')') }} as click_id,
        case
            {% for click_id_type in click_id_types %}
            when {{ click_id_type }} is not null then '{{ click_id_type }}'
            {% endfor %}
        end as click_id_type,
        {% for tag in tags %}
        {{ percent_decoded(tag) }} as {{ tag }},
        {% endfor %}
        page_host,
        referrer_host

    from extracted

)

select * from final
