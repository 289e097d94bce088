{#
    What a build has to look at: the landed files that no incremental model has seen.

    stg_operations__build_window holds the window (from_file_id, to_file_id] of the build under way. Each
    incremental model leaves a mark, in the transaction that changes it: "built up to this file".
    The next window begins at the lowest mark, so a build that was killed halfway is begun again
    from where its last finished model stood, and what other models did twice gives the same rows.

    is_increment()         whether this build looks at new files only
    built_up_to()          the last file that earlier builds have seen; 0 in a full build
    start_of_window()      the same, for what runs after a model's own query
    lowest_mark()          SQL of the same, for stg_operations__build_window alone
    forget_window()        the post-hook of stg_operations__build_window: what was read of it is old
    mark_built()           the statement that leaves the mark, in the materialization `incremental`
    make_marks()           the table of marks, on-run-start
    as_last_built('m')     the relation of a model downstream of the caller, as it stands from the
                           last build; `ref` would be a cycle
#}
{% macro is_increment() -%}
    {{ return(built_up_to() > 0) }}
{%- endmacro %}

{% macro built_up_to() -%}
    {%- if model.resource_type == 'unit_test' -%}
        {{ return(0) }}
    {%- endif -%}
    {#- Called for the arrow that it draws: the window is built first. -#}
    {%- do ref('stg_operations__build_window') -%}
    {{ return(start_of_window() if execute else 0) }}
{%- endmacro %}

{#  Read once in a run of dbt and kept in `graph`, the one thing that all nodes share: half the models
    ask, some of them three times, and a query costs dbt 0.005 s. #}
{% macro start_of_window() -%}
    {%- if 'from_file_id' not in graph -%}
        {%- set window = as_last_built('stg_operations__build_window') -%}
        {%- set rows = run_query('select from_file_id from ' ~ window).rows if window else [] -%}
        {%- do graph.update({'from_file_id': rows[0][0] if rows else 0}) -%}
    {%- endif -%}
    {%- if flags.FULL_REFRESH and graph['from_file_id'] > 0 -%}
        {{ exceptions.raise_compiler_error(
            "a full refresh of " ~ model.name ~ " alone would rebuild it from the rows of the last"
            ~ " increment: run `dbt build --full-refresh`, or add stg_operations__build_window+ to --select"
        ) }}
    {%- endif -%}
    {{ return(graph['from_file_id']) }}
{%- endmacro %}

{% macro forget_window() -%}
    {%- if execute -%}
        {%- do graph.pop('from_file_id', none) -%}
    {%- endif -%}
{%- endmacro %}

{% macro lowest_mark() -%}
    {%- if not execute or flags.FULL_REFRESH or model.resource_type == 'unit_test' -%}
        {{ return('0') }}
    {%- endif -%}
    {%- set names = [] -%}
    {%- for node in graph.nodes.values() if
        node.resource_type == 'model' and node.config.materialized == 'incremental'
    -%}
        {#- A table that is not there has to be built from everything. -#}
        {%- if as_last_built(node.name) is none -%}
            {{ return('0') }}
        {%- endif -%}
        {%- do names.append("('" ~ node.name ~ "')") -%}
    {%- endfor -%}
    {{ return(
        '(select coalesce(min(coalesce(marks.file_id, 0)), 0) from (values '
        ~ names | join(', ') ~ ') as models (model)'
        ~ ' left join (select model, max(file_id) as file_id from operations.model_marks'
        ~ ' group by model) as marks on models.model = marks.model)'
    ) }}
{%- endmacro %}

{#  Models of a selection that never had a window leave no mark: the first whole build makes them anew. #}
{% macro mark_built() -%}
    {%- set window = as_last_built('stg_operations__build_window') -%}
    {%- if window %}
    insert into operations.model_marks
    select '{{ this.identifier }}', to_file_id, current_timestamp
    from {{ window }};
    {%- endif %}
{%- endmacro %}

{% macro make_marks() -%}
    create schema if not exists operations;
    create table if not exists operations.model_marks (
        model varchar, file_id bigint, built_at timestamptz
    );
{%- endmacro %}

{% macro as_last_built(name) -%}
    {%- set node = graph.nodes.get('model.' ~ project_name ~ '.' ~ name) -%}
    {{ return(adapter.get_relation(node.database, node.schema, node.alias) if node else none) }}
{%- endmacro %}
