{#
    The 90 % interval of a count of calls of which each came from this source only with some
    probability: the 5th and the 95th percentile of a Poisson-binomial distribution.

    bernoulli_variance(credit)        p (1 - p), which is 0 for a certain call
    bernoulli_third_moment(credit)    p (1 - p) (1 - 2 p)
    certain_calls(credit)             1 where the call is certain, else 0
    poisson_binomial_interval(end, mean, variance, third_moment, certain, possible)
                                      `low` or `high`, a whole number of calls as a double

    Calls are independent of each other, so the sums of the first three and of credit, over any
    days or campaigns of different calls, are those of the total: sum the columns, then ask for the
    interval. Intervals themselves never add up. The sources of one call exclude each other: add its
    credits up first. `credit` is a call's share in the source, as a decimal.

    The exact percentiles take a convolution per row of a report, quadratic in its calls. Instead
    the Cornish-Fisher expansion corrects the normal quantile for skewness and continuity, cut to
    what is possible. It is within one call of the exact bound and covers at least 90 % wherever it
    was compared (tests/dbt_project/test_intervals.py); one more term, without a fourth moment, is
    further off. It is too coarse where the interval ends at none of the possible calls, or begins
    at all of them: P(none) or P(all) is 95 % or more. Either is asked for by itself, and where it
    decides, the three terms of its logarithm that the moments give are exact to 2e-6.

    The interval takes the probabilities as they are: it knows nothing of how well they are
    calibrated, which attribution_health reports.
#}
{% macro bernoulli_variance(credit) -%}
    cast(
        greatest(cast({{ credit }} as double) * (1 - cast({{ credit }} as double)), 0)
        as decimal(18, 15)
    )
{%- endmacro %}

{% macro bernoulli_third_moment(credit) -%}
    cast(
        cast({{ credit }} as double) * (1 - cast({{ credit }} as double))
        * (1 - 2 * cast({{ credit }} as double))
        as decimal(18, 15)
    )
{%- endmacro %}

{#  Sums of doubles may miss 1 by some digits. #}
{% macro certain_calls(credit) -%}
    case when {{ credit }} > 0.999999999 then 1 else 0 end
{%- endmacro %}

{% macro poisson_binomial_interval(end, mean, variance, third_moment, certain, possible) -%}
{%- if end == 'low' -%}
    {%- set sign, edge, next_to_edge = '-', possible, possible ~ ' - 1' -%}
    {%- set expected = '(' ~ possible ~ ' - ' ~ mean ~ ')' -%}
{%- elif end == 'high' -%}
    {%- set sign, edge, next_to_edge = '+', certain, certain ~ ' + 1' -%}
    {%- set expected = '(' ~ mean ~ ' - ' ~ certain ~ ')' -%}
{%- else -%}
    {{ exceptions.raise_compiler_error(
        "poisson_binomial_interval: end must be 'low' or 'high', got '" ~ end ~ "'"
    ) }}
{%- endif -%}
{%- set z_score = var('interval_z_score') -%}
    case
        when
            {{ expected }} + ({{ expected }} - {{ variance }}) / 2
            + ({{ sign }} {{ third_moment }} + 2 * {{ expected }} - 3 * {{ variance }}) / 6
            <= -ln(1 - {{ var('interval_tail_share') }})
            then cast({{ edge }} as double)
        when {{ variance }} < 1e-9 then round({{ mean }})
        else {{ 'greatest' if end == 'low' else 'least' }}(
            cast({{ certain if end == 'low' else possible }} as double),
            {{ 'least' if end == 'low' else 'greatest' }}(
                cast({{ next_to_edge }} as double),
                ceil(
                    {{ mean }} - 0.5 {{ sign }} {{ z_score }} * sqrt({{ variance }})
                    + {{ third_moment }} / {{ variance }} * {{ z_score * z_score - 1 }} / 6
                    - 1e-9
                )
            )
        )
    end
{%- endmacro %}
