{{ config(materialized='incremental', unique_key='campaign_key') }}

{#
    Spend and platforms' call reports name a campaign but no channel. A campaign's channel is the one
    that most of its clicks and sessions have, else that of its tracking numbers, else the platform's
    usual one (seed platform_channels).

    Counted over everything, as it costs little; only the campaigns of which the answer changed are
    written, with the file that changed it, so that calls credited by it are looked at again.
#}
{{ reads('stg_operations__build_window') }}

with

observed as (

    select * from {{ ref('int_campaign_channels_observed') }}

),

platform_channels as (

    select * from {{ ref('platform_channels') }}

),

spend_currencies as (

    select * from {{ ref('int_campaign_currencies') }}

),

named as (

    select
        observed.platform || ':' || coalesce(observed.campaign_id, '') as campaign_key,
        observed.platform,
        observed.campaign_id,
        coalesce(observed.channel, platform_channels.channel, 'Paid Other') as channel,
        spend_currencies.currency as account_currency

    from observed

    left join platform_channels
        on observed.platform = platform_channels.platform

    left join spend_currencies
        on
            observed.platform = spend_currencies.platform
            and observed.campaign_id is not distinct from spend_currencies.campaign_id

),

final as (

    select
        named.*,
        build_window.to_file_id as _file_id

    from named

    cross join {{ ref('stg_operations__build_window') }} as build_window

    {% if is_increment() %}
    left join {{ this }} as last_built
        on named.campaign_key = last_built.campaign_key

    where
        named.channel is distinct from last_built.channel
        or named.account_currency is distinct from last_built.account_currency
    {% endif %}

)

select * from final
