{{ config(materialized='view') }}

with

source as (

    select * from {{ source('ml', 'model_versions') }}

),

final as (

    select
        model_version,
        trained_at,
        promoted_at,
        data_from,
        data_to,
        calls_known,
        calls_lost,
        is_current,
        is_promoted,
        decision_reason

    from source

)

select * from final
