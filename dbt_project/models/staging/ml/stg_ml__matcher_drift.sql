{{ config(materialized='view') }}

with

source as (

    select * from {{ source('ml', 'matcher_drift') }}

),

final as (

    select
        model_version,
        data_from,
        data_to,
        feature,
        cases_trained,
        cases,
        psi,
        psi_by_chance,
        moved_level,
        share_trained,
        share

    from source

)

select * from final
