{# Checks a threshold place by place, with `feature` the number of the map: everywhere if all may have changed, else in
   the blocks of places that something has reached. #}
{# USES_VARIABLES { N, changed } #}
{% extends 'threshold.cpp' %}

{# A loop without a branch, which is vectorised where its length is known; then those that have met the condition. #}
{% macro _check(start, end) %}
        {
            uint32_t _met = 0;
            for (int32_t _k = {{start}}; _k < {{end}}; _k++)
            {
                const int32_t feature = _k % {{features}};
                const size_t _idx = _first + _k;
                const size_t _vectorisation_idx = _idx;
                {{vector_code|join('\n')|replace('[feature]', '[_k]')|autoindent}}
                _met |= uint32_t(_cond) << (_k - {{start}});
            }
            for (; _met; _met &= _met - 1)
                {{get_array_name(eventspace_variable)}}[_count++] = _first + {{start}} + __builtin_ctz(_met);
        }
{% endmacro %}

{% block maincode %}
    {% set _eventspace = get_array_name(eventspace_variable) %}
    {% set _touched = get_array_name(touched_variable) %}
    {% set _reached = get_array_name(reached_variable) %}
    const int _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    static int32_t _blocks[{{64 * touched_variable.size}}];
    int32_t _num_blocks = 0, _count = 0;
    const uint64_t _all = {{changed}} ? ~uint64_t(0) : 0;
    for (int32_t _word = 0; _word < {{touched_variable.size}}; _word++)
    {
        {{_reached}}[_word] |= {{_touched}}[_word];
        uint64_t _flags = {{_touched}}[_word] | _all;
        {{_touched}}[_word] = 0;
        for (; _flags; _flags &= _flags - 1)
            _blocks[_num_blocks++] = 64 * _word + __builtin_ctzll(_flags);
    }
    _num_blocks = std::min(_num_blocks, {{blocks}});  // there are more flags
    {{changed}} = false;
    {% set neurons = block * features %}
    {% for name, index in variable_indices.items() if index == 'feature' and name in variables %}
    {% set array = get_array_name(variables[name]) %}
    std::remove_reference<decltype({{array}}[0])>::type _{{name}}_of_block[{{neurons}}];
    for (int32_t _k = 0; _k < {{neurons}}; _k++)
        _{{name}}_of_block[_k] = {{array}}[_k % {{features}}];
    {% endfor %}
    for (int32_t _block = 0; _block < _num_blocks; _block++)
    {
        {% include 'fetch_ahead.cpp' %}
        const int32_t _first = _blocks[_block] * {{neurons}}, _left = {{places * features}} - _first;
        {% for name, index in variable_indices.items() if index == 'feature' and name in variables %}
        const auto* const {{get_array_name(variables[name])}} = _{{name}}_of_block;
        {% endfor %}
        {% for start in range(0, neurons, 32) %}
        if (_left >= {{neurons}})
            {{_check(start, [start + 32, neurons]|min)}}
        else
            {{_check(start, 'std::min(%d, _left)' % [start + 32, neurons]|min)}}
        {% endfor %}
    }
    {{_eventspace}}[N] = _count;
{% endblock %}
