{#
    Which row of a key is the current one: rank the rows of a key and keep rank 1.

    newest_version(['call_id'])   highest updated_at, then the row that arrived last
    latest_arrival(['call_id'])   the row that arrived last, for feeds without a version
    first_copy(['event_id'])      the row that arrived first, for feeds whose rows never change

    Arrival is (_file_id, _source_line), so that the answer does not depend on the order in which
    the engine reads. Null equals null in keys.
#}
{% macro newest_version(key) -%}
    row_number() over (
        partition by {{ key | join(', ') }}
        order by updated_at desc, _file_id desc, _source_line desc
    )
{%- endmacro %}

{% macro latest_arrival(key) -%}
    row_number() over (
        partition by {{ key | join(', ') }}
        order by _file_id desc, _source_line desc
    )
{%- endmacro %}

{% macro first_copy(key) -%}
    row_number() over (
        partition by {{ key | join(', ') }}
        order by _file_id, _source_line
    )
{%- endmacro %}
