{{ config(post_hook="{{ forget_window() }}") }}
{# One row; what it is for stands in macros/increments/build_window.sql. #}

with

landing_files as (

    select * from {{ source('landing_ledger', 'landing_files') }}

),

final as (

    select
        {{ lowest_mark() }} as from_file_id,
        coalesce(max(file_id), 0) as to_file_id

    from landing_files

)

select * from final
