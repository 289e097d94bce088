{{ config(materialized='view') }}

{#
    Calls of which something changed that their evidence rests on, one row per call and reason. A view
    that int_calls_touched alone reads, in increments only.
#}
{{ reads(
    'int_numbers_touched',
    'int_visitors_touched',
    'int_contact_events',
    'int_pool_sites',
    'int_shown_pools',
    'stg_landing__calls',
    'stg_landing__call_versions',
    'stg_landing__buyer_versions',
) }}
{% if is_increment() %}

with

calls as (

    select * from {{ ref('stg_landing__calls') }}

),

final as (

    select
        call_id,
        'record' as change
    from {{ ref('stg_landing__call_versions') }}
    where _file_id > {{ built_up_to() }}

    union all

    -- A tap shortly after a call counts as chance.
    select
        calls.call_id,
        'number' as change
    from calls
    inner join {{ ref('int_numbers_touched') }} as numbers
        on
            calls.to_number = numbers.tracking_number
            and calls.call_started_at
            >= numbers.changed_from_at - interval '{{ var("tel_tap_seconds") }} seconds'

    union all

    select
        calls.call_id,
        'form' as change
    from calls
    inner join {{ ref('int_contact_events') }} as forms
        on calls.caller_key = forms.form_caller_key
    inner join {{ ref('int_visitors_touched') }} as visitors
        on forms.visitor_id = visitors.visitor_id

    union all

    select
        evidenced.call_id,
        'visitor' as change
    from {{ as_last_built('int_calls_evidenced_directly') }} as evidenced
    inner join {{ ref('int_visitors_touched') }} as visitors
        on evidenced.visitor_id = visitors.visitor_id

    union all

    select
        last_calls.call_id,
        'pool' as change
    from {{ as_last_built('int_calls') }} as last_calls
    inner join {{ ref('int_pool_sites') }} as pool_sites
        on
            last_calls.pool_id = pool_sites.pool_id
            and pool_sites._file_id > {{ built_up_to() }}

    union all

    select
        calls.call_id,
        'shown pool' as change
    from calls
    inner join {{ ref('int_shown_pools') }} as shown_pools
        on
            calls.to_number = shown_pools.tracking_number
            and shown_pools._file_id > {{ built_up_to() }}

    union all

    select
        calls.call_id,
        'buyer' as change
    from calls
    inner join {{ ref('stg_landing__buyer_versions') }} as buyers
        on
            calls.buyer_id = buyers.buyer_id
            and buyers._file_id > {{ built_up_to() }}

)

select * from final

{% else %}

select
    cast(null as varchar) as call_id,
    cast(null as varchar) as change

where false

{% endif %}
