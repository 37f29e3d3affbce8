{# Runs statements for the neurons of the blocks of places that something has reached since they were run last. #}
{# USES_VARIABLES { N } #}
{% extends 'common_group.cpp' %}
{% block maincode %}
    {% set _touched = get_array_name(touched_variable) %}
    {% set _reached = get_array_name(reached_variable) %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    static int32_t _blocks[{{blocks + 1}}];
    int32_t _num_blocks = 0;
    for (int32_t _group = 0; _group < {{reached_variable.size}}; _group += 64)
    {
        int64_t _some[16];  // flags of 64 blocks, eight at a time; some are waiting to be checked
        std::memcpy(_some, &{{_reached}}[_group], 64);
        std::memcpy(_some + 8, &{{_touched}}[_group], 64);
        if (std::all_of(_some, _some + 16, [](int64_t _eight) { return _eight == 0; }))
            continue;
        for (int32_t _b = _group; _b < _group + 64 && _b < {{blocks}}; _b++)
        {
            _blocks[_num_blocks] = _b;
            _num_blocks += {{_reached}}[_b] || {{_touched}}[_b];
            {{_reached}}[_b] = false;
        }
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
