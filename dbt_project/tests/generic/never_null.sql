{#  Fails for each row in which one of the columns is null. One test for all columns that a model
    always fills: a node per column would double the length of every run. #}
{% test never_null(model, columns) %}

select *

from {{ model }}

where
    {% for column in columns %}
    {{ column }} is null
    {{ 'or' if not loop.last }}
    {% endfor %}

{% endtest %}
