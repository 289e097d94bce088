{{ config(materialized='view', tags=['delta']) }}

{#
    A view: finding the sessions of a few event types is faster than writing down those of all. An
    event at the very instant of a session's start belongs to it from the opening event's id on.
#}
with

web_events as (

    select
        *,
        -- Before the join the URLs are still a dictionary: its entries are parsed, not the rows.
        {{ url_path('page_url') }} as page_path

    from {{ web_events() }}

),

session_starts as (

    select
        *,
        session_number = 1 and next_session_start_at is null as is_only_session

    from {{ ref('int_session_starts') }}

),

final as (

    select
        web_events.event_id,
        session_starts.session_id,
        session_starts.is_only_session,
        web_events.visitor_id,
        web_events.event_type,
        web_events.occurred_at,
        web_events.page_url,
        web_events.page_path,
        web_events.tracking_number,
        web_events.pool_id,
        web_events.form_caller_key,
        web_events.consent_ad_user_data,
        web_events.consent_ad_personalization

    from web_events

    inner join session_starts
        on
            web_events.visitor_id = session_starts.visitor_id
            and (
                web_events.occurred_at > session_starts.session_start_at
                or (
                    web_events.occurred_at = session_starts.session_start_at
                    and web_events.event_id >= session_starts.opening_event_id
                )
            )
            and (
                session_starts.next_session_start_at is null
                or web_events.occurred_at < session_starts.next_session_start_at
                or (
                    web_events.occurred_at = session_starts.next_session_start_at
                    and web_events.event_id < session_starts.next_opening_event_id
                )
            )

)

select * from final
