{{ config(materialized='view') }}

{#
    A view, because the ledger is asked after the marts were built: a third start of dbt in every run
    would cost four seconds to write down what this join says at any moment. It reads the states that
    were last loaded; the published copy holds it as a table.

    What the ledger says stands, also where the warehouse has changed its mind since: the next plan
    acts on that. What the ledger has sent stays visible when its call has gone.
#}
with

candidates as (

    select * from {{ ref('upload_candidates') }}

),

upload_states as (

    select * from {{ ref('stg_activation__upload_states') }}

),

final as (

    select
        coalesce(upload_states.call_id, candidates.call_id) as call_id,
        coalesce(upload_states.destination, candidates.destination) as destination,
        coalesce(upload_states.account_id, candidates.account_id) as account_id,
        coalesce(upload_states.conversion_action, candidates.conversion_action)
            as conversion_action,
        case
            when upload_states.call_id is not null then upload_states.state
            when candidates.is_eligible then 'planned'
            else 'not_eligible'
        end as state,
        case
            when upload_states.call_id is not null
                then coalesce(upload_states.reason, upload_states.state)
            when candidates.is_eligible then 'not_in_the_ledger_yet'
            else candidates.reason
        end as reason,
        coalesce(upload_states.occurred_at, candidates.occurred_at) as occurred_at,
        case
            when upload_states.call_id is not null then upload_states.value_amount
            else candidates.value_amount
        end as value_amount,
        case
            when upload_states.call_id is not null then upload_states.value_currency
            else candidates.value_currency
        end as currency,
        candidates.identifier,
        candidates.is_secondary,
        candidates.is_eligible,
        upload_states.call_id is not null as is_in_ledger,
        candidates.call_id is not null as is_in_warehouse,
        upload_states.generation,
        upload_states.upload_key,
        upload_states.attempts,
        upload_states.request_id,
        upload_states.pending_operation,
        upload_states.pending_state,
        upload_states.sent_at,
        upload_states.decided_at,
        upload_states.state_changed_at,
        upload_states.loaded_at

    from candidates

    full outer join upload_states
        on
            candidates.call_id = upload_states.call_id
            and candidates.destination = upload_states.destination
            and candidates.account_id = upload_states.account_id
            and candidates.conversion_action = upload_states.conversion_action

)

select * from final
