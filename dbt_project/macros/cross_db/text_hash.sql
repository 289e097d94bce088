{#  text_hash(text): a 64-bit number of the text for grouping and joining inside one query; never stored,
    as it may be another in the next version of the engine. #}
{% macro text_hash(text) -%}
    {{ return(adapter.dispatch('text_hash', 'ringtrail')(text)) }}
{%- endmacro %}

{% macro default__text_hash(text) -%}
    {{ exceptions.raise_compiler_error("text_hash: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__text_hash(text) -%}
    hash({{ text }})
{%- endmacro %}

{% macro spark__text_hash(text) -%}
    xxhash64({{ text }})
{%- endmacro %}
