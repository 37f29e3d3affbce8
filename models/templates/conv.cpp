{# Runs `event` for every neuron that has an event now, or had it `delay` steps ago. #}
{% extends 'common_group.cpp' %}
{% block maincode %}
    {% set _eventspace = get_array_name(eventspace_variable) %}
    {% if delay %}
    int32_t * _events = {{get_array_name(ring_variable)}} + {{get_array_name(time_variable)}}[0] % {{delay}} * {{places}};
    {% else %}
    const int32_t * _events = {{_eventspace}};
    {% endif %}
    const int32_t _num_events = _events[{{eventspace_variable.size - 1}}];
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    for (int32_t _event = 0; _event < _num_events; _event++)
    {
        {% block event %}{% endblock %}
    }
    {% if delay %}
    std::copy({{_eventspace}}, {{_eventspace}} + {{places}}, _events);
    {% endif %}
{% endblock %}
