{{ config(materialized='incremental', touched={'int_multi_touch_calls_touched': 'call_id'}) }}

{#
    A call's journeys are laid over one another: the credit of a touch is the sum of its shares in
    them, each times the journey's part of the call. Sums are of decimals, so that two runs agree.
#}
{% set attribution_models = [
    'first_touch',
    'last_touch',
    'last_non_direct',
    'linear',
    'position_based',
    'time_decay',
    'markov',
    'shapley',
] %}

with

shares as (

    select * from {{ ref('int_journey_touch_shares') }}

),

touches as (

    select
        {% for attribution_model in attribution_models %}
        sum(cast(conversions * {{ attribution_model }} as decimal(18, 15)))
            as {{ attribution_model }},
        {% endfor %}
        call_id,
        touched_at,
        session_id,
        click_id,
        channel,
        platform,
        campaign_id

    from shares

    group by call_id, touched_at, session_id, click_id, channel, platform, campaign_id

),

indexed as (

    select
        *,
        row_number() over (
            partition by call_id
            order by
                touched_at asc nulls last,
                session_id asc nulls last,
                click_id asc nulls last,
                channel asc,
                platform asc nulls last,
                campaign_id asc nulls last
        ) as touch_index

    from touches

),

stacked as (

    {% for attribution_model in attribution_models %}
    select
        call_id,
        '{{ attribution_model }}' as model,
        touch_index,
        channel,
        platform,
        campaign_id,
        session_id,
        click_id,
        touched_at,
        {{ attribution_model }} as credit

    from indexed

    where {{ attribution_model }} > 0
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        call_id,
        model,
        cast(touch_index as integer) as touch_index,
        channel,
        platform,
        campaign_id,
        session_id,
        click_id,
        touched_at,
        cast(credit as double) as credit

    from stacked

)

select * from final
