{{ config(materialized='view') }}

{#
    A view: the same touch stands in up to eight models, and writing its ids eight times took 22 s of
    processor time at 17 million rows. Who asks for one model reads two million rows.
#}
{% set attribution_models = touch_credit_models() %}

with

touches as (

    select * from {{ ref('fct_touch_credits') }}

),

final as (

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
        cast({{ attribution_model }} as double) as credit

    from touches

    where {{ attribution_model }} > 0
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from final
