{#
    gclid_clicked_at: the instant of the click that a gclid holds, or null.

    A gclid is base64url of a protobuf. Two forms hold the microsecond of the click: ids that begin
    with `EAIaIQob` at field 3.1.1.1, and very old ones at field 1. Ids that begin with `Cj0KCQ` or
    `CjwKCA` hold midnight, Pacific time, of the click's day: no more than the report's click_date
    tells, so they give null here. A text that is no gclid gives null, never an error.

    The two steps are apart because the bytes are needed eight times: select gclid_time_bytes into a
    column of its own, then give that column to gclid_clicked_at. A varint of exactly eight bytes
    covers the microseconds of 1987 to 4253.
#}
{% macro gclid_time_bytes(click_id) -%}
    {{ return(adapter.dispatch('gclid_time_bytes', 'ringtrail')(click_id)) }}
{%- endmacro %}

{% macro default__gclid_time_bytes(click_id) -%}
    {{ exceptions.raise_compiler_error("gclid_time_bytes: no implementation for " ~ target.type) }}
{%- endmacro %}

{#  rpad brings the text to a multiple of four, which from_base64 insists on. #}
{% macro duckdb__gclid_time_bytes(click_id) -%}
    nullif(
        regexp_extract(
            hex(try(from_base64(rpad(
                replace(replace({{ click_id }}, '-', '+'), '_', '/'),
                cast(4 * ceil(length({{ click_id }}) / 4.0) as integer),
                '='
            )))),
            '^(?:10021A..0A..0A..)?08((?:[89A-F][0-9A-F]){7}[0-7][0-9A-F])',
            1
        ),
        ''
    )
{%- endmacro %}

{% macro gclid_clicked_at(time_bytes) -%}
    {{ return(adapter.dispatch('gclid_clicked_at', 'ringtrail')(time_bytes)) }}
{%- endmacro %}

{% macro default__gclid_clicked_at(time_bytes) -%}
    {{ exceptions.raise_compiler_error("gclid_clicked_at: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__gclid_clicked_at(time_bytes) -%}
    make_timestamp(
        {%- for byte in range(8) %}
        ((cast('0x' || substr({{ time_bytes }}, {{ 2 * byte + 1 }}, 2) as bigint) & 127)
            << {{ 7 * byte }}){{ ' +' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
