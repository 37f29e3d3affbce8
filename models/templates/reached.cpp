{# Runs statements for the neurons of the blocks of places that something has reached since they were run last. #}
{# USES_VARIABLES { N } #}
{% extends 'common_group.cpp' %}
{% block maincode %}
    {% set _touched = get_array_name(touched_variable) %}
    {% set _reached = get_array_name(reached_variable) %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    static int32_t _blocks[{{64 * reached_variable.size}}];
    int32_t _num_blocks = 0;
    for (int32_t _word = 0; _word < {{reached_variable.size}}; _word++)
    {
        uint64_t _flags = {{_reached}}[_word] | {{_touched}}[_word];  // some are waiting to be checked
        {{_reached}}[_word] = 0;
        for (; _flags; _flags &= _flags - 1)
            _blocks[_num_blocks++] = 64 * _word + __builtin_ctzll(_flags);
    }
    for (int32_t _block = 0; _block < _num_blocks; _block++)
    {
        {% include 'fetch_ahead.cpp' %}
        const int32_t _first = _blocks[_block] * {{block * features}};
        const int32_t _end = std::min(_first + {{block * features}}, {{places * features}});
        for (int32_t _idx = _first; _idx < _end; _idx++)
        {
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
    }
{% endblock %}
