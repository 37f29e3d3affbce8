{# Checks a threshold for the neurons that had another event before. #}
{# USES_VARIABLES { N } #}
{% extends 'threshold.cpp' %}
{% block maincode %}
    {% set _eventspace = get_array_name(eventspace_variable) %}
    {% set _among = get_array_name(among_variable) %}
    const int _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    const int32_t _num_among = {{_among}}[N];
    int32_t _count = 0;
    for (int32_t _event = 0; _event < _num_among; _event++)
    {
        const size_t _idx = {{_among}}[_event];
        const size_t _vectorisation_idx = _idx;
        const int32_t feature = _idx % {{features}};
        {{vector_code|autoindent}}
        if (_cond)
            {{_eventspace}}[_count++] = _idx;
    }
    {{_eventspace}}[N] = _count;
{% endblock %}
