{# Checks a threshold place by place, with `feature` the number of the map: everywhere if all may have changed, else in
   the blocks of places that something has reached. #}
{# USES_VARIABLES { N, changed } #}
{% extends 'threshold.cpp' %}

{% macro _check() %}
                const size_t _idx = _first + _k * {{features}} + feature;
                const size_t _vectorisation_idx = _idx;
                {{vector_code|autoindent}}
{% endmacro %}

{% block maincode %}
    {% set _eventspace = get_array_name(eventspace_variable) %}
    {% set _touched = get_array_name(touched_variable) %}
    {% set _reached = get_array_name(reached_variable) %}
    const int _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    static int32_t _blocks[{{touched_variable.size + 1}}];
    int32_t _num_blocks = 0, _count = 0;
    const int32_t _all = {{changed}};
    for (int32_t _group = 0; _group < {{touched_variable.size}}; _group += 64)
    {
        int64_t _some[8];  // of the flags of 64 blocks, eight at a time
        std::memcpy(_some, &{{_touched}}[_group], 64);
        if (!_all && !(_some[0] | _some[1] | _some[2] | _some[3] | _some[4] | _some[5] | _some[6] | _some[7]))
            continue;
        for (int32_t _eight = 0; _eight < 8; _eight++)
        {
            if (!_all && !_some[_eight])
                continue;
            const int32_t _from = _group + 8 * _eight;
            char _now[8];
            int64_t _before;
            std::memcpy(_now, &_some[_eight], 8);
            std::memcpy(&_before, &{{_reached}}[_from], 8);
            _before |= _some[_eight];
            std::memcpy(&{{_reached}}[_from], &_before, 8);
            std::memset(&{{_touched}}[_from], 0, 8);
            for (int32_t _b = 0; _b < 8; _b++)  // without a branch: no pattern could be foretold
            {
                _blocks[_num_blocks] = _from + _b;
                _num_blocks += _all | _now[_b];
            }
        }
    }
    _num_blocks = std::min(_num_blocks, {{blocks}});  // there are more flags
    {{changed}} = false;
    for (int32_t _block = 0; _block < _num_blocks; _block++)
    {
        {% include 'fetch_ahead.cpp' %}
        const int32_t _place = _blocks[_block] * {{block}}, _left = {{places}} - _place;
        const int32_t _first = _place * {{features}};
        int32_t _any = _left < {{block}};
        if (!_any)  // loops without a branch, of known length: they are vectorised
            for (int32_t _k = 0; _k < {{block}}; _k++)
            {
                {% if features < 16 %}
                #pragma GCC unroll 1  // it would unroll a short loop before it could vectorise it
                {% endif %}
                for (int32_t feature = 0; feature < {{features}}; feature++)
                {
                    {{_check()}}
                    _any |= _cond;
                }
            }
        if (_any)
            for (int32_t _k = 0; _k < {{block}} && _k < _left; _k++)
            for (int32_t feature = 0; feature < {{features}}; feature++)
            {
                {{_check()}}
                {{_eventspace}}[_count] = _idx;
                _count += _cond;
            }
    }
    {{_eventspace}}[N] = _count;
{% endblock %}
