{% set stages = [
    ('click', 'clicks', 'cast(null as double)'),
    ('session', 'sessions', 'clicks'),
    ('number_shown', 'numbers_shown', 'sessions'),
    ('call', 'calls', 'numbers_shown'),
    ('qualified_call', 'qualified_calls', 'calls'),
] %}

with

funnel as (

    select * from {{ ref('int_funnel_daily') }}

),

stages as (

    {% for stage, stage_column, previous_column in stages %}
    select
        funnel_date,
        channel,
        device_type,
        {{ loop.index }} as stage_number,
        '{{ stage }}' as stage,
        {{ stage_column }} as stage_count,
        {{ previous_column }} as previous_count
    from funnel

    {{ 'union all' if not loop.last }}

    {% endfor %}

),

final as (

    select
        funnel_date,
        channel,
        device_type,
        stage_number,
        stage,
        stage_count,
        stage_count / nullif(previous_count, 0) as step_rate,
        previous_count - stage_count as drop_off,
        cast(null as varchar) as currency

    from stages

)

select * from final
