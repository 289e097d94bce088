{{ config(tags=['delta']) }}

{#
    Calls whose multi-touch credits this build makes anew: those with other credits or sessions, and
    those with a journey of several touches, now or when it was last built, as every build fits the
    shares of paths to all of them. Six of seven calls have only journeys of one touch, which takes all
    in every model.
    Empty in a full build.
#}
{{ reads('int_calls_redescribed', 'int_journey_touches_ordered') }}
{% if is_increment() %}

with

redescribed as (

    select * from {{ ref('int_calls_redescribed') }}

),

on_paths_before as (

    select * from {{ as_last_built('int_calls_on_paths') }}

),

touches as (

    select * from {{ ref('int_journey_touches_ordered') }}
    where touch_number = 1 and call_id is not null

),

final as (

    select call_id
    from redescribed

    union

    select call_id
    from on_paths_before

    union

    select call_id
    from touches

)

select * from final

{% else %}

select cast(null as varchar) as call_id

where false

{% endif %}
