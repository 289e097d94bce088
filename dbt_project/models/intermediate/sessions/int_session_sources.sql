{{ config(materialized='view', tags=['delta']) }}

{#
    A session opened by a page_view has the source of that page view. One opened by something else
    (a ping, a tap in an old tab) has the source of the visitor's previous session, and so on back;
    the very first session has what its opening event knows of its page. A view, because only
    int_session_channels reads it.
#}
with

session_starts as (

    select
        session_id,
        visitor_id,
        session_number,
        opening_event_id,
        case
            when opening_event_type = 'page_view' or session_number = 1 then session_id
        end as own_source_session_id

    from {{ ref('int_session_starts') }}

),

page_sources as (

    select * from {{ ref('int_page_sources') }}

),

chained as (

    select
        session_id,
        last_value(own_source_session_id ignore nulls) over (
            partition by visitor_id
            order by session_number
            rows between unbounded preceding and current row
        ) as session_source_session_id

    from session_starts

),

source_sessions as (

    select
        session_starts.session_id,
        page_sources.*

    from session_starts

    inner join page_sources
        on session_starts.opening_event_id = page_sources.event_id

    where session_starts.own_source_session_id is not null

),

final as (

    select
        chained.session_id,
        chained.session_source_session_id,
        source_sessions.click_id,
        source_sessions.click_id_type,
        source_sessions.utm_source,
        source_sessions.utm_medium,
        source_sessions.utm_campaign,
        source_sessions.utm_term,
        source_sessions.utm_content,
        coalesce(source_sessions.has_utm, false) as has_utm,
        source_sessions.referrer_host,
        case
            when source_sessions.has_utm then lower(trim(source_sessions.utm_source))
            else source_sessions.referrer_host
        end as source_key

    from chained

    left join source_sessions
        on chained.session_source_session_id = source_sessions.session_id

)

select * from final
