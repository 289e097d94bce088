with

buyer_terms as (

    select * from {{ ref('int_buyer_terms') }}

),

final as (

    select
        buyer_id,
        buyer_name,
        vertical,
        min_talk_seconds,
        payout_amount,
        payout_currency,
        duplicate_window_days,
        timezone,
        valid_from,
        valid_to,
        is_current,
        updated_at

    from buyer_terms

)

select * from final
