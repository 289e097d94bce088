{#
    The attribution models by which a touch has credit: columns of `fct_touch_credits`, values of
    `model` in `fct_multi_touch_credits`.
#}
{% macro touch_credit_models() %}
    {{ return([
        'first_touch',
        'last_touch',
        'last_non_direct',
        'linear',
        'position_based',
        'time_decay',
        'markov',
        'shapley',
    ]) }}
{% endmacro %}
