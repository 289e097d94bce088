{#  Fails for each group that has no row, or several, for which the expression is true. #}
{% test exactly_one_per(model, group_by, expression) %}

select
    {{ group_by }},
    sum(case when {{ expression }} then 1 else 0 end) as row_count

from {{ model }}

group by {{ group_by }}

having sum(case when {{ expression }} then 1 else 0 end) <> 1

{% endtest %}
