{{
    config(
        materialized='incremental',
        touched={'stg_operations__build_window': 'this.named is not null'}
    )
}}

{#
    Written after call_segments, which is drawn as an arrow: should a build die between the two, the
    next one compares with the older names and builds too many segments, never too few. All rows are
    written; incremental, because a warehouse without this table has to be built from everything.
#}
{{ reads('call_segments') }}
with

final as (

    select * from {{ ref('int_segment_names') }}

)

select * from final
