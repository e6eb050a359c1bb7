#include "model/layers/gcn.h"

#include "model/layers/segment_matmul.h"
#include "runtime/launch.h"

static size_t chunks_of(size_t nodes)
{
    return (nodes + NN_GCN_CHUNK - 1) / NN_GCN_CHUNK;
}

static nn_gcn_inside divide(rt_view scratch, size_t modalities, size_t rows, size_t pairs, size_t graph)
{
    const size_t nodes = modalities * rows, square = nn_square_elements(pairs, modalities);
    nn_gcn_inside parts = {.h = scratch};
    parts.a = rt_view_at(parts.h, nodes * graph);
    parts.dz = rt_view_at(parts.a, square);
    parts.du = rt_view_at(parts.dz, square);
    parts.ds = rt_view_at(parts.du, nodes);
    parts.partials = rt_view_at(parts.ds, nodes);
    parts.elements = parts.partials.at - scratch.at + chunks_of(nodes) * 2 * graph;
    return parts;
}

nn_gcn_inside nn_gcn_look(const nn_gcn *layer)
{
    return divide(layer->scratch, layer->modalities, layer->segments->rows, layer->segments->pairs, layer->graph);
}

size_t nn_gcn_scratch(size_t modalities, size_t rows, size_t pairs, size_t graph)
{
    return divide((rt_view){NULL, 0}, modalities, rows, pairs, graph).elements;
}

static nn_strided strided_of(rt_view x, const nn_gcn *layer)
{
    return (nn_strided){x, layer->graph, layer->segments->rows * layer->graph};
}

static nn_segment_matmul products_of(const nn_gcn *layer)
{
    return (nn_segment_matmul){layer->segments, layer->modalities, layer->graph};
}

/* Elements of all nodes, words of their mask and elements of the squares, to count what kernels move. */
static size_t nodes_of(const nn_gcn *layer)
{
    return layer->modalities * layer->segments->rows * layer->graph;
}

static size_t words_of(const nn_gcn *layer)
{
    return nn_dropout_mask_read(layer->keep, nodes_of(layer));
}

static size_t squares_of(const nn_gcn *layer)
{
    return nn_square_elements(layer->segments->pairs, layer->modalities);
}

/* Iterations of a work-item over the columns of its utterance's nodes, and over their edges. */
static size_t node_loops(const rt_context *rt, const nn_gcn *layer)
{
    return (layer->modalities + 1) * rt_row_loops(rt, layer->graph);
}

static size_t edge_loops(const rt_context *rt, const nn_gcn *layer)
{
    return layer->modalities * rt_row_loops(rt, layer->segments->longest);
}

/* Turns of one work-item if `across` groups divide all turns. */
static size_t share(size_t turns, size_t across)
{
    return (turns + across - 1) / across;
}

/* The arguments of all row kernels for the dialogue of a row, and for the mask. */
#define DIALOGUE_OF_ROW(segments) RT_VIEW((segments)->dialogue_of), RT_VIEW((segments)->starts)
#define MASKED(layer) RT_UINT((layer)->keep.bits.block != NULL), RT_FLOAT((layer)->keep.scale)

st_status nn_gcn_forward(rt_context *rt, rt_view x_next, const nn_gcn *layer, rt_view x)
{
    const nn_segments *segments = layer->segments;
    const nn_gcn_inside scratch = nn_gcn_look(layer);
    const nn_segment_matmul products = products_of(layer);
    const rt_grid grid = rt_rows(rt, segments->rows);
    ST_FORWARD(RT_LAUNCH(rt, "gcn_nodes_forward", grid, RT_VIEW(x_next), RT_VIEW(scratch.h), RT_VIEW(layer->u),
                         RT_VIEW(layer->s), RT_VIEW(x), RT_VIEW(layer->keep.bits), DIALOGUE_OF_ROW(segments),
                         RT_VIEW(layer->weight), RT_VIEW(layer->bias), RT_UINT(segments->rows), RT_UINT(layer->graph),
                         RT_UINT(layer->modalities), MASKED(layer), RT_LOCAL(rt_row_group(rt)),
                         RT_MOVES(3 * nodes_of(layer) + words_of(layer)), RT_LOOPS(node_loops(rt, layer))));
    ST_FORWARD(RT_LAUNCH(rt, "gcn_edges_forward", grid, RT_VIEW(scratch.a), RT_VIEW(layer->u), RT_VIEW(layer->s),
                         DIALOGUE_OF_ROW(segments), RT_VIEW(segments->pair_starts), RT_UINT(segments->rows),
                         RT_UINT(layer->modalities), RT_MOVES(squares_of(layer)), RT_LOOPS(edge_loops(rt, layer))));
    return nn_segment_matmul_nn(rt, strided_of(x_next, layer), &products, scratch.a, strided_of(scratch.h, layer),
                                1.0f);
}

/* Computes du and ds, the gradients of the two halves of every gate, and h and a in the scratch. */
static st_status gates_backward(rt_context *rt, const nn_gcn *layer, const nn_gcn_inside *scratch, rt_view dx_next)
{
    const nn_segments *segments = layer->segments;
    const nn_segment_matmul products = products_of(layer);
    const rt_grid grid = rt_rows(rt, segments->rows);
    ST_FORWARD(RT_LAUNCH(rt, "gcn_cross_backward", grid, RT_VIEW(scratch->h), RT_VIEW(scratch->du),
                         RT_VIEW(scratch->ds), RT_VIEW(layer->x), RT_VIEW(layer->keep.bits), RT_VIEW(layer->u),
                         RT_VIEW(layer->s), RT_VIEW(dx_next), DIALOGUE_OF_ROW(segments), RT_UINT(segments->rows),
                         RT_UINT(layer->graph), RT_UINT(layer->modalities), MASKED(layer), RT_LOCAL(rt_row_group(rt)),
                         RT_MOVES(3 * nodes_of(layer) + words_of(layer)), RT_LOOPS(node_loops(rt, layer))));
    ST_FORWARD(nn_segment_matmul_nt(rt, scratch->dz, &products, strided_of(dx_next, layer),
                                    strided_of(scratch->h, layer), 1.0f));
    ST_FORWARD(RT_LAUNCH(rt, "gcn_edges_backward", grid, RT_VIEW(scratch->a), RT_VIEW(scratch->dz),
                         RT_VIEW(scratch->du), RT_VIEW(layer->u), RT_VIEW(layer->s), DIALOGUE_OF_ROW(segments),
                         RT_VIEW(segments->pair_starts), RT_UINT(segments->rows), RT_UINT(layer->modalities),
                         RT_LOCAL(rt_row_group(rt)), RT_MOVES(3 * squares_of(layer)), RT_LOOPS(edge_loops(rt, layer))));
    const size_t turns = rt_row_loops(rt, segments->longest), across = rt_shares(turns, segments->longest);
    return RT_LAUNCH(rt, "gcn_sources_backward",
                     rt_groups(across, 1, segments->dialogues * layer->modalities, rt_row_group(rt)),
                     RT_VIEW(scratch->ds), RT_VIEW(scratch->dz), RT_VIEW(segments->starts),
                     RT_VIEW(segments->pair_starts), RT_UINT(segments->rows), RT_UINT(layer->modalities),
                     RT_MOVES(squares_of(layer)), RT_LOOPS(share(turns, across) * segments->longest));
}

/* Adds the partial sums to dweight, in several launches if the loops of a work-item would be too long. */
static st_status add_chunks(rt_context *rt, rt_view dweight, rt_view partials, size_t chunks, size_t columns,
                            float beta)
{
    for (size_t first = 0; first < chunks; first += RT_MOST_LOOPS) {
        const size_t count = chunks - first < RT_MOST_LOOPS ? chunks - first : RT_MOST_LOOPS;
        const float kept = first > 0 ? 1.0f : beta;
        ST_FORWARD(RT_LAUNCH(rt, "gcn_weight_backward", rt_items(rt, columns), RT_VIEW(dweight),
                             RT_VIEW(rt_view_at(partials, first * columns)), RT_UINT(count), RT_UINT(columns),
                             RT_FLOAT(kept), RT_MOVES((count + (kept != 0.0f ? 2 : 1)) * columns), RT_LOOPS(count)));
    }
    return ST_OK;
}

/* Adds the sums to dbias in the same way. */
static st_status add_nodes(rt_context *rt, rt_view dbias, rt_view ds, size_t nodes, float beta)
{
    const size_t local = rt_row_group(rt), most = RT_MOST_LOOPS * local * rt_vector_width(rt);
    for (size_t first = 0; first < nodes; first += most) {
        const size_t count = nodes - first < most ? nodes - first : most;
        ST_FORWARD(RT_LAUNCH(rt, "gcn_bias_backward", rt_rows(rt, 1), RT_VIEW(dbias), RT_VIEW(rt_view_at(ds, first)),
                             RT_UINT(count), RT_FLOAT(first > 0 ? 1.0f : beta), RT_LOCAL(local), RT_MOVES(count),
                             RT_LOOPS(rt_row_loops(rt, count))));
    }
    return ST_OK;
}

static st_status weights_backward(rt_context *rt, const nn_gcn_gradient *gradient, const nn_gcn *layer,
                                  const nn_gcn_inside *scratch)
{
    const size_t nodes = layer->modalities * layer->segments->rows, chunks = chunks_of(nodes),
                 columns = 2 * layer->graph;
    const size_t turns = rt_row_loops(rt, layer->graph), across = rt_shares(turns, NN_GCN_CHUNK);
    ST_FORWARD(RT_LAUNCH(rt, "gcn_weight_partials", rt_groups(across, chunks, 1, rt_row_group(rt)),
                         RT_VIEW(scratch->partials), RT_VIEW(scratch->h), RT_VIEW(scratch->du), RT_VIEW(scratch->ds),
                         RT_UINT(nodes), RT_UINT(layer->graph), RT_UINT(NN_GCN_CHUNK),
                         RT_MOVES(nodes_of(layer) + chunks * columns), RT_LOOPS(share(turns, across) * NN_GCN_CHUNK)));
    ST_FORWARD(add_chunks(rt, gradient->dweight, scratch->partials, chunks, columns, gradient->beta));
    return add_nodes(rt, gradient->dbias, scratch->ds, nodes, gradient->beta);
}

st_status nn_gcn_backward(rt_context *rt, const nn_gcn_gradient *gradient, const nn_gcn *layer, rt_view dx_next)
{
    const nn_segments *segments = layer->segments;
    const nn_gcn_inside scratch = nn_gcn_look(layer);
    const nn_segment_matmul products = products_of(layer);
    ST_FORWARD(gates_backward(rt, layer, &scratch, dx_next));
    ST_FORWARD(weights_backward(rt, gradient, layer, &scratch));
    ST_FORWARD(
        nn_segment_matmul_tn(rt, strided_of(scratch.h, layer), &products, scratch.a, strided_of(dx_next, layer), 0.0f));
    return RT_LAUNCH(rt, "gcn_nodes_backward", rt_rows(rt, segments->rows), RT_VIEW(gradient->dx), RT_VIEW(scratch.h),
                     RT_VIEW(scratch.du), RT_VIEW(scratch.ds), RT_VIEW(layer->keep.bits), RT_VIEW(layer->u),
                     RT_VIEW(layer->s), RT_VIEW(dx_next), DIALOGUE_OF_ROW(segments), RT_VIEW(layer->weight),
                     RT_UINT(segments->rows), RT_UINT(layer->graph), RT_UINT(layer->modalities), MASKED(layer),
                     RT_MOVES(3 * nodes_of(layer) + words_of(layer)), RT_LOOPS(node_loops(rt, layer)));
}
