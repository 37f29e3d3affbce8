{# Runs a statement for every target in whose window the source neuron of an event lies. #}
{% extends 'conv.cpp' %}

{% macro _along(count, target_step, weight_step) %}
            {% if independent %}
            #pragma GCC ivdep
            {% if count is number and count < 16 %}
            #pragma GCC unroll 1  // it would unroll a short loop before it could vectorise it
            {% else %}
            #pragma GCC unroll 4  // fewer steps of counting: a third less time for loops of 180
            {% endif %}
            {% endif %}
            for (int32_t _k = 0; _k < {{count}}; _k++)
            {
                const int32_t _postsynaptic_idx = _target + _k * {{target_step}};
                const int32_t _weight_idx = _weight + _k * {{weight_step}};
                const size_t _idx = 0;
                const size_t _vectorisation_idx = 0;
                {{vector_code|autoindent}}
            }
{% endmacro %}

{# A count that the compiler knows is a third of the time, and most windows are whole. #}
{% macro _along_a_row(length, target_step, weight_step) %}
            if (_columns == {{whole}})
            {
                {{_along(whole * length, target_step, weight_step)}}
            }
            else
            {
                {{_along('_columns * ' ~ length, target_step, weight_step)}}
            }
{% endmacro %}

{# Only windows count in which the source lies on one of the kernel's rows and columns, which are D apart. #}
{% macro _dilated(channel) %}
        {% if not target_last %}
        for (int32_t _m = {{'_c' if depthwise else 0}}; _m < {{'_c + 1' if depthwise else M}}; _m++)
        {% endif %}
        for (int32_t _oy = _oy0; _oy <= _oy1; _oy++)
        {
            const int32_t _dy = _y - _oy * {{S}};
            if (_dy % {{D}} != 0)
                continue;
            for (int32_t _ox = _ox0; _ox <= _ox1; _ox++)
            {
                const int32_t _dx = _x - _ox * {{S}};
                if (_dx % {{D}} != 0)
                    continue;
                {% if target_last %}
                const int32_t _target = (_oy * {{OW}} + _ox) * {{M}} + {{target_start}}{{' + _c' if depthwise}};
                const int32_t _weight = (({{channel}} * {{KH}} + _dy / {{D}}) * {{KW}} + {{KW-1}} - _dx / {{D}}) * {{M}}{{' + _c' if depthwise}};
                {{_along(1 if depthwise else M, 1, 1)}}
                {% else %}
                const int32_t _target = (_m * {{OH}} + _oy) * {{OW}} + _ox + {{target_start}};
                const int32_t _weight = ((_m * {{KC}} + {{channel}}) * {{KH}} + _dy / {{D}}) * {{KW}} + _dx / {{D}};
                {{_along(1, 1, 1)}}
                {% endif %}
            }
        }
{% endmacro %}

{# Where the source lies, and the first and last target whose window holds its row _y and column _x, when padded. #}
{% macro _seen() %}
        {% if source_last %}
        const int32_t _c = _source % {{C}}, _place = _source / {{C}};
        {% else %}
        const int32_t _c = _source / {{H*W}}, _place = _source % {{H*W}};
        {% endif %}
        const int32_t _y = _place / {{W}} + {{PY}};
        const int32_t _x = _place % {{W}} + {{PX}};
        {% set KEY, KEX = (KH - 1) * D + 1, (KW - 1) * D + 1 %}
        const int32_t _oy0 = _y < {{KEY}} ? 0 : (_y - {{KEY}}) / {{S}} + 1;
        const int32_t _ox0 = _x < {{KEX}} ? 0 : (_x - {{KEX}}) / {{S}} + 1;
        const int32_t _oy1 = _y / {{S}} < {{OH-1}} ? _y / {{S}} : {{OH-1}};
        const int32_t _ox1 = _x / {{S}} < {{OW-1}} ? _x / {{S}} : {{OW-1}};
{% endmacro %}

{# Sets the flags of all blocks from the first place that is seen in one row to the last in another. #}
{% macro _reach(first, last) %}
        {% set touched = get_array_name(touched_variable) %}
        {
            const int32_t _from = ({{first}} * {{OW}} + _ox0) / {{block}}, _to = ({{last}} * {{OW}} + _ox1) / {{block}};
            {% if first == last and whole // block < 62 %}
            const uint64_t _flags = (uint64_t(2) << (_to - _from)) - 1;
            {{touched}}[_from / 64] |= _flags << _from % 64;
            if (_from / 64 != _to / 64)
                {{touched}}[_to / 64] |= _flags >> (64 - _from % 64);
            {% else %}
            for (int32_t _word = _from / 64; _word <= _to / 64; _word++)
                {{touched}}[_word] |= (_word == _from / 64 ? ~uint64_t(0) << _from % 64 : ~uint64_t(0))
                                    & (_word == _to / 64 ? ~uint64_t(0) >> (63 - _to % 64) : ~uint64_t(0));
            {% endif %}
        }
{% endmacro %}

{% block event %}
        {% set ahead = 4 %}
        const int32_t _presynaptic_idx = _events[_event];
        const int32_t _source = _presynaptic_idx - {{source_start}};
        {% if source_is_part %}
        if (_source < 0 || _source >= {{C*H*W}})
            continue;
        {% endif %}
        {% if target_last and KH * KW > 1 and not source_is_part and M * OH * OW > 32768 %}
        if (_event + {{ahead}} < _num_events)  // large layers are not in the cache nearest to the processor
        {
            const int32_t _source = _events[_event + {{ahead}}] - {{source_start}};
            {{_seen()}}
            for (int32_t _oy = _oy0; _oy <= _oy1; _oy++)
            {
                const int32_t _from = (_oy * {{OW}} + _ox0) * {{M}}, _to = (_oy * {{OW}} + _ox1 + 1) * {{M}} - 1;
                {% for variable in of_target %}
                __builtin_prefetch(&{{get_array_name(variable)}}[_from + {{target_start}}]);
                __builtin_prefetch(&{{get_array_name(variable)}}[_to + {{target_start}}]);
                {% endfor %}
            }
        }
        {% endif %}
        {{_seen()}}
        {% if 'feature_pre' in variables %}
        const int32_t feature_pre = _c;  // nearer than where it is stored
        {% endif %}
        const int32_t _columns = _ox1 - _ox0 + 1;
        if (_oy1 < _oy0 || _columns <= 0)
            continue;  // no window holds it
        {% if touched_variable is not none %}
        {% if 2 * whole > OW %}
        {{_reach('_oy0', '_oy1')}}  // most of what lies between has been reached
        {% else %}
        for (int32_t _oy = _oy0; _oy <= _oy1; _oy++)
            {{_reach('_oy', '_oy')}}
        {% endif %}
        {% endif %}
        {% set channel = '0' if depthwise else '_c' %}
        {% if D > 1 %}
        {{_dilated(channel)}}
        {% elif target_last %}
        for (int32_t _oy = _oy0; _oy <= _oy1; _oy++)
        {
            int32_t _target = (_oy * {{OW}} + _ox0) * {{M}} + {{target_start}};
            int32_t _weight = (({{channel}} * {{KH}} + _y - _oy * {{S}}) * {{KW}} + {{KW-1}} - _x + _ox0 * {{S}}) * {{M}};
            {% if depthwise %}
            _target += _c;
            _weight += _c;
            {{_along_a_row(1, M, S * M)}}
            {% elif S == 1 %}
            {{_along_a_row(M, 1, 1)}}
            {% else %}
            for (int32_t _o = 0; _o < _columns; _o++, _target += {{M}}, _weight += {{S*M}})
                {{_along(M, 1, 1)}}
            {% endif %}
        }
        {% else %}
        {% if depthwise %}
        const int32_t _m = _c;
        {% else %}
        for (int32_t _m = 0; _m < {{M}}; _m++)
        {% endif %}
        for (int32_t _oy = _oy0; _oy <= _oy1; _oy++)
        {
            const int32_t _target = (_m * {{OH}} + _oy) * {{OW}} + _ox0 + {{target_start}};
            const int32_t _weight = ((_m * {{KC}} + {{channel}}) * {{KH}} + _y - _oy * {{S}}) * {{KW}} + _x - _ox0 * {{S}};
            {{_along_a_row(1, 1, -S)}}
        }
        {% endif %}
{% endblock %}
