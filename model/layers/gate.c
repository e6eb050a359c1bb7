#include "model/layers/gate.h"

#include "runtime/launch.h"

st_status nn_gate_forward(rt_context *rt, nn_matrix y, const nn_gate *layer, rt_view x, rt_view z)
{
    return RT_LAUNCH(rt, "gate_forward", rt_rows(rt, y.rows), RT_VIEW(y.view), RT_VIEW(x), RT_VIEW(z),
                     RT_UINT(y.columns), RT_UINT(y.ld), RT_UINT(layer->kind),
                     RT_MOVES((layer->kind == NN_GATE_LEARNED ? 3 : 2) * y.rows * y.columns),
                     RT_LOOPS(rt_row_loops(rt, y.columns)));
}

st_status nn_gate_backward(rt_context *rt, const nn_gate_gradient *gradient, const nn_gate *layer, nn_matrix dy)
{
    static const size_t tensors[] = {[NN_GATE_LEARNED] = 5, [NN_GATE_IDENTITY] = 3, [NN_GATE_OFF] = 2};
    const size_t moved = tensors[layer->kind] + (gradient->beta != 0.0f);
    return RT_LAUNCH(rt, "gate_backward", rt_rows(rt, dy.rows), RT_VIEW(gradient->dx), RT_VIEW(gradient->dz),
                     RT_VIEW(dy.view), RT_VIEW(layer->x), RT_VIEW(layer->z), RT_UINT(dy.columns), RT_UINT(dy.ld),
                     RT_UINT(layer->kind), RT_FLOAT(gradient->beta), RT_MOVES(moved * dy.rows * dy.columns),
                     RT_LOOPS(rt_row_loops(rt, dy.columns)));
}
