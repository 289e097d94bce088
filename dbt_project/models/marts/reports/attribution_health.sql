with

layers as (

    select * from {{ ref('attribution_layers_daily') }}

),

feed_health as (

    select * from {{ ref('int_feed_health_daily') }}

),

matcher_health as (

    select * from {{ ref('int_matcher_health_daily') }}

),

matcher_drift as (

    select * from {{ ref('int_matcher_drift_daily') }}

),

credit_health as (

    select * from {{ ref('int_credit_health_daily') }}

),

stacked as (

    select
        call_date as health_date,
        'calls' as metric,
        attribution_layer as dimension,
        cast(calls as double) as value
    from layers

    union all

    select
        call_date as health_date,
        'layer_share' as metric,
        attribution_layer as dimension,
        calls / cast(calls_of_day as double) as value
    from layers

    union all

    select
        call_date as health_date,
        'layer_credit_share' as metric,
        attribution_layer as dimension,
        credit / calls_of_day as value
    from layers

    union all

    select * from feed_health

    union all

    select * from matcher_health

    union all

    select * from matcher_drift

    union all

    select * from credit_health

),

final as (

    select
        health_date,
        metric,
        dimension,
        value,
        cast(null as varchar) as currency

    from stacked

)

select * from final
