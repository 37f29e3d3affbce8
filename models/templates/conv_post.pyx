{# Runs a statement for every source in the window of the target neuron of an event. #}
{% extends 'conv.pyx' %}
{% block declarations %}
    cdef int32_t _target, _c, _m, _place, _y, _x, _i, _i0, _i1, _j, _j0, _j1, _source, _weight
{% endblock %}
{% block event %}
        _postsynaptic_idx = _events[_event]
        _target = _postsynaptic_idx - {{target_start}}
        if _target < 0 or _target >= {{M*OH*OW}}:
            continue
        _m, _place = {{'_target %% %d, _target // %d' % (M, M) if target_last else '_target // %d, _target %% %d' % (OH*OW, OH*OW)}}
        _y = _place // {{OW}} * {{S}} - {{PY}}
        _x = _place % {{OW}} * {{S}} - {{PX}}
        _i0, _i1 = max(({{D - 1}} - _y) // {{D}}, 0), min(({{H + D - 1}} - _y) // {{D}}, {{KH}})
        _j0, _j1 = max(({{D - 1}} - _x) // {{D}}, 0), min(({{W + D - 1}} - _x) // {{D}}, {{KW}})
        for _c in range({{'_m, _m + 1' if depthwise else C}}):
            for _i in range(_i0, _i1):
                {% set channel = '0' if depthwise else '_c' %}
                {% if source_last %}
                _source = ((_y + _i * {{D}}) * {{W}} + _x) * {{C}} + _c + {{source_start}}
                {% else %}
                _source = (_c * {{H}} + _y + _i * {{D}}) * {{W}} + _x + {{source_start}}
                {% endif %}
                {% if target_last %}
                _weight = (({{channel}} * {{KH}} + _i) * {{KW}} + {{KW-1}}) * {{M}} + _m
                {% else %}
                _weight = ((_m * {{KC}} + {{channel}}) * {{KH}} + _i) * {{KW}}
                {% endif %}
                for _j in range(_j0, _j1):
                    _presynaptic_idx = _source + _j * {{(C if source_last else 1) * D}}
                    _weight_idx = _weight + _j * {{ -M if target_last else 1 }}
                    _idx = 0
                    _vectorisation_idx = 0
                    {{vector_code|autoindent}}
{% endblock %}
