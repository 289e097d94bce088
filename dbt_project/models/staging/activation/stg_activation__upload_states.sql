{# A view: the ledger speaks after the models were built, and has to be heard all the same. #}
{{ config(materialized='view') }}

with

source as (

    select * from {{ source('activation', 'upload_states') }}

),

final as (

    select
        call_id,
        destination,
        account_id,
        conversion_action,
        generation,
        upload_key,
        state,
        reason,
        pending_operation,
        pending_state,
        value_amount,
        value_currency,
        occurred_at,
        sent_at,
        decided_at,
        state_changed_at,
        attempts,
        request_id,
        loaded_at

    from source

)

select * from final
