{# Runs `event` for every neuron that has an event now, or had it `delay` steps ago. #}
{% extends 'common_group.pyx' %}
{% block maincode %}
    {% set _eventspace = get_array_name(eventspace_variable) %}
    cdef int32_t _event
    {% if delay %}
    cdef int32_t * _events = &{{get_array_name(ring_variable)}}[{{get_array_name(time_variable)}}[0] % {{delay}} * {{places}}]
    {% else %}
    cdef int32_t * _events = &{{_eventspace}}[0]
    {% endif %}
    cdef int32_t _num_events = _events[{{eventspace_variable.size - 1}}]
    {% block declarations %}{% endblock %}
    _vectorisation_idx = 1
    {{scalar_code|autoindent}}
    for _event in range(_num_events):
        {% block event %}{% endblock %}
    {% if delay %}
    for _event in range({{places}}):
        _events[_event] = {{_eventspace}}[_event]
    {% endif %}
{% endblock %}
