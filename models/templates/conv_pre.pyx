{# Runs a statement for every target in whose window the source neuron of an event lies. #}
{% extends 'conv.pyx' %}
{% block declarations %}
    cdef int32_t feature_pre, _source, _c, _m, _place, _y, _x, _oy, _oy0, _oy1, _ox, _ox0, _ox1
{% endblock %}

{# With dilation, windows do not count in which the source lies between the kernel's rows or columns. #}
{% macro _off() %}{% if D > 1 %}if (_y - _oy * {{S}}) % {{D}} != 0 or (_x - _ox * {{S}}) % {{D}} != 0: continue{% endif %}{% endmacro %}

{% block event %}
        _presynaptic_idx = _events[_event]
        _source = _presynaptic_idx - {{source_start}}
        if _source < 0 or _source >= {{C*H*W}}:
            continue
        _c, _place = {{'_source %% %d, _source // %d' % (C, C) if source_last else '_source // %d, _source %% %d' % (H*W, H*W)}}
        feature_pre = _c
        _y = _place // {{W}} + {{PY}}
        _x = _place % {{W}} + {{PX}}
        # First and last target whose window holds row _y and column _x of the padded source.
        {% set KEY, KEX = (KH - 1) * D + 1, (KW - 1) * D + 1 %}
        _oy0 = 0 if _y < {{KEY}} else (_y - {{KEY}}) // {{S}} + 1
        _ox0 = 0 if _x < {{KEX}} else (_x - {{KEX}}) // {{S}} + 1
        _oy1 = min(_y // {{S}}, {{OH-1}})
        _ox1 = min(_x // {{S}}, {{OW-1}})
        {% set maps = '_c, _c + 1' if depthwise else M %}
        {% set channel = '0' if depthwise else '_c' %}
        {% if target_last %}
        for _oy in range(_oy0, _oy1 + 1):
            for _ox in range(_ox0, _ox1 + 1):
                {{ _off() }}
                for _m in range({{maps}}):
                    _postsynaptic_idx = (_oy * {{OW}} + _ox) * {{M}} + _m + {{target_start}}
                    _weight_idx = (({{channel}} * {{KH}} + (_y - _oy * {{S}}) // {{D}}) * {{KW}} + {{KW-1}} - (_x - _ox * {{S}}) // {{D}}) * {{M}} + _m
                    _idx = 0
                    _vectorisation_idx = 0
                    {{vector_code|autoindent}}
        {% else %}
        for _m in range({{maps}}):
            for _oy in range(_oy0, _oy1 + 1):
                for _ox in range(_ox0, _ox1 + 1):
                    {{ _off() }}
                    _postsynaptic_idx = (_m * {{OH}} + _oy) * {{OW}} + _ox + {{target_start}}
                    _weight_idx = ((_m * {{KC}} + {{channel}}) * {{KH}} + (_y - _oy * {{S}}) // {{D}}) * {{KW}} + (_x - _ox * {{S}}) // {{D}}
                    _idx = 0
                    _vectorisation_idx = 0
                    {{vector_code|autoindent}}
        {% endif %}
{% endblock %}
