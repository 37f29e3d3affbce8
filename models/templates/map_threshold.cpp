{# Checks a threshold map by map, with `feature` the number of the map, if something has changed. #}
{# USES_VARIABLES { N, changed } #}
{% extends 'threshold.cpp' %}
{% block maincode %}
    {% set _eventspace = get_array_name(eventspace_variable) %}
    {% set block = 32 %}
    const int _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    int32_t _count = 0;
    if ({{changed}})
    for (int32_t feature = 0; feature < {{features}}; feature++)
    for (int32_t _first = feature * {{places}}; _first < (feature + 1) * {{places}}; _first += {{block}})
    {
        const int32_t _left = (feature + 1) * {{places}} - _first;
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
    {{changed}} = false;
{% endblock %}
