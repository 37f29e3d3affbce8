{# Runs statements for the neurons of the blocks of places that something has reached since they were run last. #}
{# USES_VARIABLES { N } #}
{% extends 'common_group.cpp' %}
{% block maincode %}
    {% set _touched = get_array_name(touched_variable) %}
    {% set _reached = get_array_name(reached_variable) %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    for (int32_t _b = 0; _b < {{reached_variable.size}}; _b++)
    {
        int64_t _eight = 1;
        if (_b + 8 <= {{reached_variable.size}})
        {
            int64_t _waiting;  // touched after the last check of thresholds
            std::memcpy(&_eight, &{{_reached}}[_b], 8);
            std::memcpy(&_waiting, &{{_touched}}[_b], 8);
            _eight |= _waiting;
        }
        if (!_eight)
            _b += 7;
        else if ({{_reached}}[_b] || {{_touched}}[_b])
        {
            {{_reached}}[_b] = false;
            const int32_t _first = _b * {{block}} * {{features}};
            const int32_t _end = std::min(_first + {{block * features}}, {{places * features}});
            for (int32_t _idx = _first; _idx < _end; _idx++)
            {
                const size_t _vectorisation_idx = _idx;
                {{vector_code|autoindent}}
            }
        }
    }
{% endblock %}
