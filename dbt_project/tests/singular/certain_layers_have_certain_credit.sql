{#
    Fails for each row of layer `click` or `session` below certain_from, each `click` without click id,
    each `session` without session, and each matcher's candidate that claims to be certain.
#}
select *

from {{ ref('fct_call_credits') }}

where
    (attribution_layer in ('click', 'session') and credit < {{ var('certain_from') }})
    or (attribution_layer = 'click' and click_id is null)
    or (attribution_layer = 'session' and session_id is null)
    or (attribution_method = 'matcher' and attribution_layer <> 'probabilistic')
    or (attribution_method = 'none') <> (attribution_layer = 'unattributed')
