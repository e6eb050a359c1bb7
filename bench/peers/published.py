#!/usr/bin/env python3
"""SAFSD-GLNet in PyTorch as the published code evidently computes it: padded batches, one message per edge.

Every dialogue is padded to the longest of the batch, in the encoders, the students and the losses. The graph is a list
of edges built in Python at every call; each layer gathers both ends of every edge, joins them to [edges, 2G], computes
the gate from that and adds the messages up by index. The mask of the graph's features is drawn at evaluation too.
"""
import itertools
import math

import torch
import torch.nn.functional as F

import common
from common import DROPOUT, GCN_LAYERS, GCN_MASK, HEADS, INPUT_NAME, MODALITIES, sources_of


class Published:
    def __init__(self, shape, H, batch):
        lengths, features, speakers, labels = batch
        self.shape, self.H, self.lengths = shape, H, lengths
        self.parameters = common.make_parameters(shape, H)
        self.features = {m: self._padded(x, lengths) for m, x in features.items()}
        self.mask = self._padded(torch.ones(len(labels), 1), lengths)[..., 0]           # [B, L]
        self.speakers = self._padded(speakers[:, None], lengths)[..., 0]
        self.speakers[self.mask == 0] = shape["speakers"]                               # the padding row
        self.labels = self._padded(labels[:, None], lengths)[..., 0]
        self.packed_speakers = speakers
        self.places = common.position_encoding(max(lengths), H)
        self.class_weights = torch.ones(shape["classes"])
        self.alpha = common.alpha_of(shape["classes"])
        self.similarity = torch.eye(shape["classes"])

    @staticmethod
    def _padded(x, lengths):
        return torch.nn.utils.rnn.pad_sequence(torch.split(x, lengths), batch_first=True)

    def linear(self, x, name):
        return F.linear(x, self.parameters[name + ".weight"], self.parameters[name + ".bias"])

    def attention(self, p, x, source, training):
        B, L, H = x.shape

        def heads(y):
            return y.view(B, L, HEADS, H // HEADS).transpose(1, 2)

        k = heads(self.linear(source, p + "linear_k"))
        v = heads(self.linear(source, p + "linear_v"))
        q = heads(self.linear(x, p + "linear_q")) / math.sqrt(H // HEADS)
        scores = torch.matmul(q, k.transpose(2, 3)).masked_fill(self.mask[:, None, None, :] == 0, -1e10)
        weights = F.dropout(torch.softmax(scores, -1), DROPOUT, training)
        return self.linear(torch.matmul(weights, v).transpose(1, 2).contiguous().view(B, L, H), p + "linear")

    def encoder(self, name, x, source, training):
        p = name + ".transformer_inter.0."
        residual = F.dropout(self.attention(p + "self_attn.", x, source, training), DROPOUT, training) + x
        norm = p + "feed_forward.layer_norm"
        h = F.layer_norm(residual, (self.H,), self.parameters[norm + ".weight"], self.parameters[norm + ".bias"], 1e-6)
        h = self.linear(h, p + "feed_forward.w_1")
        h = 0.5 * h * (1 + torch.tanh(math.sqrt(2 / math.pi) * (h + 0.044715 * torch.pow(h, 3))))
        h = self.linear(F.dropout(h, DROPOUT, training), p + "feed_forward.w_2")
        return F.dropout(h, DROPOUT, training) + residual

    def gate(self, name, x):
        return torch.sigmoid(self.linear(x, name + "_gate.gate.0") if self.shape["gate"] == "learned" else x) * x

    def fused(self, training):
        speaker = F.embedding(self.speakers, self.parameters["speaker_embeddings.weight"], self.shape["speakers"])
        U = {}
        for m in MODALITIES:
            x = F.conv1d(self.features[m].transpose(1, 2), self.parameters[INPUT_NAME[m] + ".weight"]).transpose(1, 2)
            U[m] = x + self.places[None, :x.shape[1]] + speaker
        result = {}
        for n in MODALITIES:
            outputs = []
            for m in sources_of(n):
                x = F.dropout(U[n], DROPOUT, training)
                source = x if m == n else F.dropout(U[m], DROPOUT, training)
                outputs.append(self.gate(f"{m}_{n}", self.encoder(f"{m}_{n}", x, source, training)))
            result[n] = self.linear(torch.cat(outputs, -1), f"features_reduce_{n}")
        return result

    def edges(self):
        """Edges (source, target) between the nodes of each modality's packed rows."""
        sources, targets, rows, start = [], [], sum(self.lengths), 0
        for length in self.lengths:
            for m in range(3):
                first = m * rows + start
                for i, j in itertools.permutations(range(first, first + length), 2):
                    sources.append(i)
                    targets.append(j)
            for r in range(start, start + length):
                for i, j in itertools.permutations((r, rows + r, 2 * rows + r), 2):
                    sources.append(i)
                    targets.append(j)
            start += length
        return torch.tensor(sources), torch.tensor(targets)

    def graph(self, x):
        """x [M * N, G]"""
        source, target = self.edges()
        degree = torch.zeros(len(x)).index_add_(0, target, torch.ones(len(target)))
        norm = (1 / degree)[target][:, None]
        for k in range(1, GCN_LAYERS + 1):
            h = x * torch.empty_like(x).bernoulli_(1 - GCN_MASK)
            h_i, h_j = h[target], h[source]
            gate = torch.tanh(self.linear(torch.cat([h_i, h_j], 1), f"graph_model.conv{k}.gate"))   # of [edges, 2G]
            x = x + torch.zeros_like(x).index_add(0, target, norm * h_j * gate)
        return x

    def packed(self, x):
        """[B, L, H] -> [N, H], dialogue by dialogue"""
        return torch.cat([x[b, :length] for b, length in enumerate(self.lengths)])

    def forward(self, training):
        fused = self.fused(training)
        students = [self.linear(F.dropout(torch.relu(fused[m]), DROPOUT, training), f"{m}_output_layer.2")
                    for m in MODALITIES]
        nodes = [self.packed(fused[m]) for m in MODALITIES]
        nodes[0] = nodes[0] + F.embedding(self.packed_speakers, self.parameters["graph_model.speaker_embeddings.weight"])
        first = self.linear(torch.cat(nodes), "graph_model.fc1")
        last = self.graph(first)
        rows = sum(self.lengths)
        both = torch.cat([first, last], -1)
        head = torch.cat([both[m * rows:(m + 1) * rows] for m in range(3)], -1)
        logits = self.linear(torch.relu(F.dropout(head, DROPOUT, training)), "smax_fc")
        return self.losses(logits, students)

    def losses(self, logits, students):
        """The teacher's rows are packed, the students' padded; SAF multiplies [rows, C] by [rows, 1, C]."""
        classes, labels, mask = self.shape["classes"], self.labels.reshape(-1), self.mask.reshape(-1, 1)
        kept = mask[:, 0] > 0
        ce = F.nll_loss(F.log_softmax(logits, -1), labels[kept], self.class_weights)
        log_tau = F.log_softmax(logits, -1)
        tau, similarity = log_tau.exp(), self.similarity[labels][:, None, :]
        saf = kl = 0.0
        for z in students:
            log_p = F.log_softmax(z.reshape(-1, classes), -1)
            focal = self.alpha * (1 - log_p.exp()) ** 2 * -log_p * mask
            saf = saf + (focal * similarity).mean()
            kl = kl + (tau * (log_tau - log_p[kept])).sum() / mask.sum()
        return ce + saf + self.shape["lambda_kl"] * kl

    def loss(self, batch):
        return self.forward(True)

    def evaluate(self, batch):
        return self.forward(False)


if __name__ == "__main__":
    common.main("pytorch-published", __doc__, {"bernoulli": Published})
