#include "model/layers/add.h"

#include "runtime/launch.h"

st_status nn_add(rt_context *rt, rt_view z, rt_view x, rt_view y, size_t elements)
{
    return RT_LAUNCH(rt, "add", rt_items(rt, elements), RT_VIEW(z), RT_VIEW(x), RT_VIEW(y), RT_UINT(elements),
                     RT_MOVES(3 * elements));
}
