/* Loops far longer per work-item than all other kernels, which are limited to RT_MOST_LOOPS (runtime/launch.h):
 *
 *     x = i, then `turns` times x = 1664525 x + 1013904223 modulo 2^32;  words[i] = x
 *
 * Some drivers silently end the loops of a work-item early. All other kernels would then be right for small sizes and
 * wrong for large ones. Launch: rt_scalars(n). Host: model/checks/operations_loop.c. */
__kernel void long_loop(__global uint *restrict words, const ulong words_at, const uint n, const uint turns)
{
    const size_t i = get_global_id(0);
    if (i >= n) return;
    uint x = (uint)i;
    for (uint turn = 0; turn < turns; ++turn) x = 1664525u * x + 1013904223u;
    words[words_at + i] = x;
}
