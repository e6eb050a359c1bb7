#include "model/layers/gate.h"

#include "runtime/launch.h"

st_status nn_gate_forward(rt_context *rt, nn_matrix y, rt_view x, rt_view z, nn_gate_kind kind)
{
    return RT_LAUNCH(rt, "gate_forward", rt_rows(rt, y.rows), RT_VIEW(y.view), RT_VIEW(x), RT_VIEW(z),
                     RT_UINT(y.columns), RT_UINT(y.ld), RT_UINT(kind),
                     RT_MOVES((kind == NN_GATE_LEARNED ? 3 : 2) * y.rows * y.columns));
}

st_status nn_gate_backward(rt_context *rt, rt_view dx, rt_view dz, nn_matrix dy, rt_view x, rt_view z,
                           nn_gate_kind kind, float beta)
{
    const size_t tensors = (kind == NN_GATE_LEARNED    ? 5u
                            : kind == NN_GATE_IDENTITY ? 3u
                                                       : 2u) +
                           (beta != 0.0f ? 1u : 0u);
    return RT_LAUNCH(rt, "gate_backward", rt_rows(rt, dy.rows), RT_VIEW(dx), RT_VIEW(dz), RT_VIEW(dy.view), RT_VIEW(x),
                     RT_VIEW(z), RT_UINT(dy.columns), RT_UINT(dy.ld), RT_UINT(kind), RT_FLOAT(beta),
                     RT_MOVES(tensors * dy.rows * dy.columns));
}
