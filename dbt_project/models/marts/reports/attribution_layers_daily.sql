with

calls as (

    select * from {{ ref('fct_calls') }}
    where not is_spam

),

credits as (

    select * from {{ ref('fct_call_credits') }}

),

layers as (

    {% for layer in ['click', 'session', 'campaign', 'probabilistic', 'unattributed'] %}
    select '{{ layer }}' as attribution_layer
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

days as (

    select
        call_date,
        count(*) as calls

    from calls

    group by call_date

),

calls_of_layers as (

    select
        call_date,
        attribution_layer,
        count(*) as calls

    from calls

    group by call_date, attribution_layer

),

credits_of_layers as (

    select
        calls.call_date,
        credits.attribution_layer,
        sum(cast(credits.credit as decimal(18, 15))) as credit

    from calls

    inner join credits
        on calls.call_id = credits.call_id

    group by calls.call_date, credits.attribution_layer

),

final as (

    select
        days.call_date,
        layers.attribution_layer,
        days.calls as calls_of_day,
        coalesce(calls_of_layers.calls, 0) as calls,
        coalesce(cast(credits_of_layers.credit as double), 0) as credit

    from days

    cross join layers

    left join calls_of_layers
        on
            days.call_date = calls_of_layers.call_date
            and layers.attribution_layer = calls_of_layers.attribution_layer

    left join credits_of_layers
        on
            days.call_date = credits_of_layers.call_date
            and layers.attribution_layer = credits_of_layers.attribution_layer

)

select * from final
