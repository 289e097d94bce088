{{ config(materialized='incremental', touched={'int_calls_touched': 'call_id'}) }}

with

calls as (

    select
        *,
        {{ business_date('call_started_at') }} as call_date

    from {{ ref('stg_landing__calls') }}

    where
        direction = 'inbound'
        and {{ only_touched('call_id', 'int_calls_touched') }}

),

numbers as (

    select * from {{ ref('int_number_validities') }}

),

buyers as (

    select * from {{ ref('int_buyer_terms') }}

),

pool_sites as (

    select * from {{ ref('int_pool_sites') }}

),

shown_pools as (

    select * from {{ ref('int_shown_pools') }}

),

caller_histories as (

    select * from {{ ref('int_caller_histories') }}

),

final as (

    select
        calls.*,
        coalesce(
            numbers.number_kind,
            case when shown_pools.pool_id is null then 'unknown' else 'pool' end
        ) as number_kind,
        coalesce(numbers.pool_id, shown_pools.pool_id) as pool_id,
        coalesce(numbers.site, pool_sites.site) as site,
        numbers.channel as number_channel,
        numbers.platform as number_platform,
        numbers.campaign_id as number_campaign_id,
        numbers.campaign_name as number_campaign_name,
        coalesce(numbers.vertical, buyers.vertical) as vertical,
        coalesce(caller_histories.is_spam, false) as is_spam,
        caller_histories.spam_reason,
        calls.call_answered_at is not null or coalesce(calls.talk_seconds, 0) > 0 as is_answered,
        caller_histories.is_first_time_caller,
        caller_histories.is_repeat_caller

    from calls

    left join numbers
        on
            calls.to_number = numbers.tracking_number
            and calls.call_started_at >= numbers.valid_from
            and calls.call_started_at < numbers.valid_before

    left join shown_pools
        on
            -- One equation: with a condition on numbers beside it, every pair was compared.
            case when numbers.tracking_number is null then calls.to_number end
            = shown_pools.tracking_number

    left join pool_sites
        on coalesce(numbers.pool_id, shown_pools.pool_id) = pool_sites.pool_id

    left join buyers
        on
            calls.buyer_id = buyers.buyer_id
            and calls.call_started_at >= buyers.valid_from
            and (calls.call_started_at < buyers.valid_to or buyers.valid_to is null)

    left join caller_histories
        on calls.call_id = caller_histories.call_id

)

select * from final
