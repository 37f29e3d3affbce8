{# Records the spikes of a step. Brian2's own also counts those of each neuron: elsewhere in memory for every spike. #}
{# USES_VARIABLES { N } #}
{# WRITES_TO_READ_ONLY_VARIABLES { N } #}
{% extends 'spikemonitor.cpp' %}
{% block maincode %}
    {% set _eventspace = get_array_name(eventspace_variable) %}
    {% set _i, _t = get_array_name(record_variables['i'], access_data=False), get_array_name(record_variables['t'], access_data=False) %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    const int32_t _num_events = {{_eventspace}}[{{eventspace_variable.size - 1}}];
    {{_i}}.insert({{_i}}.end(), {{_eventspace}}, {{_eventspace}} + _num_events);
    {{_t}}.insert({{_t}}.end(), _num_events, _source_t);
    {{N}} += _num_events;
{% endblock %}
