{# Checks a threshold map by map, with `feature` the number of the map: everywhere if all may have changed, else in the
   blocks of places that something has reached. #}
{# USES_VARIABLES { N, changed } #}
{% extends 'threshold.cpp' %}
{% block maincode %}
    {% set _eventspace = get_array_name(eventspace_variable) %}
    {% set _touched = get_array_name(touched_variable) %}
    const int _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    static int32_t _blocks[{{touched_variable.size}}];
    int32_t _num_blocks = 0, _count = 0;
    for (int32_t _b = 0; _b < {{touched_variable.size}}; _b++)
        if ({{changed}} || {{_touched}}[_b])
        {
            {{_touched}}[_b] = false;
            _blocks[_num_blocks++] = _b;
        }
    {{changed}} = false;
    if (_num_blocks > 0)
    for (int32_t feature = 0; feature < {{features}}; feature++)
    for (int32_t _block = 0; _block < _num_blocks; _block++)
    {
        const int32_t _place = _blocks[_block] * {{block}}, _left = {{places}} - _place;
        const int32_t _first = feature * {{places}} + _place;
        int64_t _any = _left < {{block}};
        if (!_any)  // a loop without a branch, of known length: it is vectorised
            for (int32_t _k = 0; _k < {{block}}; _k++)
            {
                const size_t _idx = _first + _k;
                const size_t _vectorisation_idx = _idx;
                {{vector_code|autoindent}}
                _any |= _cond;
            }
        if (_any)
            for (int32_t _k = 0; _k < {{block}} && _k < _left; _k++)
            {
                const size_t _idx = _first + _k;
                const size_t _vectorisation_idx = _idx;
                {{vector_code|autoindent}}
                if (_cond)
                    {{_eventspace}}[_count++] = _idx;
            }
    }
    {{_eventspace}}[N] = _count;
{% endblock %}
