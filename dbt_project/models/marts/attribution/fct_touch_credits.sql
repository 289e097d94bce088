{{ config(materialized='incremental', touched={'int_multi_touch_calls_touched': 'call_id'}) }}

{#
    A call's journeys are laid over one another: the credit of a touch is the sum of its shares in
    them, each times the journey's part of the call. Sums are of decimals, so that two runs agree.
#}
{% set attribution_models = touch_credit_models() %}

with

shares as (

    select * from {{ ref('int_journey_touch_shares') }}

),

touches as (

    select
        {% for attribution_model in attribution_models %}
        cast(
            sum(cast(conversions * {{ attribution_model }} as decimal(18, 15))) as decimal(18, 15)
        ) as {{ attribution_model }},
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

final as (

    select
        call_id,
        cast(
            row_number() over (
                partition by call_id
                order by
                    touched_at asc nulls last,
                    session_id asc nulls last,
                    click_id asc nulls last,
                    channel asc,
                    platform asc nulls last,
                    campaign_id asc nulls last
            ) as integer
        ) as touch_index,
        channel,
        platform,
        campaign_id,
        session_id,
        click_id,
        touched_at,
        {{ attribution_models | join(',\n        ') }}

    from touches

)

select * from final
