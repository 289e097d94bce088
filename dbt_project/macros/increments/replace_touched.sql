{#
    How an increment changes a table: the rows of whatever was touched go, the rows that the model's
    query gives for it come.

    dbt's own delete+insert deletes only keys that come again, so the rows of a session that a late
    event has merged into another would stay for ever. Here the model names what was touched:

        config(materialized='incremental', touched={'int_visitors_touched': 'visitor_id'})

    and its query must give all rows of those visitors. Where one column does not say it, a condition
    on `this` and `touched` stands for it. `unique_key` is for rows that come again although nothing
    of theirs was touched: they replace the old ones as well.
#}
{% macro replace_touched(target, fresh) -%}
    {%- set unique_key = config.get('unique_key') -%}
    {%- if start_of_window() == 0 %}
    delete from {{ target }};
    {%- else %}
    {%- for name, condition in config.get('touched', {}).items() %}
    delete from {{ target }} as this
    using {{ as_last_built(name) }} as touched
    where {{ condition if ' ' in condition else 'this.' ~ condition ~ ' = touched.' ~ condition }};
    {%- endfor %}
    {%- if unique_key %}
    {%- set keys = [unique_key] if unique_key is string else unique_key %}
    delete from {{ target }} as this
    using {{ fresh }} as fresh
    where
        {%- for key in keys %}
        this.{{ key }} = fresh.{{ key }}{{ ' and' if not loop.last }}
        {%- endfor %};
    {%- endif %}
    {%- endif %}
    insert into {{ target }} by name
    select * from {{ fresh }}
{%- endmacro %}

{#
    only_touched('call_id', 'int_calls_touched'): the condition that keeps a query to what was
    touched; always true in a full build. Of the touched rows, those that meet `condition`.
#}
{% macro only_touched(column, model_name, condition='true') -%}
    {%- set touched = ref(model_name) if model.resource_type != 'unit_test' -%}
    {%- if is_increment() -%}
        {{ column }} in (
            select touched.{{ column.split('.')[-1] }}
            from {{ touched }} as touched
            where {{ condition }}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#
    The web events that sessions are made of: in an increment all events of the touched visitors.
#}
{% macro web_events() -%}
    {%- set every_event = ref('stg_landing__web_events') -%}
    {%- if model.resource_type == 'unit_test' -%}
        {{ return(every_event) }}
    {%- endif -%}
    {%- set events_of_touched = ref('int_web_events_touched') -%}
    {{ return(events_of_touched if is_increment() else every_event) }}
{%- endmacro %}

{#
    reads('int_visitors_touched', ...): the arrows of models that a query names in increments only.
    A unit test knows no increment and need not give them.
#}
{% macro reads() -%}
    {%- if model.resource_type != 'unit_test' -%}
        {%- for name in varargs -%}
            {%- do ref(name) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
