{{ config(materialized='incremental', unique_key='call_id') }}

{# The keys that new files bring are ranked anew, with all the versions they ever had. #}
with

source as (

    select * from {{ source('landing', 'call_outcomes') }}

    where {{ keys_of_new_files('call_id', source('landing', 'call_outcomes')) }}

),

ranked as (

    select
        *,
        {{ newest_version(['call_id', 'outcome']) }} as version_rank

    from source

),

renamed as (

    select
        ---------- ids
        call_id,
        lower(outcome) as outcome,
        buyer_id,

        ---------- numerics
        revenue,
        upper(currency) as currency,

        ---------- timestamps
        occurred_at,
        updated_at,

        ---------- metadata
        _file_id,
        _loaded_at

    from ranked

    where version_rank = 1

)

select * from renamed
