{# Runs a statement for every target in whose window the source neuron of an event lies. #}
{% extends 'conv.cpp' %}

{% macro _along_a_row(count) %}
            {% if independent %}
            #pragma GCC ivdep
            {% if count is number %}
            #pragma GCC unroll 1  // it would unroll a short loop before it could vectorise it
            {% endif %}
            {% endif %}
            for (int32_t _k = 0; _k < {{count}}; _k++)
            {
                const int32_t _postsynaptic_idx = _target + _k;
                const int32_t _weight_idx = _weight - _k * {{S}};
                const size_t _idx = 0;
                const size_t _vectorisation_idx = 0;
                {{vector_code|autoindent}}
            }
{% endmacro %}

{% block event %}
        const int32_t _presynaptic_idx = _events[_event];
        const int32_t _source = _presynaptic_idx - {{source_start}};
        {% if source_is_part %}
        if (_source < 0 || _source >= {{C*H*W}})
            continue;
        {% endif %}
        const int32_t _c = _source / {{H*W}};
        const int32_t _y = _source / {{W}} % {{H}} + {{PY}};
        const int32_t _x = _source % {{W}} + {{PX}};
        // First and last target whose window holds row _y and column _x of the padded source.
        const int32_t _oy0 = _y < {{KH}} ? 0 : (_y - {{KH}}) / {{S}} + 1;
        const int32_t _ox0 = _x < {{KW}} ? 0 : (_x - {{KW}}) / {{S}} + 1;
        const int32_t _oy1 = _y / {{S}} < {{OH-1}} ? _y / {{S}} : {{OH-1}};
        const int32_t _ox1 = _x / {{S}} < {{OW-1}} ? _x / {{S}} : {{OW-1}};
        const int32_t _columns = _ox1 - _ox0 + 1;
        {% if touched_variable is not none %}
        for (int32_t _oy = _oy0; _oy <= _oy1; _oy++)
            for (int32_t _b = (_oy * {{OW}} + _ox0) / {{block}}; _b <= (_oy * {{OW}} + _ox1) / {{block}}; _b++)
                {{get_array_name(touched_variable)}}[_b] = true;
        {% endif %}
        {% if depthwise %}
        const int32_t _m = _c;
        {% else %}
        for (int32_t _m = 0; _m < {{M}}; _m++)
        {% endif %}
        for (int32_t _oy = _oy0; _oy <= _oy1; _oy++)
        {
            const int32_t _target = (_m * {{OH}} + _oy) * {{OW}} + _ox0 + {{target_start}};
            const int32_t _weight = ((_m * {{KC}} + {{'0' if depthwise else '_c'}}) * {{KH}} + _y - _oy * {{S}}) * {{KW}} + _x - _ox0 * {{S}};
            {# A count that the compiler knows is a third of the time, and most windows are whole. #}
            if (_columns == {{whole}})
            {
                {{_along_a_row(whole)}}
            }
            else
            {
                {{_along_a_row('_columns')}}
            }
        }
{% endblock %}
