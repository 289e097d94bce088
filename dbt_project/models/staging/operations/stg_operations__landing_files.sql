{{ config(materialized='view') }}

with

source as (

    select * from {{ source('landing_ledger', 'landing_files') }}

),

final as (

    select
        file_id,
        feed,
        path as file_path,
        rows_read,
        rows_accepted,
        rows_quarantined,
        loaded_at as _loaded_at

    from source

)

select * from final
