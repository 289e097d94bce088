{{ config(materialized='view') }}

{#
    No certainty that was not measured: the mean of a Beta posterior, so that little data gives little
    confidence. The prior's mean lies below certain_from on purpose: nothing is certain unmeasured.

    A view: it is read when a model is trained, and then holds until the next one is promoted.
#}

with

trials as (

    select * from {{ ref('int_evidence_trials') }}

),

kinds as (

    select
        'tel_tap' as attribution_method,
        'pool' as evidence_kind
    union all
    select
        'tel_tap' as attribution_method,
        'shared' as evidence_kind
    union all
    select
        'form_phone' as attribution_method,
        'session' as evidence_kind
    union all
    select
        'caller_history' as attribution_method,
        'session' as evidence_kind
    union all
    select
        'caller_history' as attribution_method,
        'number' as evidence_kind

),

counted as (

    select
        kinds.attribution_method,
        kinds.evidence_kind,
        coalesce(sum(trials.trials), 0) as trials,
        -- More chance taps than taps is noise around a tap that says nothing.
        greatest(coalesce(sum(trials.agreements), 0), 0) as agreements

    from kinds

    left join trials
        on
            kinds.attribution_method = trials.attribution_method
            and kinds.evidence_kind = trials.evidence_kind

    group by kinds.attribution_method, kinds.evidence_kind

),

final as (

    select
        attribution_method,
        evidence_kind,
        cast(trials as bigint) as trials,
        cast(agreements as bigint) as agreements,
        cast(
            (agreements + {{ var('evidence_prior_right') }})
            / (trials + {{ var('evidence_prior_right') }} + {{ var('evidence_prior_wrong') }})
            as double
        ) as reliability

    from counted

)

select * from final
