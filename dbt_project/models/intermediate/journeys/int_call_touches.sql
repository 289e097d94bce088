{#
    The touches of a call that milestones are picked from. Unlike the paths of multi-touch credit
    they reach up to the call itself, also past the touch that it came from.
#}
{% set lookback_days = var('attribution_lookback_days') %}

with

calls as (

    select * from {{ ref('fct_calls') }}
    where not is_spam

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

own_touches as (

    select
        calls.call_id,
        calls.call_started_at,
        coalesce(person_touches.person_id, caller_people.person_id) as person_id,
        calls.channel,
        calls.platform,
        calls.campaign_id,
        calls.click_id,
        calls.session_id,
        coalesce(person_touches.touched_at, ad_clicks.clicked_at) as touched_at

    from calls

    left join person_touches
        on calls.session_id = person_touches.session_id

    left join caller_people
        on calls.caller_key = caller_people.caller_key

    left join ad_clicks
        on
            calls.platform = ad_clicks.platform
            and calls.click_id = ad_clicks.click_id

),

final as (

    select
        call_id,
        call_started_at,
        person_id,
        channel,
        platform,
        campaign_id,
        click_id,
        session_id,
        touched_at,
        true as is_own

    from own_touches

    union all

    select
        own_touches.call_id,
        own_touches.call_started_at,
        own_touches.person_id,
        person_touches.channel,
        person_touches.platform,
        person_touches.campaign_id,
        person_touches.click_id,
        person_touches.session_id,
        person_touches.touched_at,
        false as is_own

    from own_touches

    inner join person_touches
        on
            own_touches.person_id = person_touches.person_id
            and own_touches.call_started_at >= person_touches.touched_at
            and own_touches.call_started_at
            <= person_touches.touched_at + interval '{{ lookback_days }} days'
            and own_touches.session_id is distinct from person_touches.session_id

)

select * from final
