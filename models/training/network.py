"""The practice model's network: FastConformer encoder, LSTM prediction network, TDT joint network.

The shape is that of Parakeet-TDT 110M, made small; written from the published papers and configuration, with no code
of theirs: FastConformer (Rekesh et al. 2023, arXiv:2305.05084), Conformer (Gulati et al. 2020, arXiv:2005.08100),
relative positions (Dai et al. 2019, arXiv:1901.02860), token-and-duration transducer (Xu et al. 2023,
arXiv:2304.06795).

In the shapes below B is the batch, T feature frames (10 ms), S encoder frames (80 ms), U tokens, M mel bins, D the
width of the encoder, H the width of the prediction network, V the tokens without blank. The blank is token V.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

Length = TypeVar("Length", int, Tensor)
DURATIONS = 5  # a step may skip 0 to 4 encoder frames


@dataclass(frozen=True)
class Shape:
    """Sizes of the network; the defaults are the practice model's (1.24 million parameters)."""

    mel_bins: int = 80
    width: int = 96
    layers: int = 6
    heads: int = 4
    kernel: int = 9
    feed_forward: int = 2
    subsampling_channels: int = 48
    tokens: int = 384
    prediction_width: int = 128
    joint_width: int = 128
    positions: int = 500
    dropout: float = 0.0


def halved(length: Length) -> Length:
    """Tell the length after one convolution of stride 2, kernel 3, padding 1."""
    return (length - 1) // 2 + 1


class Subsampling(nn.Module):
    """Three strided convolutions, the last two depthwise separable: 10 ms frames to 80 ms frames."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        channels = shape.subsampling_channels
        layers: list[nn.Module] = [nn.Conv2d(1, channels, 3, 2, 1), nn.ReLU()]
        for _ in range(2):
            layers += [
                nn.Conv2d(channels, channels, 3, 2, 1, groups=channels),
                nn.Conv2d(channels, channels, 1),
                nn.ReLU(),
            ]
        self.convolutions = nn.Sequential(*layers)
        self.project = nn.Linear(channels * halved(halved(halved(shape.mel_bins))), shape.width)

    @torch.no_grad()
    def calibrate(self, features: Tensor) -> None:
        """Start so that real features (B, T, M) give zero mean and unit variance after the encoder's scaling.

        PyTorch's own start drowns the signal: outputs of different inputs then differ by 3 % of their size, which cost
        thousands of steps.
        """
        for layer in self.convolutions:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="linear" if layer.groups > 1 else "relu")
                layer.bias.zero_()
        nn.init.normal_(self.project.weight, std=self.project.in_features**-0.5)
        self.project.bias.zero_()
        outputs = self(features).flatten(0, 1)
        spread = outputs.std(0) * math.sqrt(self.project.out_features)
        self.project.weight.div_(spread[:, None])
        self.project.bias.copy_(-outputs.mean(0) / spread)

    def forward(self, features: Tensor) -> Tensor:
        """Turn (B, T, M) into (B, S, D)."""
        planes = features.unsqueeze(1).to(memory_format=torch.channels_last)  # 1.3 times the speed on this layout
        planes = self.convolutions(planes)
        batch, channels, frames, bins = planes.shape
        return self.project(planes.transpose(1, 2).reshape(batch, frames, channels * bins))


class RelativeAttention(nn.Module):
    """Multi-head self-attention with relative positions (Transformer-XL, section 3.3)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads, self.head_width = shape.heads, shape.width // shape.heads
        self.query, self.key, self.value, self.output = (nn.Linear(shape.width, shape.width) for _ in range(4))
        self.position = nn.Linear(shape.width, shape.width, bias=False)
        self.content_bias = nn.Parameter(torch.zeros(self.heads, self.head_width))
        self.position_bias = nn.Parameter(torch.zeros(self.heads, self.head_width))

    def forward(self, inputs: Tensor, positions: Tensor, hidden: Tensor) -> Tensor:
        """Attend over inputs (B, S, D).

        positions (1, 2 S - 1, D); hidden (B, 1, S, S), true where not to look; result (B, S, D).
        """
        batch, frames, width = inputs.shape
        query = self.query(inputs).view(batch, frames, self.heads, self.head_width)
        key = self._split(self.key(inputs))
        value = self._split(self.value(inputs))
        position = self._split(self.position(positions))
        by_content = (query + self.content_bias).transpose(1, 2) @ key.transpose(-2, -1)
        by_position = (query + self.position_bias).transpose(1, 2) @ position.transpose(-2, -1)
        scores = (by_content + _shifted(by_position)[..., :frames]) / math.sqrt(self.head_width)
        weights = torch.softmax(scores.masked_fill(hidden, -10000.0), -1)
        return self.output((weights @ value).transpose(1, 2).reshape(batch, frames, width))

    def _split(self, inputs: Tensor) -> Tensor:
        return inputs.view(inputs.shape[0], -1, self.heads, self.head_width).transpose(1, 2)


def _shifted(scores: Tensor) -> Tensor:
    """(B, heads, S, 2S-1) by distance -> the same by position: row i moves left by S-1-i."""
    batch, heads, frames, distances = scores.shape
    padded = functional.pad(scores, (1, 0)).view(batch, heads, distances + 1, frames)
    return padded[:, :, 1:].view(batch, heads, frames, distances)


class ConvolutionModule(nn.Module):
    """Gated pointwise, depthwise, batch norm, SiLU, pointwise; (B, S, D) -> (B, S, D)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate = nn.Conv1d(shape.width, 2 * shape.width, 1)
        self.depthwise = nn.Conv1d(
            shape.width, shape.width, shape.kernel, padding=shape.kernel // 2, groups=shape.width
        )
        self.norm = nn.BatchNorm1d(shape.width)
        self.mix = nn.Conv1d(shape.width, shape.width, 1)

    def forward(self, inputs: Tensor, padding: Tensor) -> Tensor:
        """Mix neighbouring frames; padding (B, S) is true behind the end of an utterance."""
        gated = functional.glu(self.gate(inputs.transpose(1, 2)), 1).masked_fill(padding.unsqueeze(1), 0.0)
        return self.mix(functional.silu(self.norm(self.depthwise(gated)))).transpose(1, 2)


class Block(nn.Module):
    """One Conformer block: half feed-forward, attention, convolution, half feed-forward, norm."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.feed_forward_1, self.feed_forward_2 = _feed_forward(shape), _feed_forward(shape)
        self.attention_norm, self.convolution_norm, self.output_norm = (nn.LayerNorm(shape.width) for _ in range(3))
        self.attention, self.convolution = RelativeAttention(shape), ConvolutionModule(shape)

    def forward(self, inputs: Tensor, positions: Tensor, hidden: Tensor, padding: Tensor) -> Tensor:
        """Turn (B, S, D) into (B, S, D); the other arguments are those of the parts."""
        outputs = inputs + 0.5 * self.feed_forward_1(inputs)
        outputs = outputs + self.attention(self.attention_norm(outputs), positions, hidden)
        outputs = outputs + self.convolution(self.convolution_norm(outputs), padding)
        outputs = outputs + 0.5 * self.feed_forward_2(outputs)
        return self.output_norm(outputs)


def _feed_forward(shape: Shape) -> nn.Sequential:
    inner = shape.feed_forward * shape.width
    return nn.Sequential(
        nn.LayerNorm(shape.width),
        nn.Linear(shape.width, inner),
        nn.SiLU(),
        nn.Dropout(shape.dropout),
        nn.Linear(inner, shape.width),
    )


class Encoder(nn.Module):
    """Features (B, M, T) and their lengths (B,) -> frames (B, D, S) and their lengths (B,)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.subsampling = Subsampling(shape)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.dropout = nn.Dropout(shape.dropout)
        self.register_buffer("position_table", position_table(shape), persistent=False)

    def forward(self, audio_signal: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Encode; the arguments are named as the exported file names them."""
        frames = self.dropout(self.subsampling(audio_signal.transpose(1, 2)) * math.sqrt(self.shape.width))
        lengths = halved(halved(halved(length)))
        count, middle = frames.shape[1], self.shape.positions
        positions = self.position_table[:, middle - count : middle + count - 1]
        padding = torch.arange(count, device=frames.device)[None] >= lengths[:, None]
        hidden = (padding[:, None, :] | padding[:, :, None])[:, None]
        for block in self.blocks:
            frames = block(frames, positions, hidden, padding)
        return frames.transpose(1, 2), lengths


def position_table(shape: Shape) -> Tensor:
    """Compute sines and cosines of the distances positions - 1 ... 1 - positions: (1, 2 positions - 1, D)."""
    distances = torch.arange(shape.positions - 1, -shape.positions, -1).float()[:, None]
    rates = torch.exp(torch.arange(0, shape.width, 2).float() * -(math.log(10000.0) / shape.width))
    table = torch.zeros(2 * shape.positions - 1, shape.width)
    table[:, 0::2], table[:, 1::2] = torch.sin(distances * rates), torch.cos(distances * rates)
    return table[None]


class Predictor(nn.Module):
    """Tokens so far (B, U) -> (B, H, U). The blank's embedding is zero and starts a text."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embedding = nn.Embedding(shape.tokens + 1, shape.prediction_width, padding_idx=shape.tokens)
        self.lstm = nn.LSTM(shape.prediction_width, shape.prediction_width, 1)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(
        self, targets: Tensor, target_length: Tensor, hidden: Tensor, cell: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Go on from the states (1, B, H). `target_length` passes through: the format asks for it."""
        embedded = self.dropout(self.embedding(targets)).transpose(0, 1)
        outputs, (hidden, cell) = self.lstm(embedded, (hidden, cell))
        return outputs.permute(1, 2, 0), target_length, hidden, cell


class Joint(nn.Module):
    """(B, D, S) and (B, H, U) -> logits (B, S, U, V + 1 + DURATIONS): tokens, blank, durations."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.encoder = nn.Linear(shape.width, shape.joint_width)
        self.predictor = nn.Linear(shape.prediction_width, shape.joint_width)
        self.output = nn.Sequential(
            nn.ReLU(), nn.Dropout(shape.dropout), nn.Linear(shape.joint_width, shape.tokens + 1 + DURATIONS)
        )

    def forward(self, encoder_outputs: Tensor, decoder_outputs: Tensor) -> Tensor:
        """Join every frame with every state of the prediction network."""
        heard = self.encoder(encoder_outputs.transpose(1, 2)).unsqueeze(2)
        written = self.predictor(decoder_outputs.transpose(1, 2)).unsqueeze(1)
        return self.output(heard + written)


class Transducer(nn.Module):
    """The three networks, and a phoneme head that helps training and is left out of the exported files."""

    PHONEMES_PER_FRAME = 3

    def __init__(self, shape: Shape, phonemes: int) -> None:
        super().__init__()
        self.shape = shape
        self.encoder, self.predictor, self.joint = Encoder(shape), Predictor(shape), Joint(shape)
        self.phoneme_head = nn.Linear(shape.width, self.PHONEMES_PER_FRAME * (phonemes + 1))

    @torch.no_grad()
    def start_silent(self) -> None:
        """Begin near "blank everywhere", or the first steps drive the encoder to a constant to get there."""
        last = self.joint.output[2]
        last.weight.mul_(0.3)
        last.bias.zero_()
        last.bias[self.shape.tokens] = 2.0
