{{ config(materialized='view') }}

{#
    A call that is shared among candidates was made by as many journeys, each with its share of the
    call. A candidate with a session is its visitor's; one without is the caller's, if the caller is
    known from elsewhere. A view, because only int_journeys reads it, once.
#}

with

sources as (

    select * from {{ ref('int_call_sources_folded') }}

),

calls as (

    select * from {{ ref('fct_calls') }}

),

person_touches as (

    select * from {{ ref('int_person_touches') }}

),

caller_people as (

    select * from {{ ref('int_caller_people') }}

),

ad_clicks as (

    select * from {{ ref('fct_ad_clicks') }}
    where session_id is null

),

final as (

    select
        sources.call_id || '#' || sources.candidate_rank as journey_id,
        sources.call_id,
        sources.candidate_rank,
        case
            when sources.may_have_path
                then coalesce(person_touches.person_id, caller_people.person_id)
        end as person_id,
        sources.channel,
        sources.platform,
        sources.campaign_id,
        sources.click_id,
        sources.session_id,
        coalesce(person_touches.touched_at, ad_clicks.clicked_at) as touched_at,
        calls.call_started_at,
        sources.credit

    from sources

    inner join calls
        on sources.call_id = calls.call_id

    left join person_touches
        on sources.session_id = person_touches.session_id

    left join caller_people
        on calls.caller_key = caller_people.caller_key

    left join ad_clicks
        on
            sources.platform = ad_clicks.platform
            and sources.click_id = ad_clicks.click_id

)

select * from final
