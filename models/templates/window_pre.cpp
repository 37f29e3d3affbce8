{# Runs a statement for every target in whose window the source neuron of an event lies. #}
{% extends 'common_group.cpp' %}
{% block maincode %}
    {% set _eventspace = get_array_name(eventspace_variable) %}
    const int32_t * _events = {{_eventspace}};
    const int32_t _num_events = _events[{{events}}];
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    for (int32_t _event = 0; _event < _num_events; _event++)
    {
        const int32_t _presynaptic_idx = _events[_event];
        const int32_t _c = _presynaptic_idx / {{H*W}};
        const int32_t _y = (_presynaptic_idx / {{W}}) % {{H}} + {{PY}};
        const int32_t _x = _presynaptic_idx % {{W}} + {{PX}};
        // First and last target whose window holds row _y and column _x of the padded source.
        const int32_t _oy0 = _y < {{KH}} ? 0 : (_y - {{KH}}) / {{S}} + 1;
        const int32_t _ox0 = _x < {{KW}} ? 0 : (_x - {{KW}}) / {{S}} + 1;
        const int32_t _oy1 = _y / {{S}} < {{OH-1}} ? _y / {{S}} : {{OH-1}};
        const int32_t _ox1 = _x / {{S}} < {{OW-1}} ? _x / {{S}} : {{OW-1}};
        {% if depthwise %}
        const int32_t _m = _c;
        {% else %}
        for (int32_t _m = 0; _m < {{M}}; _m++)
        {% endif %}
        for (int32_t _oy = _oy0; _oy <= _oy1; _oy++)
        {
            const int32_t _row = (_m * {{OH}} + _oy) * {{OW}};
            const int32_t _weights = ((_m * {{C}} + _c) * {{KH}} + _y - _oy * {{S}}) * {{KW}} + _x;
            #pragma GCC ivdep
            for (int32_t _ox = _ox0; _ox <= _ox1; _ox++)
            {
                const int32_t _postsynaptic_idx = _row + _ox;
                const int32_t _weight_idx = _weights - _ox * {{S}};
                const size_t _idx = 0;
                const size_t _vectorisation_idx = 0;
                {{vector_code|autoindent}}
            }
        }
    }
{% endblock %}
