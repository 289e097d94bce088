{#
    Fails for each half-open interval [starts_at, ends_at) that is empty, or that overlaps the next
    one of the same partition. An end of null is open.
#}
{% test non_overlapping_intervals(model, partition_by, starts_at, ends_at) %}

with

intervals as (

    select
        {{ partition_by }},
        {{ starts_at }},
        {{ ends_at }},
        lead({{ starts_at }}) over (
            partition by {{ partition_by }}
            order by {{ starts_at }}, {{ ends_at }} nulls last
        ) as next_starts_at

    from {{ model }}

)

select *

from intervals

where
    {{ ends_at }} <= {{ starts_at }}
    or next_starts_at < coalesce({{ ends_at }}, timestamp '9999-12-31')

{% endtest %}
