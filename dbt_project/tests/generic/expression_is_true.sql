{#  Fails for each row for which the expression is false or null. #}
{% test expression_is_true(model, expression, where_clause='true') %}

select *

from {{ model }}

where
    {{ where_clause }}
    and not coalesce({{ expression }}, false)

{% endtest %}
