{#
    What a mark says of a pair. Near a report stand its own call and others by chance; near a
    report shifted by an hour only the latter. What is there more often than by chance is the mark of
    true pairs, without having to know which they are. Smoothed towards all values being alike, so
    that what was never seen has a say but no veto.
#}
{% set marks = ['time_step', 'duration_step', 'area_code_fit', 'number_fit'] %}
{% set prior = 2 %}

with

pairs as (

    select * from {{ ref('int_platform_call_pairs') }}

),

marked as (

    {% for mark in marks %}
    select
        '{{ mark }}' as mark,
        cast({{ mark }} as varchar) as mark_value,
        is_chance

    from pairs
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

tallied as (

    select
        mark,
        mark_value,
        -- Reports are shifted both ways.
        sum(case when is_chance then 0.5 else 0 end) as chance_pairs,
        sum(case when is_chance then -0.5 else 1 end) as excess_pairs,
        sqrt(sum(case when is_chance then 0.25 else 1 end)) as excess_error

    from marked

    group by mark, mark_value

),

learned as (

    select
        mark,
        mark_value,
        chance_pairs,
        -- Less its standard error: of values that true pairs never have, half are above zero.
        greatest(excess_pairs - excess_error, 0) as true_pairs

    from tallied

),

totals as (

    select
        *,
        {{ prior }} / cast(count(*) over (partition by mark) as double) as prior_pairs,
        sum(true_pairs) over (partition by mark) as all_true_pairs,
        sum(chance_pairs) over (partition by mark) as all_chance_pairs

    from learned

),

final as (

    select
        mark,
        mark_value,
        true_pairs,
        chance_pairs,
        ln((true_pairs + prior_pairs) / (all_true_pairs + {{ prior }}))
        - ln((chance_pairs + prior_pairs) / (all_chance_pairs + {{ prior }})) as log_factor

    from totals

)

select * from final
