{% set milestones = ['first', 'lead', 'last'] %}

with

calls as (

    select * from {{ ref('fct_calls') }}
    where not is_spam

),

own_touches as (

    select * from {{ ref('int_call_touches') }}
    where is_own

),

touches as (

    select * from {{ ref('int_call_touches_ranked') }}

),

outcomes as (

    select * from {{ ref('stg_landing__call_outcomes') }}
    where outcome in ('qualified', 'sale')

),

qualifications as (

    select
        call_id,
        min(occurred_at) as qualified_at

    from outcomes

    group by call_id

),

final as (

    select
        calls.call_id,
        calls.call_started_at,
        calls.call_date,
        own_touches.person_id,
        {% for milestone in milestones %}
        {{ milestone }}_touches.touched_at as {{ milestone }}_touch_at,
        {{ milestone }}_touches.channel as {{ milestone }}_touch_channel,
        {{ milestone }}_touches.platform as {{ milestone }}_touch_platform,
        {{ milestone }}_touches.campaign_id as {{ milestone }}_touch_campaign_id,
        {{ milestone }}_touches.click_id as {{ milestone }}_touch_click_id,
        {{ milestone }}_touches.session_id as {{ milestone }}_touch_session_id,
        {% endfor %}
        coalesce(first_touches.touch_count, 0) as touch_count,
        calls.is_qualified,
        -- The last word on quality counts, also when it takes the first one back.
        case when calls.is_qualified then qualifications.qualified_at end as qualified_at

    from calls

    inner join own_touches
        on calls.call_id = own_touches.call_id

    {% for milestone in milestones %}
    left join touches as {{ milestone }}_touches
        on
            calls.call_id = {{ milestone }}_touches.call_id
            and {{ milestone }}_touches.{{ milestone }}_rank = 1
    {% endfor %}

    left join qualifications
        on calls.call_id = qualifications.call_id

)

select * from final
