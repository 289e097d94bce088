{#
    How an incremental model comes about in DuckDB: in a full build as a table, in an increment by
    `replace_touched`; either way with its mark, in one transaction.

    Four statements in one call, for the reason given in table.sql.
#}
{% materialization incremental, adapter='duckdb' -%}
    {#- Refuses a full refresh of this model alone. -#}
    {%- do start_of_window() -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks) }}
    {%- if existing is none or existing.is_view or should_full_refresh() -%}
        {%- do drop_what_is_no_table(this) -%}
        {%- call statement('main') -%}
            {{ table_of(this, compiled_code) }}
            {{ mark_built() }}
        {%- endcall -%}
    {%- else -%}
        {%- set fresh = make_temp_relation(this) -%}
        {%- call statement('main') -%}
            {%- if config.get('contract').enforced -%}
                {{ get_assert_columns_equivalent(compiled_code) }}
            {%- endif %}
            create temp table {{ fresh }} as (
                {{ compiled_code }}
            );
            {{ refuse_other_columns(fresh, this) }};
            {{ replace_touched(this, fresh) }};
            drop table {{ fresh }};
            {{ mark_built() }}
        {%- endcall -%}
    {%- endif -%}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{%- endmaterialization %}

{#
    refuse_other_columns(fresh, target): a statement that fails when a model's query gives other
    columns, or other types, than its table has: then it needs all rows anew.
#}
{% macro refuse_other_columns(fresh, target) -%}
    select
        case
            when before.described != after.described
                then error(
                    'the columns of {{ target.identifier }} were (' || before.described
                    || ') and are now (' || after.described || '): run dbt build --full-refresh'
                )
        end
    from {{ described_columns(target) }} as before, {{ described_columns(fresh) }} as after
{%- endmacro %}

{% macro described_columns(relation) -%}
    (
        select string_agg(column_name || ' ' || column_type, ', ' order by column_name) as described
        from (describe {{ relation }})
    )
{%- endmacro %}
