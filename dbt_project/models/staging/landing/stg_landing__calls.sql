{{ config(materialized='incremental', unique_key='call_id') }}

{#
    The keys that new files bring are ranked anew, with all the versions they ever had. A call whose
    caller was forgotten by any of them stays so, unless a correction names somebody else.
#}
with

source as (

    select * from {{ source('landing', 'cdr') }}

    where {{ keys_of_new_files('call_id', source('landing', 'cdr')) }}

),

ranked as (

    select
        *,
        {{ newest_version(['call_id']) }} as version_rank,
        bool_or(is_caller_erased) over (partition by call_id) as was_caller_erased

    from source

),

renamed as (

    select
        ---------- ids
        call_id,
        buyer_id,

        ---------- strings
        provider,
        caller_key,
        caller_area_code,
        to_number,
        lower(direction) as direction,
        lower(status) as status,
        upper(caller_state) as caller_state,
        caller_city,
        upper(caller_country) as caller_country,
        lower(line_type) as line_type,
        ivr_path,
        ivr_selection,
        hangup_cause,

        ---------- booleans
        caller_key is null and coalesce(was_caller_erased, false) as is_caller_erased,

        ---------- numerics
        duration_seconds,
        talk_seconds,
        mos,
        jitter_ms,
        packet_loss_pct,
        cost as carrier_cost_amount,
        upper(currency) as carrier_cost_currency,

        ---------- timestamps
        started_at as call_started_at,
        answered_at as call_answered_at,
        ended_at as call_ended_at,

        ---------- metadata
        updated_at,
        _file_id,
        _loaded_at

    from ranked

    where version_rank = 1

)

select * from renamed
