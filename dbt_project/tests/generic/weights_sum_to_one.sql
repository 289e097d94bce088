{#  Fails for each group whose weights do not add up to 1 (within tolerance). #}
{% test weights_sum_to_one(model, column_name, group_by, tolerance=0.000000001) %}

select
    {{ group_by | join(', ') }},
    sum({{ column_name }}) as total_weight

from {{ model }}

group by {{ group_by | join(', ') }}

having not coalesce(abs(sum({{ column_name }}) - 1) <= {{ tolerance }}, false)

{% endtest %}
