{{ config(materialized='view', tags=['delta']) }}

{#
    A session opened by a page_view has the source of that page view. One opened by something else
    (a ping, a tap in an old tab) has the source of the visitor's previous session, and so on back;
    the very first session has what its opening event knows of its page. Few sessions look back, and
    only their visitors are put in order. A view, because only int_session_channels reads it.
    The rest of a session comes along: joining it to these rows again costs as much as they do.
#}
{% set of_session = [
    'visitor_id', 'session_number', 'session_start_at', 'landing_page_url', 'user_agent', 'device_type',
    'geo_country', 'geo_region', 'geo_city'] %}

with

session_starts as (

    select
        *,
        opening_event_type = 'page_view' or session_number = 1 as has_own_source

    from {{ ref('int_session_starts') }}

),

page_sources as (

    select * from {{ ref('int_page_sources') }}

),

followed as (

    select
        session_id,
        has_own_source,
        last_value(case when has_own_source then session_id end ignore nulls)
            over earlier_sessions as session_source_session_id,
        last_value(case when has_own_source then opening_event_id end ignore nulls)
            over earlier_sessions as source_event_id

    from session_starts

    where
        visitor_id in (
            select lookers_back.visitor_id
            from session_starts as lookers_back
            where not lookers_back.has_own_source
        )

    window
        earlier_sessions as (
            partition by visitor_id
            order by session_number
            rows between unbounded preceding and current row
        )

),

taken_over as (

    select * from followed

    where not has_own_source

),

chained as (

    select
        session_starts.*,
        coalesce(taken_over.session_source_session_id, session_starts.session_id)
            as session_source_session_id,
        coalesce(taken_over.source_event_id, session_starts.opening_event_id) as source_event_id

    from session_starts

    left join taken_over
        on session_starts.session_id = taken_over.session_id

),

final as (

    select
        chained.session_id,
        chained.session_source_session_id,
        {% for column in of_session %}
        chained.{{ column }},
        {% endfor %}
        page_sources.click_id,
        page_sources.click_id_type,
        page_sources.utm_source,
        page_sources.utm_medium,
        page_sources.utm_campaign,
        page_sources.utm_term,
        page_sources.utm_content,
        coalesce(page_sources.has_utm, false) as has_utm,
        page_sources.referrer_host,
        case
            when page_sources.has_utm then lower(trim(page_sources.utm_source))
            else page_sources.referrer_host
        end as source_key

    from chained

    left join page_sources
        on chained.source_event_id = page_sources.event_id

)

select * from final
