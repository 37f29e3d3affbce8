{# Runs a statement for every target in whose window the source neuron of an event lies. #}
{% extends 'conv.pyx' %}
{% block declarations %}
    cdef int32_t _source, _c, _m, _y, _x, _oy, _oy0, _oy1, _ox0, _ox1, _k, _target, _weight
{% endblock %}
{% block event %}
        _presynaptic_idx = _events[_event]
        _source = _presynaptic_idx - {{source_start}}
        if _source < 0 or _source >= {{C*H*W}}:
            continue
        _c = _source // {{H*W}}
        _y = _source // {{W}} % {{H}} + {{PY}}
        _x = _source % {{W}} + {{PX}}
        # First and last target whose window holds row _y and column _x of the padded source.
        _oy0 = 0 if _y < {{KH}} else (_y - {{KH}}) // {{S}} + 1
        _ox0 = 0 if _x < {{KW}} else (_x - {{KW}}) // {{S}} + 1
        _oy1 = min(_y // {{S}}, {{OH-1}})
        _ox1 = min(_x // {{S}}, {{OW-1}})
        for _m in range({{'_c, _c + 1' if depthwise else M}}):
            for _oy in range(_oy0, _oy1 + 1):
                _target = (_m * {{OH}} + _oy) * {{OW}} + {{target_start}}
                _weight = ((_m * {{KC}} + {{'0' if depthwise else '_c'}}) * {{KH}} + _y - _oy * {{S}}) * {{KW}} + _x
                for _k in range(_ox0, _ox1 + 1):
                    _postsynaptic_idx = _target + _k
                    _weight_idx = _weight - _k * {{S}}
                    _idx = 0
                    _vectorisation_idx = 0
                    {{vector_code|autoindent}}
{% endblock %}
