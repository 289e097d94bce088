{#
    Fails for each conversion that would be sent although its call is spam, its source is less certain
    than what identifies it needs, or consent was denied: a wrong upload cannot be unsent.
#}
select
    candidates.call_id,
    candidates.destination,
    candidates.conversion_action,
    candidates.identifier,
    calls.attribution_layer

from {{ ref('upload_candidates') }} as candidates

inner join {{ ref('fct_calls') }} as calls
    on candidates.call_id = calls.call_id

where
    candidates.is_eligible
    and (
        calls.is_spam
        or candidates.consent_ad_user_data = 'denied'
        or case
            when candidates.is_secondary
                then
                    calls.attribution_layer <> 'probabilistic'
                    or not {{ var('uploads_probabilistic') }}
            when candidates.identifier = 'click' then calls.attribution_layer <> 'click'
            when candidates.identifier = 'earlier_click'
                then calls.attribution_layer not in ('click', 'session')
            else calls.attribution_layer not in ('click', 'campaign')
        end
    )
