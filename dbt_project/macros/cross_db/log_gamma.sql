{#  log_gamma(x): logarithm of the gamma function, for x above 0. #}
{% macro log_gamma(x) -%}
    {{ return(adapter.dispatch('log_gamma', 'ringtrail')(x)) }}
{%- endmacro %}

{% macro default__log_gamma(x) -%}
    {{ exceptions.raise_compiler_error("log_gamma: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__log_gamma(x) -%}
    lgamma({{ x }})
{%- endmacro %}
