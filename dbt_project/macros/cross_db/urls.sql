{#
    Parts of a URL, by the engine's own string functions. Each takes a text expression and gives
    null (never an error) where the part is missing.

    url_host(url)                    host in lower case, without user and port
    url_path(url)                    path, '/' where the URL has none
    query_parameter(url, 'gclid')    first value of the parameter, still percent-encoded; null when empty
    percent_decoded(text)            '+' and %XX decoded; as it came when it is not valid UTF-8
    labels_from(host, 2)             'a.b.co.uk' from the second label on: 'b.co.uk'
#}
{% macro url_host(url) -%}
    {{ return(adapter.dispatch('url_host', 'ringtrail')(url)) }}
{%- endmacro %}

{% macro default__url_host(url) -%}
    {{ exceptions.raise_compiler_error("url_host: no implementation for " ~ target.type) }}
{%- endmacro %}

{#  Almost every URL has a plain host between its slashes; a pattern over that short text costs less
    than half of one over the whole URL, which what is left needs (users, ports, no scheme). #}
{% macro duckdb__url_host(url) -%}
    {%- set host = "split_part(" ~ url ~ ", '/', 3)" -%}
    lower(
        case
            when
                starts_with({{ url }}, 'https://')
                and regexp_full_match({{ host }}, '[A-Za-z0-9.-]+')
                then {{ host }}
            else nullif(regexp_extract({{ url }}, '^[^:/?#]*:?//(?:[^/?#@]*@)?([^/?#:]+)', 1), '')
        end
    )
{%- endmacro %}

{% macro url_path(url) -%}
    {{ return(adapter.dispatch('url_path', 'ringtrail')(url)) }}
{%- endmacro %}

{% macro default__url_path(url) -%}
    {{ exceptions.raise_compiler_error("url_path: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__url_path(url) -%}
    {%- set host = "split_part(" ~ url ~ ", '/', 3)" -%}
    coalesce(
        nullif(
            case
                when
                    starts_with({{ url }}, 'https://')
                    and regexp_full_match({{ host }}, '[A-Za-z0-9.-]+')
                    then regexp_extract(
                        substr({{ url }}, {{ 'https://' | length + 1 }} + length({{ host }})), '^[^?#]*'
                    )
                else regexp_extract({{ url }}, '^[^:/?#]*:?//[^/?#]*([^?#]*)', 1)
            end,
            ''
        ),
        '/'
    )
{%- endmacro %}

{% macro query_parameter(url, name) -%}
    {{ return(adapter.dispatch('query_parameter', 'ringtrail')(url, name)) }}
{%- endmacro %}

{% macro default__query_parameter(url, name) -%}
    {{ exceptions.raise_compiler_error("query_parameter: no implementation for " ~ target.type) }}
{%- endmacro %}

{#  The `;` also finds parameters behind an HTML-escaped `&amp;`. The plain search for the name goes
    first because it costs a tenth of the pattern; where it finds the parameter itself, the value is cut
    from there, in a third of the time. Only a name that ends in this one (`xgclid=`) needs the pattern. #}
{% macro duckdb__query_parameter(url, name) -%}
    {%- set place = "strpos(" ~ url ~ ", '" ~ name ~ "=')" -%}
    case
        when {{ place }} = 0 then null
        when substr({{ url }}, {{ place }} - 1, 1) in ('?', '&', ';')
            then nullif(
                regexp_extract(
                    substr({{ url }}, {{ place }} + {{ name | length + 1 }}), '^[^&;#]*'
                ),
                ''
            )
        else nullif(regexp_extract({{ url }}, '[?&;]{{ name }}=([^&;#]*)', 1), '')
    end
{%- endmacro %}

{% macro percent_decoded(text) -%}
    {{ return(adapter.dispatch('percent_decoded', 'ringtrail')(text)) }}
{%- endmacro %}

{% macro default__percent_decoded(text) -%}
    {{ exceptions.raise_compiler_error("percent_decoded: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__percent_decoded(text) -%}
    case
        when contains({{ text }}, '%') or contains({{ text }}, '+')
            then coalesce(try(url_decode(replace({{ text }}, '+', ' '))), {{ text }})
        else {{ text }}
    end
{%- endmacro %}

{% macro labels_from(host, first) -%}
    {{ return(adapter.dispatch('labels_from', 'ringtrail')(host, first)) }}
{%- endmacro %}

{% macro default__labels_from(host, first) -%}
    {{ exceptions.raise_compiler_error("labels_from: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__labels_from(host, first) -%}
    nullif(array_to_string((string_split({{ host }}, '.'))[{{ first }}:], '.'), '')
{%- endmacro %}
