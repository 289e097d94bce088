{{ config(materialized='view') }}

{#
    What a call's record ever said of its caller and time: a corrected record also touches the calls
    of the caller that it named before.
#}
with

source as (

    select * from {{ source('landing', 'cdr') }}

),

renamed as (

    select
        call_id,
        caller_key,
        started_at as call_started_at,
        _file_id

    from source

)

select * from renamed
