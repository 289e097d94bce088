{{ config(tags=['delta']) }}
{#
    The landing contract's second rule needs only the events that bring a source, so the comparison
    with the visitor's last one runs over these few instead of over all events. A click id is
    compared with the last click id, tags with the last tags, a referrer with the last external one:
    a second page view of the same landing page brings nothing new.
#}
with

parsed as (

    select * from {{ ref('int_web_events_parsed') }}

),

traffic_sources as (

    select * from {{ ref('int_traffic_sources') }}

),

sourced as (

    select
        parsed.event_id,
        parsed.visitor_id,
        parsed.occurred_at,
        parsed.is_page_view,
        parsed.click_id,
        parsed.click_id_type,
        parsed.utm_source,
        parsed.utm_medium,
        parsed.utm_campaign,
        parsed.utm_term,
        parsed.utm_content,
        case
            when
                coalesce(referrers.registrable_domain, '')
                <> coalesce(pages.registrable_domain, '')
                then parsed.referrer_host
        end as referrer_host,
        parsed.click_id_type || ':' || parsed.click_id as click_key,
        case
            when
                coalesce(
                    parsed.utm_source, parsed.utm_medium, parsed.utm_campaign,
                    parsed.utm_term, parsed.utm_content
                ) is not null
                then concat_ws(
                    '|',
                    coalesce(parsed.utm_source, ''),
                    coalesce(parsed.utm_medium, ''),
                    coalesce(parsed.utm_campaign, ''),
                    coalesce(parsed.utm_term, ''),
                    coalesce(parsed.utm_content, '')
                )
        end as utm_key

    from parsed

    left join traffic_sources as pages
        on parsed.page_host = pages.source

    left join traffic_sources as referrers
        on parsed.referrer_host = referrers.source

),

compared as (

    select
        *,
        last_value(click_key ignore nulls) over earlier_events as last_click_key,
        last_value(utm_key ignore nulls) over earlier_events as last_utm_key,
        last_value(referrer_host ignore nulls) over earlier_events as last_referrer_host

    from sourced

    where
        click_key is not null
        or utm_key is not null
        or referrer_host is not null

    window
        earlier_events as (
            partition by visitor_id
            order by occurred_at, event_id
            rows between unbounded preceding and 1 preceding
        )

),

final as (

    select
        event_id,
        visitor_id,
        occurred_at,
        is_page_view,
        click_id,
        click_id_type,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_term,
        utm_content,
        utm_key is not null as has_utm,
        referrer_host,
        is_page_view
        and (
            (click_key is not null and click_key is distinct from last_click_key)
            or (utm_key is not null and utm_key is distinct from last_utm_key)
            or (referrer_host is not null and referrer_host is distinct from last_referrer_host)
        ) as is_new_source

    from compared

)

select * from final
