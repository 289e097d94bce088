{#
    Fails for each ad account whose clicks two destinations would report: the platform would count
    every call twice, as it tells repeats by the key within a service only.
#}
with

conversion_actions as (

    select * from {{ ref('int_conversion_actions') }}

    where calls_from = 'website'

)

select
    one.platform,
    one.account_id,
    one.destination as one_destination,
    other.destination as other_destination

from conversion_actions as one

inner join conversion_actions as other
    on
        one.platform = other.platform
        and one.destination < other.destination
        and (
            one.account_id = other.account_id
            or {{ share_accounts('one.click_accounts', 'other.click_accounts') }}
            or one.click_accounts is null
            or other.click_accounts is null
        )
