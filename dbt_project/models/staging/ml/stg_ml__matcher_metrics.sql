{{ config(materialized='view') }}

with

source as (

    select * from {{ source('ml', 'matcher_metrics') }}

),

final as (

    select
        model_version,
        data_version,
        data_from,
        data_to,
        measured_at,
        scope,
        metric,
        value

    from source

)

select * from final
