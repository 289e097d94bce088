{{
    config(
        materialized='incremental',
        touched={'stg_operations__build_window': 'this._file_id > touched.from_file_id'}
    )
}}

{#
    The copies of web events that came after the first one. They are rare, so that they are found by
    counting ids, or rather their hashes, which take half the memory; two ids of one hash do no harm,
    as the copies are ranked by the ids. Ranking every event by a window took four times as long. An
    increment counts only the ids that new files bring.
#}
{% set web_events = source('landing', 'web_events') %}

with

source as (

    select
        event_id,
        _file_id,
        _source_line

    from {{ web_events }}

    where {{ keys_of_new_files('event_id', web_events) }}

),

repeated_events as (

    select {{ text_hash('event_id') }} as event_hash

    from source

    group by event_hash

    having count(*) > 1

),

ranked as (

    select
        source.event_id,
        source._file_id,
        source._source_line,
        {{ first_copy(['source.event_id']) }} as copy_rank

    from source

    inner join repeated_events
        on {{ text_hash('source.event_id') }} = repeated_events.event_hash

),

renamed as (

    select
        event_id,
        _file_id,
        _source_line

    from ranked

    where
        copy_rank > 1
        and _file_id > {{ built_up_to() }}

)

select * from renamed
