{#
    What a click id implies about the channel. Ids of search platforms are paid. Facebook and TikTok
    put theirs on unpaid links too: only a reported click or a paid medium makes such a visit paid.
#}
select
    session_id,
    click_id_type,
    channel,
    is_reported_click,
    traffic_medium

from {{ ref('int_sessions') }}

where
    (click_id_type in ('gclid', 'gbraid', 'wbraid', 'msclkid') and not is_paid)
    or (click_id_type in ('fbclid', 'ttclid') and is_reported_click and not is_paid)
    or (
        click_id_type in ('fbclid', 'ttclid')
        and not is_reported_click
        and is_paid
        and traffic_medium in ('(not set)', 'referral', 'social', 'email', 'organic')
    )
    or (click_id_type in ('fbclid', 'ttclid') and not is_paid and channel <> 'Organic Social')
