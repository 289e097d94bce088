{#
    Every version that a buyer's row ever had, for the history in dim_buyers: the terms of a call are
    those of its day, not today's.
#}
with

source as (

    select * from {{ source('landing', 'buyers') }}

),

ranked as (

    select
        *,
        {{ newest_version(['buyer_id', 'updated_at']) }} as version_rank

    from source

),

renamed as (

    select
        ---------- ids
        buyer_id,

        ---------- strings
        name,
        vertical,
        timezone,

        ---------- numerics
        min_talk_seconds,
        payout,
        upper(currency) as currency,
        duplicate_window_days,

        ---------- timestamps
        updated_at,

        ---------- metadata
        _file_id,
        _loaded_at

    from ranked

    where version_rank = 1

)

select * from renamed
