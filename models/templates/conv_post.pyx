{# Runs a statement for every source in the window of the target neuron of an event. #}
{% extends 'conv.pyx' %}
{% block declarations %}
    cdef int32_t _target, _c, _m, _y, _x, _i, _i0, _i1, _j, _j0, _j1, _source, _weight
{% endblock %}
{% block event %}
        _postsynaptic_idx = _events[_event]
        _target = _postsynaptic_idx - {{target_start}}
        if _target < 0 or _target >= {{M*OH*OW}}:
            continue
        _m = _target // {{OH*OW}}
        _y = _target // {{OW}} % {{OH}} * {{S}} - {{PY}}
        _x = _target % {{OW}} * {{S}} - {{PX}}
        _i0, _i1 = max(-_y, 0), min({{H}} - _y, {{KH}})
        _j0, _j1 = max(-_x, 0), min({{W}} - _x, {{KW}})
        for _c in range({{'_m, _m + 1' if depthwise else C}}):
            for _i in range(_i0, _i1):
                _source = (_c * {{H}} + _y + _i) * {{W}} + _x + {{source_start}}
                _weight = ((_m * {{KC}} + {{'0' if depthwise else '_c'}}) * {{KH}} + _i) * {{KW}}
                for _j in range(_j0, _j1):
                    _presynaptic_idx = _source + _j
                    _weight_idx = _weight + _j
                    _idx = 0
                    _vectorisation_idx = 0
                    {{vector_code|autoindent}}
{% endblock %}
