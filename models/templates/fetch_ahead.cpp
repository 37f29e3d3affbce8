{# Fetches a block of places before its turn in a loop over `_blocks`: large layers are not in the cache. #}
        if (_block + 8 < _num_blocks)
        {
            const int32_t _next = _blocks[_block + 8] * {{block * features}};
            {% for variable in variables.values() if variable.device is defined and variable.expr is undefined and variable.size == places * features %}
            __builtin_prefetch(&{{get_array_name(variable)}}[_next]);
            __builtin_prefetch(&{{get_array_name(variable)}}[_next + {{block * features - 1}}]);
            {% endfor %}
        }
