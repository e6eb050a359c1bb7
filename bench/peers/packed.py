#!/usr/bin/env python3
"""SAFSD-GLNet in PyTorch, packed and vectorised by hand: the fair peer.

Utterances lie one after another; every linear layer works on the N real rows. Only attention and graph matrices, which
are small, are padded, to [B, heads, L, L] and [B, M, L, L], so that each is one batched product. Gates of the graph are
separable: nothing of size edges x G exists. Keys and values of an encoder are one product.

With --masks bytes the dropout masks do not come from torch.dropout but from random bytes, which is several times as fast.
"""
import math

import torch
import torch.nn.functional as F

import common
from common import DROPOUT, GCN_LAYERS, GCN_MASK, HEADS, INPUT_NAME, MODALITIES, sources_of


def bernoulli(like, drop):
    """Random 0 and 1 as PyTorch draws them: one after another, on one thread."""
    return torch.empty_like(like).bernoulli_(1 - drop)


def from_bytes(like, drop):
    """Random 0 and 1 for a drop that is a 256th: a random byte decides, eight of them from one draw."""
    words = torch.empty((like.numel() + 7) // 8, dtype=torch.int64).random_(-2 ** 63, None)
    return (words.view(torch.uint8)[:like.numel()] >= round(drop * 256)).view(like.shape).to(like.dtype)


class Scatter(torch.autograd.Function):
    """Rows of x to the given places of `total` zero rows. The gradient is gathered from there."""

    @staticmethod
    def forward(context, x, places, total):
        context.places = places
        return x.new_zeros(total, x.shape[1]).index_copy_(0, places, x)

    @staticmethod
    def backward(context, gradient):
        return gradient.index_select(0, context.places), None, None


class Gather(torch.autograd.Function):
    """The rows of x at the given places, each of which is named once. The gradient is scattered to there."""

    @staticmethod
    def forward(context, x, places):
        context.places, context.total = places, len(x)
        return x.index_select(0, places)

    @staticmethod
    def backward(context, gradient):
        return gradient.new_zeros(context.total, gradient.shape[1]).index_copy_(0, context.places, gradient), None


class Packed:
    draw = staticmethod(bernoulli)

    def __init__(self, shape, H, batch):
        lengths = batch[0]
        self.shape, self.H = shape, H
        self.parameters = self._joined(common.make_parameters(shape, H))
        longest = max(lengths)
        self.lengths = torch.tensor(lengths)
        place = torch.arange(longest)
        self.real = place[None, :] < self.lengths[:, None]                   # [B, L]
        rows = self.real.reshape(-1).nonzero()[:, 0]                         # places in [B * L] of the N rows
        self.rows = rows
        dialogue, position = rows // longest, rows % longest
        self.nodes = torch.cat([(dialogue * 3 + m) * longest + position for m in range(3)])   # of M * N in [B * M * L]
        self.places = common.position_encoding(longest, H).repeat(len(lengths), 1)[rows]
        self.attention_bias = torch.where(self.real, 0.0, -1e30)[:, None, None, :]
        intra = self.real[:, :, None] & self.real[:, None, :] & ~torch.eye(longest, dtype=torch.bool)
        self.intra = intra.float()[:, None]                                  # [B, 1, L, L]
        self.cross = (1 - torch.eye(3))[None]
        degree = (self.lengths - 1 + 2).float().repeat_interleave(self.lengths)
        self.inverse_degree = (1 / degree)[None, :, None]                    # [1, N, 1]
        self.class_weights = torch.ones(shape["classes"])
        self.alpha = common.alpha_of(shape["classes"])
        self.similarity = torch.eye(shape["classes"])

    @staticmethod
    def _joined(parameters):
        """Keys and values as one parameter [2H, H]: one product instead of two."""
        joined = {}
        for name, value in parameters.items():
            if ".linear_k." in name:
                other = parameters[name.replace("linear_k", "linear_v")]
                joined[name.replace("linear_k", "linear_kv")] = torch.cat([value, other]).detach().requires_grad_()
            elif ".linear_v." not in name:
                joined[name] = value
        return joined

    def dropout(self, x, training):
        if not training:
            return x
        if self.draw is bernoulli:
            return F.dropout(x, DROPOUT)
        return x * self.draw(x, DROPOUT).mul_(1 / (1 - DROPOUT))

    def linear(self, x, name):
        return F.linear(x, self.parameters[name + ".weight"], self.parameters[name + ".bias"])

    def heads(self, x):
        """[N, H] -> [B, heads, L, d]"""
        B, L = self.real.shape
        return Scatter.apply(x, self.rows, B * L).view(B, L, HEADS, -1).transpose(1, 2)

    def attention(self, q, k, v, training):
        scores = torch.matmul(self.heads(q) / math.sqrt(self.H / HEADS), self.heads(k).transpose(2, 3))
        weights = self.dropout(torch.softmax(scores + self.attention_bias, -1), training)
        context = torch.matmul(weights, self.heads(v)).transpose(1, 2).reshape(-1, self.H)
        return Gather.apply(context, self.rows)

    def encoder(self, name, x, source, training):
        p = name + ".transformer_inter.0."
        q = self.linear(x, p + "self_attn.linear_q")
        k, v = self.linear(source, p + "self_attn.linear_kv").split(self.H, 1)
        context = self.linear(self.attention(q, k, v, training), p + "self_attn.linear")
        residual = self.dropout(context, training) + x
        norm = p + "feed_forward.layer_norm"
        h = F.layer_norm(residual, (self.H,), self.parameters[norm + ".weight"], self.parameters[norm + ".bias"], 1e-6)
        h = F.gelu(self.linear(h, p + "feed_forward.w_1"), approximate="tanh")
        h = self.linear(self.dropout(h, training), p + "feed_forward.w_2")
        return self.dropout(h, training) + residual

    def gate(self, name, x):
        return x * torch.sigmoid(self.linear(x, name + "_gate.gate.0") if self.shape["gate"] == "learned" else x)

    def fused(self, features, speakers, training):
        base = self.places + F.embedding(speakers, self.parameters["speaker_embeddings.weight"])
        U = {m: F.linear(features[m], self.parameters[INPUT_NAME[m] + ".weight"][:, :, 0]) + base for m in MODALITIES}
        result = {}
        for n in MODALITIES:
            outputs = []
            for m in sources_of(n):
                x = self.dropout(U[n], training)
                source = x if m == n else self.dropout(U[m], training)
                outputs.append(self.gate(f"{m}_{n}", self.encoder(f"{m}_{n}", x, source, training)))
            result[n] = self.linear(torch.cat(outputs, -1), f"features_reduce_{n}")
        return result

    def graph_layer(self, x, k, training):
        """x [M, N, G]"""
        if training:
            h = x * self.draw(x, GCN_MASK)
        else:
            h = x * (1 - GCN_MASK)
        B, L = self.real.shape
        M, N, G = h.shape
        weight = self.parameters[f"graph_model.conv{k}.gate.weight"][0].view(2, G)
        bias = F.pad(self.parameters[f"graph_model.conv{k}.gate.bias"], (1, 0))
        gates = F.linear(h.view(M * N, G), weight, bias)                      # u and s of every node
        padded = Scatter.apply(h.view(M * N, G), self.nodes, B * M * L).view(B, M, L, G)
        u, s = Scatter.apply(gates, self.nodes, B * M * L).view(B, M, L, 2).unbind(-1)
        edges = torch.tanh(u[..., :, None] + s[..., None, :]) * self.intra     # [B, M, L, L]
        message = Gather.apply(torch.matmul(edges, padded).view(B * M * L, G), self.nodes).view(M, N, G)
        u, s = gates.view(M, N, 2).unbind(-1)
        across = torch.tanh(u.t()[:, :, None] + s.t()[:, None, :]) * self.cross   # [N, M, M]
        message = message + torch.matmul(across, h.transpose(0, 1)).transpose(0, 1)
        return x + message * self.inverse_degree

    def forward(self, batch, training):
        _, features, speakers, labels = batch
        fused = self.fused(features, speakers, training)
        students = [self.linear(self.dropout(torch.relu(fused[m]), training), f"{m}_output_layer.2")
                    for m in MODALITIES]
        node = dict(fused)
        node["t"] = node["t"] + F.embedding(speakers, self.parameters["graph_model.speaker_embeddings.weight"])
        first = self.linear(torch.stack([node[m] for m in MODALITIES]), "graph_model.fc1")
        x = first
        for k in range(1, GCN_LAYERS + 1):
            x = self.graph_layer(x, k, training)
        head = torch.stack([first, x], 1).permute(2, 0, 1, 3).reshape(len(labels), -1)    # [N, M * 2G]
        logits = self.linear(torch.relu(self.dropout(head, training)), "smax_fc")
        return self.losses(logits, students, labels)

    def losses(self, logits, students, labels):
        ce = F.cross_entropy(logits, labels, self.class_weights)
        log_tau = F.log_softmax(logits, -1)
        tau, weight = log_tau.exp(), self.alpha * self.similarity[labels]
        saf = kl = 0.0
        for z in students:
            log_p = F.log_softmax(z, -1)
            saf = saf + (weight * (1 - log_p.exp()) ** 2 * -log_p).mean()
            kl = kl + (tau * (log_tau - log_p)).sum() / len(labels)
        return ce + saf + self.shape["lambda_kl"] * kl

    def loss(self, batch):
        return self.forward(batch, True)

    def evaluate(self, batch):
        return self.forward(batch, False)


class PackedBytes(Packed):
    """The same with dropout masks made by hand."""
    draw = staticmethod(from_bytes)


if __name__ == "__main__":
    common.main("pytorch-packed", __doc__, {"bernoulli": Packed, "bytes": PackedBytes})
