#include "model/gate.h"

#include "runtime/launch.h"

st_status nn_gate_forward(rt_context *rt, nn_matrix y, rt_view x, rt_view z, nn_gate_kind kind)
{
    return RT_LAUNCH(rt, "gate_forward", rt_rows(rt, y.rows), RT_VIEW(y.view), RT_VIEW(x), RT_VIEW(z),
                     RT_UINT(y.columns), RT_UINT(y.ld), RT_UINT(kind));
}

st_status nn_gate_backward(rt_context *rt, rt_view dx, rt_view dz, nn_matrix dy, rt_view x, rt_view z,
                           nn_gate_kind kind, float beta)
{
    return RT_LAUNCH(rt, "gate_backward", rt_rows(rt, dy.rows), RT_VIEW(dx), RT_VIEW(dz), RT_VIEW(dy.view), RT_VIEW(x),
                     RT_VIEW(z), RT_UINT(dy.columns), RT_UINT(dy.ld), RT_UINT(kind), RT_FLOAT(beta));
}
