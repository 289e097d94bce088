{#  business_date: the day of a UTC timestamp in the business time zone, which `*_date` columns hold. #}
{% macro business_date(timestamp) -%}
    {{ day_in_zone(timestamp, "'" ~ var('business_timezone') ~ "'") }}
{%- endmacro %}
