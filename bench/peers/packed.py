#!/usr/bin/env python3
"""SAFSD-GLNet in PyTorch, packed and vectorised by hand: the fair peer.

Utterances lie one after another; every linear layer works on the N real rows. Only attention and graph matrices, which
are small, are padded, to [B, heads, L, L] and [B, M, L, L], so that each is one batched product. Gates of the graph are
separable: nothing of size edges x G exists. Keys and values of an encoder are one product.
"""
import math

import torch
import torch.nn.functional as F

import common
from common import DROPOUT, GCN_LAYERS, GCN_MASK, HEADS, INPUT_NAME, MODALITIES, sources_of


class Packed:
    def __init__(self, shape, H, batch):
        lengths = batch[0]
        self.shape, self.H = shape, H
        self.parameters = self._joined(common.make_parameters(shape, H))
        longest = max(lengths)
        self.lengths = torch.tensor(lengths)
        start = torch.cumsum(self.lengths, 0) - self.lengths
        place = torch.arange(longest)
        self.real = place[None, :] < self.lengths[:, None]                   # [B, L]
        padded = (start[:, None] + place[None, :]).clamp(max=sum(lengths) - 1)
        self.to_padded = torch.where(self.real, padded, torch.zeros_like(padded)).reshape(-1)  # rows of [B * L]
        self.to_packed = self.real.reshape(-1).nonzero()[:, 0]               # places in [B * L] of the N rows
        self.places = common.position_encoding(longest, H).repeat(len(lengths), 1)[self.to_packed]
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

    def linear(self, x, name):
        return F.linear(x, self.parameters[name + ".weight"], self.parameters[name + ".bias"])

    def heads(self, x):
        """[N, H] -> [B, heads, L, d]"""
        B, L = self.real.shape
        return x.index_select(0, self.to_padded).view(B, L, HEADS, -1).transpose(1, 2)

    def attention(self, q, k, v, training):
        scores = torch.matmul(self.heads(q) / math.sqrt(self.H / HEADS), self.heads(k).transpose(2, 3))
        weights = F.dropout(torch.softmax(scores + self.attention_bias, -1), DROPOUT, training)
        context = torch.matmul(weights, self.heads(v)).transpose(1, 2).reshape(-1, self.H)
        return context.index_select(0, self.to_packed)

    def encoder(self, name, x, source, training):
        p = name + ".transformer_inter.0."
        q = self.linear(x, p + "self_attn.linear_q")
        k, v = self.linear(source, p + "self_attn.linear_kv").split(self.H, 1)
        context = self.linear(self.attention(q, k, v, training), p + "self_attn.linear")
        residual = F.dropout(context, DROPOUT, training) + x
        norm = p + "feed_forward.layer_norm"
        h = F.layer_norm(residual, (self.H,), self.parameters[norm + ".weight"], self.parameters[norm + ".bias"], 1e-6)
        h = F.gelu(self.linear(h, p + "feed_forward.w_1"), approximate="tanh")
        h = self.linear(F.dropout(h, DROPOUT, training), p + "feed_forward.w_2")
        return F.dropout(h, DROPOUT, training) + residual

    def gate(self, name, x):
        return x * torch.sigmoid(self.linear(x, name + "_gate.gate.0") if self.shape["gate"] == "learned" else x)

    def fused(self, features, speakers, training):
        base = self.places + F.embedding(speakers, self.parameters["speaker_embeddings.weight"])
        U = {m: F.linear(features[m], self.parameters[INPUT_NAME[m] + ".weight"][:, :, 0]) + base for m in MODALITIES}
        result = {}
        for n in MODALITIES:
            outputs = []
            for m in sources_of(n):
                x = F.dropout(U[n], DROPOUT, training)
                source = x if m == n else F.dropout(U[m], DROPOUT, training)
                outputs.append(self.gate(f"{m}_{n}", self.encoder(f"{m}_{n}", x, source, training)))
            result[n] = self.linear(torch.cat(outputs, -1), f"features_reduce_{n}")
        return result

    def graph_layer(self, x, k, training):
        """x [M, N, G]"""
        if training:
            h = x * torch.empty_like(x).bernoulli_(1 - GCN_MASK)
        else:
            h = x * (1 - GCN_MASK)
        weight = self.parameters[f"graph_model.conv{k}.gate.weight"][0].view(2, -1)
        parts = torch.matmul(h, weight.t())                                   # [M, N, 2]
        u, s = parts[..., 0], parts[..., 1] + self.parameters[f"graph_model.conv{k}.gate.bias"]
        B, L = self.real.shape
        padded = h.index_select(1, self.to_padded).view(3, B, L, -1).transpose(0, 1)   # [B, M, L, G]
        up = u.index_select(1, self.to_padded).view(3, B, L).transpose(0, 1)
        sp = s.index_select(1, self.to_padded).view(3, B, L).transpose(0, 1)
        edges = torch.tanh(up[..., :, None] + sp[..., None, :]) * self.intra   # [B, M, L, L]
        message = torch.matmul(edges, padded).transpose(0, 1).reshape(3, B * L, -1).index_select(1, self.to_packed)
        across = torch.tanh(u.t()[:, :, None] + s.t()[:, None, :]) * self.cross   # [N, M, M]
        message = message + torch.matmul(across, h.transpose(0, 1)).transpose(0, 1)
        return x + message * self.inverse_degree

    def forward(self, batch, training):
        _, features, speakers, labels = batch
        fused = self.fused(features, speakers, training)
        students = [self.linear(F.dropout(torch.relu(fused[m]), DROPOUT, training), f"{m}_output_layer.2")
                    for m in MODALITIES]
        node = dict(fused)
        node["t"] = node["t"] + F.embedding(speakers, self.parameters["graph_model.speaker_embeddings.weight"])
        first = self.linear(torch.stack([node[m] for m in MODALITIES]), "graph_model.fc1")
        x = first
        for k in range(1, GCN_LAYERS + 1):
            x = self.graph_layer(x, k, training)
        head = torch.stack([first, x], 1).permute(2, 0, 1, 3).reshape(len(labels), -1)    # [N, M * 2G]
        logits = self.linear(torch.relu(F.dropout(head, DROPOUT, training)), "smax_fc")
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


if __name__ == "__main__":
    common.main("pytorch-packed", __doc__.split("\n")[0], Packed)
