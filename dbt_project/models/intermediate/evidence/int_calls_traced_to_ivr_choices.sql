{{ config(materialized='incremental', touched={'int_calls_touched': 'call_id'}) }}

with

calls as (

    select * from {{ ref('int_calls') }}

    where {{ only_touched('call_id', 'int_calls_touched') }}

),

ivr_sources as (

    select * from {{ ref('ivr_sources') }}

),

final as (

    select
        calls.call_id,
        ivr_sources.channel,
        ivr_sources.platform,
        ivr_sources.campaign_id

    from calls

    inner join ivr_sources
        on
            calls.to_number = ivr_sources.to_number
            and calls.ivr_selection = ivr_sources.ivr_selection

)

select * from final
