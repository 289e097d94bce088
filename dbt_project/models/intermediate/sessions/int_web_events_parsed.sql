{{ config(tags=['delta']) }}
{#
    Parsing a URL costs more than reading it, and most events bring no source: the searches for
    plain text go first, and only rows that pass them meet a regular expression.

    Events that are no page view are looked at only at a visitor's first instant: a beacon that
    overtook (or outlived) its page view knows the same page and referrer.
#}
{# In the order in which they count when a link carries several. #}
{% set click_id_types = ['gclid', 'gbraid', 'wbraid', 'msclkid', 'ttclid', 'fbclid'] %}
{% set tags = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'] %}

with

web_events as (

    select * from {{ web_events() }}

),

visitors_without_opening_page_view as (

    select
        visitor_id,
        min(occurred_at) as first_event_at

    -- Not the CTE: used twice, it would be written out in full width.
    from {{ web_events() }}

    group by visitor_id

    having
        min(occurred_at) filter (where event_type <> 'page_view')
        <= coalesce(
            min(occurred_at) filter (where event_type = 'page_view'),
            timestamp '9999-12-31'
        )

),

gated as (

    select
        web_events.event_id,
        web_events.visitor_id,
        web_events.occurred_at,
        web_events.event_type = 'page_view' as is_page_view,
        case
            when
                contains(web_events.page_url, 'clid=')
                or contains(web_events.page_url, 'clkid=')
                or contains(web_events.page_url, 'braid=')
                or contains(web_events.page_url, 'utm_')
                then split_part(web_events.page_url, '#', 1)
        end as tagged_url,
        case
            when
                split_part(web_events.page_referrer, '/', 3)
                <> split_part(web_events.page_url, '/', 3)
                then web_events.page_referrer
        end as other_referrer,
        web_events.page_url

    from web_events
    left join visitors_without_opening_page_view as unopened
        on
            web_events.visitor_id = unopened.visitor_id
            and web_events.occurred_at = unopened.first_event_at

    where
        web_events.event_type = 'page_view'
        or unopened.visitor_id is not null

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

    where
        tagged_url is not null
        or other_referrer is not null

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
