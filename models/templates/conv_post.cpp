{# Runs a statement for every source in the window of the target neuron of an event. #}
{% extends 'conv.cpp' %}
{% block event %}
        const int32_t _postsynaptic_idx = _events[_event];
        const int32_t _target = _postsynaptic_idx - {{target_start}};
        {% if target_is_part %}
        if (_target < 0 || _target >= {{M*OH*OW}})
            continue;
        {% endif %}
        {% if target_last %}
        const int32_t _m = _target % {{M}}, _place = _target / {{M}};
        {% else %}
        const int32_t _m = _target / {{OH*OW}}, _place = _target % {{OH*OW}};
        {% endif %}
        const int32_t _y = _place / {{OW}} * {{S}} - {{PY}};
        const int32_t _x = _place % {{OW}} * {{S}} - {{PX}};
        const int32_t _rows = ({{H + D - 1}} - _y) / {{D}}, _columns = ({{W + D - 1}} - _x) / {{D}};
        const int32_t _i0 = _y < 0 ? ({{D - 1}} - _y) / {{D}} : 0, _i1 = _rows < {{KH}} ? _rows : {{KH}};
        const int32_t _j0 = _x < 0 ? ({{D - 1}} - _x) / {{D}} : 0, _j1 = _columns < {{KW}} ? _columns : {{KW}};
        {% if depthwise %}
        const int32_t _c = _m;
        {% else %}
        for (int32_t _c = 0; _c < {{C}}; _c++)
        {% endif %}
        for (int32_t _i = _i0; _i < _i1; _i++)
        {
            {% if source_last %}
            const int32_t _source = ((_y + _i * {{D}}) * {{W}} + _x) * {{C}} + _c + {{source_start}};
            {% else %}
            const int32_t _source = (_c * {{H}} + _y + _i * {{D}}) * {{W}} + _x + {{source_start}};
            {% endif %}
            {% set channel = '0' if depthwise else '_c' %}
            {% if target_last %}
            const int32_t _weight = (({{channel}} * {{KH}} + _i) * {{KW}} + {{KW-1}}) * {{M}} + _m;
            {% else %}
            const int32_t _weight = ((_m * {{KC}} + {{channel}}) * {{KH}} + _i) * {{KW}};
            {% endif %}
            {% if independent %}
            #pragma GCC ivdep
            {% endif %}
            for (int32_t _j = _j0; _j < _j1; _j++)
            {
                const int32_t _presynaptic_idx = _source + _j * {{(C if source_last else 1) * D}};
                const int32_t _weight_idx = _weight + _j * {{ -M if target_last else 1 }};
                const size_t _idx = 0;
                const size_t _vectorisation_idx = 0;
                {{vector_code|autoindent}}
            }
        }
{% endblock %}
